#include <fmt/ranges.h>

#include "hdl/osdi/loops_printer.hpp"
#include "hdl/text/expression.hpp"

namespace psi_xlstm::hdl {

namespace {

// `texts` as the content of an array, ten to a line.
std::string in_lines(const std::vector<std::string>& texts) {
  constexpr std::size_t kPerLine = 10;
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out += i == 0 ? "" : i % kPerLine == 0 ? ",\n  " : ", ";
    out += texts[i];
  }
  return out;
}

}  // namespace

std::string LoopPrinter::numbers(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (double x : values) texts.push_back(shortest(x));
  const std::string text = in_lines(texts);
  const auto [found, is_new] =
      constant_names_.try_emplace(text, fmt::format("w{}", constant_names_.size()));
  if (is_new) {
    constants_ += fmt::format("static const double {}[{}] = {{\n  {}}};\n", found->second,
                              values.size(), text);
  }
  return found->second;
}

std::string LoopPrinter::indices(const std::vector<int>& values) {
  std::vector<std::string> texts;
  for (int x : values) texts.push_back(std::to_string(x));
  const std::string text = in_lines(texts);
  const auto [found, is_new] =
      constant_names_.try_emplace("i" + text, fmt::format("i{}", constant_names_.size()));
  if (is_new) {
    constants_ += fmt::format("static const int32_t {}[{}] = {{\n  {}}};\n", found->second,
                              values.size(), text);
  }
  return found->second;
}

double LoopPrinter::weight(int id, std::size_t k, int row, int column) const {
  const ir::Node& n = network_.node(id);
  int inputs = 0, first = 0;
  for (std::size_t j = 0; j < n.arguments.size(); ++j) {
    if (j == k) first = inputs;
    inputs += width(n.arguments[j]);
  }
  return network_.parameters[at(n.weight + row * inputs + first + column)];
}

std::string LoopPrinter::columns_of(int id, std::size_t k) {
  std::vector<double> all;
  for (int j = 0; j < width(argument(id, k)); ++j) {
    for (int i = 0; i < width(id); ++i) all.push_back(weight(id, k, i, j));
  }
  return numbers(all);
}

std::string LoopPrinter::new_array(const char* stem, int count) {
  const std::string name = fresh(stem);
  line("double {}[{}];", name, count);
  return name;
}

void LoopPrinter::value(int id) {
  const ir::Node& n = network_.node(id);
  ir::visit(n.op, ir::Ways{[&](ir::AffineOp) { affine_value(id); },
                           [&](ir::GatherOp) { gather_value(id); },
                           [&](ir::GroupSumOp) {
                             line("sum_groups({}, {}, {}, {});", new_value(id),
                                  values_[at(argument(id, 0))], n.width,
                                  width(argument(id, 0)) / n.width);
                           },
                           [&](ir::StandardOp) {
                             const std::string name = new_value(id);
                             roots_[at(id)] = fresh("root");
                             line("const double {} = standardise({}, {}, {}, {});", roots_[at(id)],
                                  name, values_[at(argument(id, 0))], n.width, shortest(n.factor));
                             line("(void){};", roots_[at(id)]);
                           },
                           [&](ir::ElementwiseOp op) { elementwise_value(id, op.row); },
                           [](auto) {}});  // an input
}

std::string LoopPrinter::new_value(int id) { return values_[at(id)] = new_array("t", width(id)); }

void LoopPrinter::affine_value(int id) {
  const ir::Node& n = network_.node(id);
  const std::string name = new_value(id);
  if (n.bias >= 0) {
    const auto first = network_.parameters.begin() + n.bias;
    line("memcpy({0}, {1}, sizeof {0});", name, numbers({first, first + n.width}));
  } else {
    line("memset({0}, 0, sizeof {0});", name);
  }
  for (std::size_t k = 0; k < n.arguments.size(); ++k) {
    line("add_product({}, {}, {}, {}, {}, {});", name, columns_of(id, k), n.width,
         values_[at(argument(id, k))], n.width, width(argument(id, k)));
  }
}

// Neighbours of one argument need no code; else run by run, or element by element.
void LoopPrinter::gather_value(int id) {
  const ir::Node& n = network_.node(id);
  struct Run {
    int argument, from, to, count;
  };
  std::vector<Run> runs;
  for (int i = 0; i < n.width; ++i) {
    const auto [from_node, from] = ir::gathered(network_, n, i);
    Run* const last = runs.empty() ? nullptr : &runs.back();
    if (last != nullptr && last->argument == from_node && last->from + last->count == from) {
      ++last->count;
    } else {
      runs.push_back({from_node, from, i, 1});
    }
  }
  if (runs.size() == 1) {
    values_[at(id)] = fmt::format("({} + {})", values_[at(runs[0].argument)], runs[0].from);
    return;
  }
  const std::string name = new_value(id);
  if (n.arguments.size() == 1) {
    line("for (int i = 0; i < {}; ++i) {}[i] = {}[{}[i]];", n.width, name,
         values_[at(argument(id, 0))], indices(n.elements));
    return;
  }
  for (const Run& run : runs) {
    line("memcpy({} + {}, {} + {}, {} * sizeof(double));", name, run.to, values_[at(run.argument)],
         run.from, run.count);
  }
}

// A text of the operation of node `id` for the element i of its arrays.
std::string LoopPrinter::element_text(int id, const std::string& form, const std::string& left) {
  const ir::Node& n = network_.node(id);
  const auto element = [](const std::string& array) { return array + "[i]"; };
  return filled(form, {.a = element(values_[at(argument(id, 0))]),
                       .b = n.arguments.size() > 1 ? element(values_[at(argument(id, 1))]) : "",
                       .y = element(values_[at(id)]),
                       .f = in_parentheses(n.factor),
                       .l = element(left)});
}

void LoopPrinter::elementwise_value(int id, const ir::Operation& row) {
  const std::string name = new_value(id);
  if (*row.c.all != '\0') {
    line("{}({}, {}, {});", row.c.all, name, values_[at(argument(id, 0))], width(id));
  } else {
    line("for (int i = 0; i < {}; ++i) {}[i] = {};", width(id), name,
         element_text(id, row.c.value, ""));
  }
}

}  // namespace psi_xlstm::hdl
