#include "data/checksum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

Dataset example() {
  Record one;
  one.id = "one";
  one.time = {0, 1, 2};
  one.voltage = {{0.1, 0.2, 0.3}};
  one.current = {{1, 2, 3}};
  one.clean_current = {1, 2, 3.5};
  one.initial_conductance = 1e-4;
  Record other = one;
  other.id = "other";
  other.admittance = {{.frequency = 1e3, .bias = {0.5}, .admittance = {{1e-3, 2e-3}}}};
  return {.records = {one, other},
          .split = {.train = {0}, .validation = {1}, .test = {1}},
          .continuous = false,
          .noise = 0.03,
          .source = "here"};
}

// A fit that was stored under the checksum of other data would be taken for this one.
TEST(Checksum, ChangesWithEverythingThatAFitReads) {
  using Change = std::function<void(Dataset&)>;
  const std::vector<Change> changes = {
      [](Dataset& d) { d.records[0].id += "x"; },
      [](Dataset& d) { d.records[0].kind = RecordKind::kDc; },
      [](Dataset& d) { d.records[0].ports = {"q"}; },
      [](Dataset& d) { d.records[0].reference_terminal = "m"; },
      [](Dataset& d) { d.records[0].time[1] = std::nextafter(1.0, 2.0); },
      [](Dataset& d) { d.records[1].voltage[0][2] += 1e-12; },
      [](Dataset& d) {
        d.records[1].voltage.push_back({0, 0, 0});
      },
      [](Dataset& d) { d.records[1].current[0][0] *= 1 + 1e-15; },
      [](Dataset& d) {
        d.records[1].current.push_back({0, 0, 0});
      },
      [](Dataset& d) { d.records[0].clean_current[0] = 0.5; },
      [](Dataset& d) { d.records[0].clean_current.clear(); },
      [](Dataset& d) { d.records[0].initial_conductance = 2e-4; },
      [](Dataset& d) { d.records[0].initial_conductance.reset(); },
      [](Dataset& d) { d.records[0].initial_conductance = 0; },
      [](Dataset& d) { d.records[1].admittance[0].frequency = 2e3; },
      [](Dataset& d) { d.records[1].admittance[0].bias[0] = 0.6; },
      [](Dataset& d) {
        d.records[1].admittance[0].admittance[0] = {2e-3, 1e-3};
      },
      [](Dataset& d) { d.records.pop_back(); },
      [](Dataset& d) { std::swap(d.records[0], d.records[1]); },
      [](Dataset& d) { d.split.train.push_back(1); },
      [](Dataset& d) { d.split.validation.clear(); },
      [](Dataset& d) { std::swap(d.split.train, d.split.test); },
      [](Dataset& d) { d.continuous = true; },
      [](Dataset& d) { d.leave_one_out = true; },
      [](Dataset& d) { d.noise = 0.04; },
      [](Dataset& d) { d.noise.reset(); },
      // From one place to the next.
      [](Dataset& d) {
        d.split.validation.clear();
        d.split.test = {1, 1};
      },
      [](Dataset& d) { std::swap(d.records[0].voltage, d.records[0].current); },
      [](Dataset& d) {
        d.records[0].time.push_back(d.records[0].voltage[0].front());
        d.records[0].voltage[0].erase(d.records[0].voltage[0].begin());
      },
  };
  std::set<std::string> found = {checksum(example())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Dataset changed = example();
    changes[i](changed);
    EXPECT_TRUE(found.insert(checksum(changed)).second) << "change " << i;
  }
}

TEST(Checksum, StaysWithWhatNoFitReads) {
  const std::string before = checksum(example());
  EXPECT_EQ(before.size(), 64u);
  Dataset same = example();
  same.source = "there";
  same.records[0].remarks = {"a line was left out"};
  EXPECT_EQ(checksum(same), before);
}

}  // namespace
}  // namespace psi_xlstm
