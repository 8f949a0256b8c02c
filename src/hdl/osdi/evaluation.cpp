#include "hdl/osdi/evaluation.hpp"

#include <algorithm>

#include "hdl/osdi/evaluation_printer.hpp"
#include "hdl/osdi/evaluation_text.hpp"
#include "hdl/osdi/loops_printer.hpp"
#include "hdl/osdi/marking.hpp"

namespace psi_xlstm::hdl {

StraightLinePrinter::StraightLinePrinter(const ir::Network& network)
    : network_(network),
      depends_(ir::depends_on_inputs(network)),
      pattern_(network),
      inputs_(network.port_count() + network.state_count()),
      columns_(network.nodes.size()),
      slopes_(network.nodes.size(), std::vector<Column>(at(inputs_))) {
  const std::vector<double> ports(network.ports.size(), 0.0);
  const std::vector<double> states(at(network.state_count()), 0.0);
  pattern_.evaluate(ports, states);
  find_needed();
}

OsdiEvaluation StraightLinePrinter::print() {
  nodes();
  store();
  out_.text = constants_ + evaluation_function(body_);
  return std::move(out_);
}

void StraightLinePrinter::find_needed() {
  needed_.assign(network_.nodes.size(), false);
  differentiated_ = needed_;
  const auto mark = [&](std::vector<bool>& marks, int root) {
    if (root >= 0) mark_made_of(network_, root, marks, [](int) { return true; });
  };
  for (int root :
       {network_.current_node, network_.rate_node, network_.target_node, network_.charge_node}) {
    mark(needed_, root);
    mark(differentiated_, root);
  }
  if (network_.role) mark(needed_, network_.role->node);
}

void StraightLinePrinter::nodes() {
  std::vector<int> open;
  for (int id = 0; id < static_cast<int>(network_.nodes.size()); ++id) {
    if (needed_[at(id)]) open.push_back(id);
  }
  while (!open.empty()) {
    std::vector<bool> unknown(network_.nodes.size());
    std::vector<int> group, later;
    for (int id : open) {
      const std::vector<int>& arguments = network_.node(id).arguments;
      const bool waits = std::any_of(arguments.begin(), arguments.end(),
                                     [&](int argument) { return unknown[at(argument)]; });
      const bool grouped = !waits && has_one_exponential(id);
      unknown[at(id)] = waits || grouped;
      if (grouped && group.size() < kLanes) {
        group.push_back(id);
      } else if (unknown[at(id)]) {
        later.push_back(id);
      } else {
        node(id);
      }
    }
    if (!group.empty()) exponentials(group);
    open = std::move(later);
  }
}

void StraightLinePrinter::node(int id) {
  const ir::Node& n = network_.node(id);
  Column& value = columns_[at(id)];
  value.width = n.width;
  value.name = fmt::format("t{}", id);
  if (!depends_[at(id)]) {
    value.kind = Column::Kind::kNumbers;
    for (int i = 0; i < n.width; ++i) value.numbers.push_back(pattern_.value(id, i));
    return;
  }
  value.kind = Column::Kind::kVariables;
  ir::visit(n.op, ir::Ways{[&](ir::PortsOp) { inputs(id, "v", 0); },
                           [&](ir::StatesOp) { inputs(id, "c", network_.port_count()); },
                           [&](ir::AffineOp) { affine(id); },
                           [&](ir::ElementwiseOp op) { elementwise(id, op.row); },
                           [](auto) {}});  // written as loops (needs_loops)
}

void StraightLinePrinter::inputs(int id, const char* source, int first) {
  const int width = network_.node(id).width;
  std::vector<std::string> elements;
  for (int i = 0; i < width; ++i) elements.push_back(fmt::format("{}[{}]", source, i));
  define(columns_[at(id)], elements);
  for (int i = 0; i < width; ++i) {
    Column unit{.kind = Column::Kind::kNumbers, .width = width};
    unit.numbers.assign(at(width), 0.0);
    unit.numbers[at(i)] = 1;
    slopes_[at(id)][at(first + i)] = std::move(unit);
  }
}

void StraightLinePrinter::define(const Column& column, const std::vector<std::string>& elements) {
  if (column.width == 1) {
    line("const double {} = {};", column.name, elements[0]);
    return;
  }
  for (int b = 0; b < blocks_of(column.width); ++b) {
    const int end = std::min(column.width, kLanes * (b + 1));
    line("const Real4 {}_{} = {};", column.name, b,
         vector_of({elements.begin() + kLanes * b, elements.begin() + end}));
  }
}

void StraightLinePrinter::store() {
  int values = 0;
  const auto rows = [&](int id, bool with_slopes) {
    for (int i = 0; id >= 0 && i < network_.node(id).width; ++i, ++values) {
      line("value[{}] = {};", values, columns_[at(id)].scalar(i));
      if (!with_slopes) continue;
      for (int input : pattern_.inputs(id, i)) {
        line("slope[{}] = {};", out_.slopes.size(), slopes_[at(id)][at(input)].scalar(i));
        out_.slopes.push_back({values, input});
      }
    }
  };
  rows(network_.current_node, true);
  rows(network_.rate_node, true);
  rows(network_.target_node, true);
  if (network_.role) {
    rows(network_.role->node, false);
  } else {
    line("value[{}] = 0.0;", values++);  // no conductance
  }
  rows(network_.charge_node, true);
}

bool needs_loops(const ir::Network& network) {
  if (network.start == ir::Start::kNode || !network.unknowns.empty()) return true;
  return std::any_of(network.nodes.begin(), network.nodes.end(), [](const ir::Node& node) {
    return ir::visit(
        node.op, ir::Ways{[](ir::GatherOp) { return true; }, [](ir::GroupSumOp) { return true; },
                          [](ir::StandardOp) { return true; }, [](auto) { return false; }});
  });
}

OsdiEvaluation osdi_evaluation(const ir::Network& network) {
  if (needs_loops(network)) return LoopPrinter(network).print();
  return StraightLinePrinter(network).print();
}

}  // namespace psi_xlstm::hdl
