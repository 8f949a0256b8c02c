#include "ir/lowering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "ir/operations.hpp"

namespace psi_xlstm::ir {
namespace {

class Lowering {
 public:
  Lowering(const Network& network, GroupSums sums)
      : from_(network), sums_(sums), out_(network), build_(out_) {
    out_.nodes.clear();
  }

  Network run() {
    for (std::size_t id = 0; id < from_.nodes.size(); ++id) {
      Node node = from_.nodes[id];
      for (int& argument : node.arguments) argument = place_[at(argument)];
      place_.push_back(visit(
          node.op,
          Ways{[&](GroupSumOp) { return sums_ == GroupSums::kKept ? copy(node) : group_sum(node); },
               [&](StandardOp) { return standard(node); }, [&](auto) { return copy(node); }}));
    }
    for (int* id : {&out_.rate_node, &out_.target_node, &out_.current_node, &out_.charge_node,
                    &out_.start.node}) {
      if (*id >= 0) *id = place_[at(*id)];
    }
    if (out_.role) out_.role->node = place_[at(out_.role->node)];
    for (int& id : out_.unknowns) id = place_[at(id)];
    return std::move(out_);
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  int width(int id) const { return out_.node(id).width; }

  int copy(const Node& node) {
    out_.nodes.push_back(node);
    return static_cast<int>(out_.nodes.size()) - 1;
  }

  // Element after element of every group.
  int group_sum(const Node& node) {
    const int groups = node.width, size = width(node.arguments[0]) / groups;
    const auto elements = [&](int first) {
      std::vector<int> list;
      for (int g = 0; g < groups; ++g) list.push_back(g * size + first);
      return build_.gather({node.arguments[0]}, list);
    };
    int sum = elements(0);
    for (int j = 1; j < size; ++j) sum = build_.binary(Op::kSum, sum, elements(j));
    return sum;
  }

  // weight sum of the elements + bias
  int mean(const char* what, int of, double bias) {
    const std::string name = fmt::format("lowered.{}.{}", out_.nodes.size(), what);
    const int weight = build_.parameters(name + ".weight", 1, width(of));
    std::fill_n(out_.parameters.begin() + weight, width(of), 1.0 / width(of));
    const int offset = build_.parameters(name + ".bias", 1, 1);
    out_.parameters[at(offset)] = bias;
    return build_.affine(1, {of}, weight, offset);
  }

  int spread(int one, int to) { return build_.gather({one}, std::vector<int>(at(to), 0)); }

  int standard(const Node& node) {
    const int a = node.arguments[0];
    const int from_mean =
        build_.binary(Op::kSum, a, spread(build_.scale(mean("mean", a, 0), -1), node.width));
    const int variance =
        mean("variance", build_.binary(Op::kProduct, from_mean, from_mean), node.factor);
    return build_.binary(Op::kQuotient, from_mean,
                         spread(build_.unary(Op::kSqrt, variance), node.width));
  }

  const Network& from_;
  GroupSums sums_;
  Network out_;
  NetworkBuilder build_;
  std::vector<int> place_;  ///< Of every node of the network.
};

}  // namespace

Network lowered(const Network& network, GroupSums sums) { return Lowering(network, sums).run(); }

}  // namespace psi_xlstm::ir
