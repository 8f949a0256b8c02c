#include "model/network_prediction.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using kernels::Convention;

Record record(std::size_t samples) {
  Record r;
  r.voltage.emplace_back();
  for (std::size_t k = 0; k < samples; ++k) {
    r.time.push_back(50e-9 * static_cast<double>(k));
    r.voltage[0].push_back(0.2 + 0.8 * std::sin(0.05 * static_cast<double>(k)));
  }
  return r;
}

StoredNetwork network(const kernels::NetworkShape& shape, const std::string& protocol) {
  StoredNetwork out;
  out.model = "teacher";
  out.protocol = protocol;
  out.shape = shape;
  out.conductance_scale = 2e-4;
  out.current_scale = 1e-3;
  Rng rng(2);
  for (std::size_t i = 0; i < parameter_count(shape); ++i) {
    out.parameters.push_back(0.2 * rng.normal());
  }
  return out;
}

// Whatever the network was trained to, the first current is that of the conductance it was given.
TEST(NetworkCurrent, StartsWithTheGivenConductance) {
  for (const auto& shape :
       {teacher_shape(Convention::kContinuous), low_rank_student_shape(Convention::kContinuous)}) {
    Record r = record(50);
    r.voltage[0][0] = 1e-6;  // as at rest
    const auto current = network_current(network(shape, "known_start"), r, 3e-4);
    EXPECT_NEAR(current[0] / (r.voltage[0][0] * 3e-4), 1, 1e-5);
    EXPECT_GT(std::abs(current[40] / (r.voltage[0][40] * 3e-4) - 1), 1e-6);
  }
}

// Records are run in pieces with the states carried over: a sample more or less changes nothing
// before it.
TEST(NetworkCurrent, DoesNotDependOnThePieces) {
  for (const char* protocol : {"known_start", "published"}) {
    const bool published = std::string(protocol) == "published";
    const auto shape = teacher_shape(published ? Convention::kXlstm : Convention::kContinuous);
    const StoredNetwork n = network(shape, protocol);
    const auto longer = network_current(n, record(2100), 3e-4);
    const auto shorter = network_current(n, record(1500), 3e-4);
    ASSERT_EQ(longer.size(), 2100u);
    ASSERT_EQ(shorter.size(), 1500u);
    for (std::size_t k = 0; k < shorter.size(); ++k) EXPECT_DOUBLE_EQ(longer[k], shorter[k]) << k;
    int visits = 0;
    walk_memory(n, record(1500), 3e-4, 300, [&](const std::vector<double>& memory, std::size_t) {
      ++visits;
      EXPECT_GE(memory.size(), 4u * 16 * 16);
    });
    EXPECT_EQ(visits, 5);
  }
}

TEST(NetworkCurrent, RefusesUnknownProtocols) {
  const auto n = network(teacher_shape(Convention::kContinuous), "other");
  EXPECT_THROW(network_current(n, record(5), 1e-4), DataError);
}

}  // namespace
}  // namespace psi_xlstm
