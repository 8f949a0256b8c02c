#include "ir/bounds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

#include "ir/jacobian.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/vector_operations.hpp"

namespace psi_xlstm::ir {
namespace {

// Corners and middles of the box of every input: nothing that is computed there is outside.
TEST(Bounds, HoldEverythingThatIsComputedInsideThem) {
  for (const Network& network :
       {testing::one_state(), testing::three_states(), testing::static_curve(),
        testing::every_operation(2), testing::vector_operations(2)}) {
    const std::vector<Interval> box(network.ports.size(), {-0.4, 0.9});
    const Bounds bounds(network, box);
    SparseJacobian values(network);
    const int inputs = network.port_count() + network.state_count();
    int points = 1;
    for (int i = 0; i < inputs; ++i) points *= 3;
    for (int point = 0; point < points; ++point) {
      std::vector<double> x;
      for (int i = 0, rest = point; i < inputs; ++i, rest /= 3) {
        const double high = i < network.port_count() ? 0.9 : 1;
        const double low = i < network.port_count() ? -0.4 : -1;
        x.push_back(low + 0.5 * (rest % 3) * (high - low));
      }
      values.evaluate(std::span(x).first(network.ports.size()),
                      std::span(x).subspan(network.ports.size()));
      for (int id = 0; id < static_cast<int>(network.nodes.size()); ++id) {
        for (int i = 0; i < network.node(id).width; ++i) {
          const double value = values.value(id, i);
          if (std::isnan(value)) continue;  // the root of a negative number
          const double margin = 1e-12 * (1 + std::abs(value));
          EXPECT_GE(value, bounds.of(id, i).low - margin) << network.name << ", node " << id;
          EXPECT_LE(value, bounds.of(id, i).high + margin) << network.name << ", node " << id;
        }
      }
    }
  }
}

TEST(Bounds, OfEachPortAreItsOwn) {
  const Network network = testing::every_operation(2);
  const Bounds bounds(network, {{-1, 2}, {0.5, 0.7}});
  EXPECT_EQ(bounds.of(0, 0).low, -1);
  EXPECT_EQ(bounds.of(0, 0).high, 2);
  EXPECT_EQ(bounds.of(0, 1).low, 0.5);
  EXPECT_EQ(bounds.of(0, 1).high, 0.7);
}

}  // namespace
}  // namespace psi_xlstm::ir
