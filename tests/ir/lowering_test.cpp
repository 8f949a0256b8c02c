#include "ir/lowering.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

#include "core/rng.hpp"
#include "ir/jacobian.hpp"
#include "support/networks.hpp"
#include "support/recurrent_networks.hpp"
#include "support/static_devices.hpp"
#include "support/vector_operations.hpp"

namespace psi_xlstm::ir {
namespace {

int count_of(const Network& network, Op op) {
  int count = 0;
  for (const Node& node : network.nodes) count += node.op == op;
  return count;
}

TEST(Lowering, LeavesWhatEveryPrinterKnows) {
  for (const Network& network :
       {testing::drawn_low_rank().network("low_rank"), testing::drawn_teacher().network("teacher"),
        testing::vector_operations(2)}) {
    ASSERT_GT(count_of(network, Op::kGroupSum) + count_of(network, Op::kStandard), 0);
    const Network plain = lowered(network);
    EXPECT_EQ(count_of(plain, Op::kGroupSum), 0) << network.name;
    EXPECT_EQ(count_of(plain, Op::kStandard), 0) << network.name;
    const Network kept = lowered(network, GroupSums::kKept);
    EXPECT_EQ(count_of(kept, Op::kGroupSum), count_of(network, Op::kGroupSum)) << network.name;
    EXPECT_EQ(count_of(kept, Op::kStandard), 0) << network.name;
  }
  const Network compact = testing::three_states();
  EXPECT_EQ(lowered(compact).nodes.size(), compact.nodes.size());
  EXPECT_EQ(lowered(compact).parameters, compact.parameters);
}

// Values and derivatives of all that the network stands for, start, charges and unknowns included.
void expect_the_same(const Network& network, const Network& plain, Rng& rng) {
  SparseJacobian before(network), after(plain);
  std::vector<double> x;
  for (int i = 0; i < network.port_count() + network.state_count(); ++i) {
    x.push_back(0.5 * rng.normal());
  }
  before.evaluate(std::span(x).first(network.ports.size()),
                  std::span(x).subspan(network.ports.size()));
  after.evaluate(std::span(x).first(network.ports.size()),
                 std::span(x).subspan(network.ports.size()));
  const auto compare = [&](int id, int other) {
    ASSERT_EQ(id < 0, other < 0);
    for (int i = 0; id >= 0 && i < network.node(id).width; ++i) {
      const double size = 1 + std::abs(before.value(id, i));
      EXPECT_NEAR(before.value(id, i), after.value(other, i), 1e-13 * size) << network.name;
      for (int input : before.inputs(id, i)) {
        const double expected = before.derivative(id, i, input);
        EXPECT_NEAR(after.derivative(other, i, input), expected, 1e-12 * (1 + std::abs(expected)))
            << network.name;
      }
    }
  };
  compare(network.current_node, plain.current_node);
  compare(network.charge_node, plain.charge_node);
  ASSERT_EQ(network.role.has_value(), plain.role.has_value());
  if (network.role) compare(network.role->node, plain.role->node);
  compare(network.rate_node, plain.rate_node);
  compare(network.target_node, plain.target_node);
  compare(network.start.node, plain.start.node);
  for (std::size_t k = 0; k < network.unknowns.size(); ++k) {
    compare(network.unknowns[k], plain.unknowns[k]);
  }
}

TEST(Lowering, ComputesTheSame) {
  Rng rng(5);
  for (const Network& network :
       {testing::drawn_low_rank().network("low_rank"), testing::drawn_teacher().network("teacher"),
        testing::vector_operations(1), testing::with_charges(testing::vector_operations(2)),
        testing::transistor()}) {
    expect_the_same(network, lowered(network), rng);
    expect_the_same(network, lowered(network, GroupSums::kKept), rng);
  }
}

}  // namespace
}  // namespace psi_xlstm::ir
