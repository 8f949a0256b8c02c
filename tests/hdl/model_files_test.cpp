#include "hdl/model_files.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "hdl/osdi/version.hpp"
#include "hdl/subcircuit.hpp"
#include "hdl/verilog_a.hpp"
#include "psi_xlstm/core/version.hpp"
#include "support/networks.hpp"

namespace psi_xlstm::hdl {
namespace {

// Every text begins with its origin and a licence that asks for nothing; then comes the model.
TEST(ModelFiles, SayWhereTheyComeFromAndThatAnybodyMayUseThem) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "model_files";
  const ir::Network network = testing::static_curve();
  const ModelFiles written = write_model_files(network, folder, "0123abcd");
  EXPECT_TRUE(written.renamed.empty());
  const auto origin = [](const std::string& open, const std::string& close) {
    return fmt::format(
        "{0}made by psi-xlstm {2}, of data with the checksum 0123abcd{1}\n"
        "{0}free of any licence: use, change and pass on this file as you like; it comes without "
        "any warranty{1}\n",
        open, close, version());
  };
  EXPECT_EQ(read_file(folder / "static_curve.va"), origin("// ", "") + verilog_a(network));
  EXPECT_EQ(read_file(folder / "static_curve.sp"), origin("* ", "") + subcircuit(network));
  EXPECT_TRUE(read_file(folder / "static_curve.c").starts_with(origin("/* ", " */")));
}

// What nobody asked for is not touched; what cannot be compiled does not stay from before.
TEST(ModelFiles, AreCompiledForTheReleasesAskedFor) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "compiled_files";
  std::filesystem::create_directories(folder);
  const ir::Network network = testing::static_curve();
  write_file(folder / "static_curve_0.4.osdi", "of a user");
  EXPECT_EQ(write_model_files(network, folder).files.size(), 7U);
  EXPECT_EQ(osdi_version(folder / "static_curve.osdi").text(), "0.3");
  EXPECT_EQ(read_file(folder / "static_curve_0.4.osdi"), "of a user");
  const std::vector<OsdiRelease> both = {OsdiRelease::k03, OsdiRelease::k04};
  EXPECT_EQ(write_model_files(network, folder, "", both).files.size(), 8U);
  EXPECT_EQ(osdi_version(folder / "static_curve_0.4.osdi").text(), "0.4");
  ::setenv("CC", "/bin/false", 1);
  const ModelFiles uncompiled = write_model_files(network, folder, "", both);
  ::unsetenv("CC");
  EXPECT_EQ(uncompiled.files.size(), 6U);
  EXPECT_NE(uncompiled.left_out, "");
  EXPECT_FALSE(std::filesystem::exists(folder / "static_curve.osdi"));
  EXPECT_FALSE(std::filesystem::exists(folder / "static_curve_0.4.osdi"));
}

TEST(ModelFiles, AreCalledWhatSimulatorsTake) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "renamed_files";
  ir::Network network = testing::static_curve();
  network.name = "resistor";
  const ModelFiles written = write_model_files(network, folder);
  ASSERT_EQ(written.renamed.size(), 1U);
  EXPECT_EQ(written.renamed[0],
            "the model \"resistor\" is called resistor_device, for \"resistor\" is a device type "
            "of SPICE");
  const std::string text = read_file(folder / "resistor_device.sp");
  EXPECT_TRUE(text.find("of data with the checksum (not recorded)") != text.npos);
  EXPECT_TRUE(text.ends_with(".ends resistor_device\n"));
}

}  // namespace
}  // namespace psi_xlstm::hdl
