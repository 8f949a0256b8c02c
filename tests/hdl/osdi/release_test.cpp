// What a library of OSDI 0.4 has beyond one of 0.3.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hdl/osdi/library.hpp"
#include "hdl/osdi/version.hpp"
#include "support/networks.hpp"
#include "support/osdi_host.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm {
namespace {

using testing::OsdiDevice;
using testing::OsdiModel;

// Behind the descriptor of 0.3, as a simulator reads it.
struct Release4 {
  std::uint32_t (*given_in_model)(void* model, std::uint32_t id);
  std::uint32_t (*given_in_instance)(void* instance, std::uint32_t id);
  std::uint32_t resist_entry_count, react_entry_count;
  void (*write_jacobian_resist)(void* instance, void* model, double* to);
  void (*write_jacobian_react)(void* instance, void* model, double* to);
  std::uint32_t input_count;
  OsdiNodePair* inputs;
  void (*load_jacobian_resist_at)(void* instance, void* model, std::size_t offset);
  void (*load_jacobian_react_at)(void* instance, void* model, std::size_t offset);
  std::uint32_t (*unknown_natures)[2];
  std::uint32_t (*residual_natures)[2];
};

const Release4& behind(const OsdiDescriptor& descriptor) {
  return *reinterpret_cast<const Release4*>(reinterpret_cast<const char*>(&descriptor) +
                                            sizeof(OsdiDescriptor));
}

// Voltages of all nodes, each another one.
std::vector<double> voltages(const OsdiDevice& device) {
  std::vector<double> v;
  for (std::size_t n = 0; n < device.nodes(); ++n) v.push_back(0.3 - 0.07 * static_cast<double>(n));
  return v;
}

TEST(OsdiRelease, OfVersion4ItSaysItsSize) {
  const hdl::OsdiLibrary library(testing::one_state(), hdl::OsdiRelease::k04);
  EXPECT_EQ(hdl::osdi_version(library.file()).text(), "0.4");
  const OsdiModel model(library.file());
  EXPECT_EQ(model.number("OSDI_DESCRIPTOR_SIZE"), 360U);
  EXPECT_EQ(model.number("OSDI_DISCIPLINES_LEN"), 1U);
  const OsdiModel old(hdl::OsdiLibrary(testing::one_state()).file());
  EXPECT_THROW(old.number("OSDI_DESCRIPTOR_SIZE"), std::runtime_error);
}

TEST(OsdiRelease, WritesTheMatrixAsItLoadsIt) {
  for (const ir::Network& network :
       {testing::one_state(), testing::three_states(), testing::transistor()}) {
    const OsdiModel model(hdl::OsdiLibrary(network, hdl::OsdiRelease::k04).file());
    const OsdiDescriptor& d = model.descriptor();
    const Release4& more = behind(d);
    OsdiDevice device(model);
    device.set("area", 2);
    ASSERT_EQ(device.setup(), 0U) << network.name;
    ASSERT_EQ(device.evaluate(voltages(device), 2 | 8), 0U);
    std::vector<double> resist(more.resist_entry_count), react(more.react_entry_count);
    more.write_jacobian_resist(device.instance(), nullptr, resist.data());
    more.write_jacobian_react(device.instance(), nullptr, react.data());
    std::size_t next_resist = 0, next_react = 0;
    for (std::uint32_t e = 0; e < d.entry_count; ++e) {
      const OsdiJacobianEntry& entry = d.entries[e];
      if ((entry.flags & OSDI_ENTRY_RESIST) != 0) {
        ASSERT_LT(next_resist, resist.size());
        EXPECT_EQ(resist[next_resist++], device.resist(entry.nodes.row, entry.nodes.column));
      }
      if ((entry.flags & OSDI_ENTRY_REACT) != 0) {
        ASSERT_LT(next_react, react.size());
        EXPECT_EQ(react[next_react], device.react(entry.nodes.row, entry.nodes.column)) << e;
        EXPECT_NE(react[next_react++], 0) << network.name << " " << e;
      }
    }
    EXPECT_EQ(next_resist, resist.size());
    EXPECT_EQ(next_react, react.size()) << network.name;
  }
}

TEST(OsdiRelease, SaysWhatItReadsAndWhatWasGiven) {
  const OsdiModel model(hdl::OsdiLibrary(testing::one_state(), hdl::OsdiRelease::k04).file());
  const Release4& more = behind(model.descriptor());
  ASSERT_EQ(more.input_count, 3U);  // p against n, x and r
  EXPECT_EQ(more.inputs[0].row, 0U);
  EXPECT_EQ(more.inputs[0].column, 1U);
  EXPECT_EQ(more.inputs[1].row, 2U);
  EXPECT_EQ(more.inputs[1].column, OSDI_NONE);
  for (std::uint32_t n = 0; n < model.descriptor().node_count; ++n) {
    EXPECT_EQ(more.unknown_natures[n][0], 3U);   // the potential ...
    EXPECT_EQ(more.residual_natures[n][0], 2U);  // ... and the flow of the discipline
  }
  OsdiDevice device(model);
  device.set("area", 2);
  EXPECT_EQ(more.given_in_instance(device.instance(), 1), 1U);
  EXPECT_EQ(more.given_in_instance(device.instance(), 2), 0U);
}

}  // namespace
}  // namespace psi_xlstm
