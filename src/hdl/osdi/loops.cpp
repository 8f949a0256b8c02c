#include <algorithm>

#include "hdl/osdi/evaluation_text.hpp"
#include "hdl/osdi/loops_printer.hpp"
#include "hdl/osdi/marking.hpp"
#include "hdl/osdi/text.hpp"

namespace psi_xlstm::hdl {

LoopPrinter::LoopPrinter(const ir::Network& network)
    : network_(network),
      pattern_(network, ir::Unknowns::kInputs),
      moving_(ir::depends_on_inputs(network)),
      start_alone_(ir::depends_on_start_alone(network)),
      needed_(network.nodes.size(), false),
      differentiated_(needed_),
      values_(network.nodes.size()),
      slopes_(network.nodes.size()),
      roots_(network.nodes.size()) {
  const std::vector<double> ports(network.ports.size(), 0.0);
  const std::vector<double> states(at(network.state_count()), 0.0);
  pattern_.evaluate(ports, states);
  find_roles();
}

OsdiEvaluation LoopPrinter::print() {
  const std::string start = start_function();
  for (int id = 0; id < static_cast<int>(network_.nodes.size()); ++id) {
    if (needed_[at(id)]) print_node(id);
  }
  for (const Result& result : results_) {
    if (!result.junction) store(result);
  }
  if (no_conductance_ >= 0) line("value[{}] = 0.0;", no_conductance_);
  out_.text = std::string(kOsdiLoops) + "\n" + constants_ + start +
              evaluation_function("  memset(slope, 0, (SLOPES + 1) * sizeof(double));\n" + body_);
  return std::move(out_);
}

// The results in the order of their values, and what they are made of.
void LoopPrinter::find_roles() {
  const auto add = [&](int id, bool junction, bool with_slopes) {
    results_.push_back({id, static_cast<int>(first_slope_.size()), junction, with_slopes});
    for (int i = 0; i < width(id); ++i) {
      first_slope_.push_back(static_cast<int>(out_.slopes.size()));
      if (!with_slopes) continue;
      for (int input : pattern_.inputs(id, i)) {
        out_.slopes.push_back({static_cast<int>(first_slope_.size()) - 1, input});
      }
    }
    mark(needed_, id);
    if (with_slopes) mark(differentiated_, id);
  };
  add(network_.current_node, false, true);
  if (network_.state_count() > 0) {
    add(network_.rate_node, false, true);
    add(network_.target_node, false, true);
  }
  if (network_.role) {
    add(network_.role->node, false, false);
  } else {
    no_conductance_ = static_cast<int>(first_slope_.size());
    first_slope_.push_back(static_cast<int>(out_.slopes.size()));
  }
  for (int id : network_.unknowns) {
    junctions_[id] = out_.junctions;
    out_.junctions += width(id);
    add(id, true, true);
  }
  if (network_.charge_node >= 0) add(network_.charge_node, false, true);
  for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
    if (!needed_[id] || !moving_[id]) continue;
    for (int from : network_.nodes[id].arguments) {
      if (!start_alone_[at(from)] || !fixed_.try_emplace(from, out_.fixed).second) continue;
      out_.fixed += width(from);
    }
  }
}

// Marks what `root` is made of; what depends on the start alone is made elsewhere.
void LoopPrinter::mark(std::vector<bool>& marks, int root) const {
  mark_made_of(network_, root, marks, [this](int id) { return moving_[at(id)]; });
}

void LoopPrinter::print_node(int id) {
  const int behind_states = network_.state_count();
  if (start_alone_[at(id)]) {
    values_[at(id)] = fmt::format("(c + {})", behind_states + out_.junctions + fixed_.at(id));
    return;
  }
  if (!moving_[at(id)]) return constant_value(id);
  const auto input = [&](const char* name, int first) {
    values_[at(id)] = name;
    make_input(id, first);
  };
  ir::visit(network_.node(id).op, ir::Ways{[&](ir::PortsOp) { input("v", 0); },
                                           [&](ir::StatesOp) { input("c", network_.port_count()); },
                                           [&](auto) {
                                             value(id);
                                             if (differentiated_[at(id)]) slope(id);
                                           }});
  const auto junction = junctions_.find(id);
  if (junction == junctions_.end()) return;
  for (const Result& result : results_) {
    if (result.junction && result.node == id) store(result);
  }
  values_[at(id)] = fmt::format("(c + {})", behind_states + junction->second);
  make_input(id, network_.port_count() + behind_states + junction->second);
}

void LoopPrinter::constant_value(int id) {
  std::vector<double> all;
  for (int i = 0; i < width(id); ++i) all.push_back(pattern_.value(id, i));
  values_[at(id)] = numbers(all);
}

void LoopPrinter::make_input(int id, int first) {
  EntryTerm unit;
  for (int i = 0; i < width(id); ++i) unit.places.emplace_back(i, first + i);
  slopes_[at(id)] = {.dense = {}, .entries = {std::move(unit)}};
}

// What depends on the start alone: the states there, and what evaluate_network() needs of it.
std::string LoopPrinter::start_function() {
  std::string text =
      "\nstatic void evaluate_start(double logarithm, double *start, double *fixed) {\n"
      "  (void)logarithm, (void)start, (void)fixed;\n";
  if (network_.start != ir::Start::kNode) return text + "}\n";
  std::vector<bool> wanted(network_.nodes.size(), false);
  wanted[at(network_.start.node)] = true;
  for (const auto& [id, place] : fixed_) wanted[at(id)] = true;
  for (std::size_t id = wanted.size(); id-- > 0;) {
    if (!wanted[id]) continue;
    for (int from : network_.nodes[id].arguments) wanted[at(from)] = true;
  }
  for (int id = 0; id < static_cast<int>(wanted.size()); ++id) {
    if (!wanted[at(id)]) continue;
    ir::visit(network_.node(id).op,
              ir::Ways{[&](ir::StartOp) { values_[at(id)] = "(&logarithm)"; },
                       [&](auto) { start_alone_[at(id)] ? value(id) : constant_value(id); }});
  }
  line("memcpy(start, {}, {} * sizeof(double));", values_[at(network_.start.node)],
       network_.state_count());
  for (const auto& [id, place] : fixed_) {
    line("memcpy(fixed + {}, {}, {} * sizeof(double));", place, values_[at(id)], width(id));
  }
  text += body_ + "}\n";
  body_.clear();
  return text;
}

// --- results -------------------------------------------------------------------------------------

// Elements of one node that stand side by side in a result.
void LoopPrinter::store(const Result& result) {
  struct Piece {
    int node;
    std::vector<int> elements;
    int first_value;
  };
  std::vector<Piece> pieces;
  for (int i = 0; i < width(result.node); ++i) {
    int node = result.node, element = i;
    while (network_.node(node).op == ir::Op::kGather &&
           !(junctions_.contains(node) && !result.junction)) {
      std::tie(node, element) = ir::gathered(network_, network_.node(node), element);
    }
    if (pieces.empty() || pieces.back().node != node) {
      pieces.push_back({node, {}, result.first_value + i});
    }
    pieces.back().elements.push_back(element);
  }
  for (const Piece& piece : pieces) {
    line("for (int e = 0; e < {}; ++e) value[{} + e] = {}[{}];", piece.elements.size(),
         piece.first_value, values_[at(piece.node)], element_of(piece.elements));
    if (!result.with_slopes) continue;
    const Slope slope = slopes_[at(piece.node)];
    for (const DenseTerm& term : slope.dense) {
      store_dense(term, piece.elements, piece.first_value);
    }
    for (const EntryTerm& term : slope.entries) {
      store_entries(term, piece.elements, piece.first_value);
    }
  }
}

// Where the derivative of a value by an input stands in `slope`; nothing where it is zero by the
// structure of the network.
std::optional<int> LoopPrinter::slot(int value, int input) const {
  const auto begin = out_.slopes.begin() + first_slope_[at(value)];
  const auto end = at(value) + 1 < first_slope_.size()
                       ? out_.slopes.begin() + first_slope_[at(value) + 1]
                       : out_.slopes.end();
  const auto found = std::find_if(begin, end, [&](const OsdiSlope& s) { return s.input == input; });
  if (found == end) return std::nullopt;
  return static_cast<int>(found - out_.slopes.begin());
}

// Columns that are neighbours in `slope` for every element go together.
void LoopPrinter::store_dense(const DenseTerm& term,
                              const std::vector<int>& elements,
                              int first_value) {
  // The elements with a derivative by this column, and where it stands.
  const auto target_of = [&](std::size_t column) {
    std::pair<std::vector<int>, std::vector<int>> target;
    for (std::size_t e = 0; e < elements.size(); ++e) {
      const auto found = slot(first_value + static_cast<int>(e), term.columns[column]);
      if (!found) continue;
      target.first.push_back(elements[e]);
      target.second.push_back(*found);
    }
    return target;
  };
  for (std::size_t j = 0; j < term.columns.size();) {
    const auto [there, first] = target_of(j);
    auto next = std::make_pair(there, first);
    std::size_t end = j;
    do {
      ++end;
      for (int& slot : next.second) ++slot;
    } while (end < term.columns.size() && target_of(end) == next);
    if (!there.empty()) add_columns(term, there, first, j, end);
    j = end;
  }
}

// Adds columns `begin` to `end` of `term` for `elements` to `slope` from `slots` on.
void LoopPrinter::add_columns(const DenseTerm& term,
                              const std::vector<int>& elements,
                              const std::vector<int>& slots,
                              std::size_t begin,
                              std::size_t end) {
  std::vector<int> rows;
  for (int e : elements) rows.push_back(term.rows[at(e)]);
  const std::string factor =
      term.factors.empty() ? "1.0" : fmt::format("{}[{}]", term.factors, element_of(elements));
  line("for (int e = 0; e < {}; ++e) {{", elements.size());
  line("  add_scaled(slope + {}, {} + {} * {} + {}, {}, {});", element_of(slots), term.matrix,
       term.columns.size(), element_of(rows), begin, factor, end - begin);
  line("}}");
}

void LoopPrinter::store_entries(const EntryTerm& term,
                                const std::vector<int>& elements,
                                int first_value) {
  std::vector<int> slots, from;
  for (std::size_t e = 0; e < elements.size(); ++e) {
    for (std::size_t k = 0; k < term.places.size(); ++k) {
      if (term.places[k].first != elements[e]) continue;
      const auto found = slot(first_value + static_cast<int>(e), term.places[k].second);
      if (!found) continue;
      slots.push_back(*found);
      from.push_back(static_cast<int>(k));
    }
  }
  if (slots.empty()) return;
  const std::string coefficient = term.coefficients.empty()
                                      ? "1.0"
                                      : fmt::format("{}[{}]", term.coefficients, element_of(from));
  line("for (int e = 0; e < {}; ++e) slope[{}] += {};", slots.size(), element_of(slots),
       coefficient);
}

}  // namespace psi_xlstm::hdl
