#include <fmt/ranges.h>

#include <algorithm>

#include "core/number_text.hpp"
#include "hdl/osdi/evaluation_printer.hpp"
#include "hdl/text/expression.hpp"

namespace psi_xlstm::hdl {

double StraightLinePrinter::weight(const ir::Node& n, int row, int column) const {
  int inputs = 0;
  for (int argument : n.arguments) inputs += network_.node(argument).width;
  return network_.parameters[at(n.weight + row * inputs + column)];
}

void StraightLinePrinter::affine(int id) {
  const ir::Node& n = network_.node(id);
  std::vector<double> bias(at(n.width), 0.0);
  for (int i = 0; n.bias >= 0 && i < n.width; ++i)
    bias[at(i)] = network_.parameters[at(n.bias + i)];
  sum(id, columns_[at(id)], bias, [&](int argument) { return &columns_[at(argument)]; });
  for (int d = 0; differentiated_[at(id)] && d < inputs_; ++d) {
    Column& slope = slopes_[at(id)][at(d)];
    slope.width = n.width;
    slope.name = fmt::format("d{}_{}", id, d);
    sum(id, slope, std::vector<double>(at(n.width), 0.0),
        [&](int argument) { return &slopes_[at(argument)][at(d)]; });
  }
}

template <class ColumnOf>
void StraightLinePrinter::sum(int id, Column& to, std::vector<double> offset, ColumnOf column_of) {
  const ir::Node& n = network_.node(id);
  std::vector<Term> terms;
  bool any = false;
  int first = 0;
  for (int argument : n.arguments) {
    const Column* const column = column_of(argument);
    const int width = network_.node(argument).width;
    any = any || !column->absent();
    if (column->kind == Column::Kind::kVariables) terms.push_back({column, first});
    for (int i = 0; column->kind == Column::Kind::kNumbers && i < n.width; ++i) {
      for (int j = 0; j < width; ++j) {
        offset[at(i)] += weight(n, i, first + j) * column->numbers[at(j)];
      }
    }
    first += width;
  }
  if (terms.empty()) {
    if (!any) return;
    to.kind = Column::Kind::kNumbers;
    to.numbers = std::move(offset);
    return;
  }
  to.kind = Column::Kind::kVariables;
  int columns = 0, dots = 0;
  for (const Term& t : terms) {
    columns += t.column->width * blocks_of(n.width);
    dots += blocks_of(t.column->width);
  }
  if (n.width > 1 && columns <= n.width * (dots + 2)) {
    sum_of_columns(id, to, offset, terms);
  } else {
    sum_of_rows(id, to, offset, terms);
  }
}

std::string StraightLinePrinter::weights(const std::vector<double>& numbers) {
  std::vector<std::string> texts;
  for (double x : numbers) texts.push_back(shortest(x));
  const std::string text = fmt::format("{{{}}}", fmt::join(texts, ", "));
  const auto [found, is_new] =
      constant_names_.try_emplace(text, fmt::format("w{}", constant_names_.size()));
  if (is_new) constants_ += fmt::format("static const Real4 {} = {};\n", found->second, text);
  return found->second;
}

void StraightLinePrinter::sum_of_columns(int id,
                                         const Column& to,
                                         const std::vector<double>& offset,
                                         const std::vector<Term>& terms) {
  const ir::Node& n = network_.node(id);
  for (int b = 0; b < blocks_of(n.width); ++b) {
    const int begin = kLanes * b, end = std::min(n.width, kLanes * (b + 1));
    std::string text = weights({offset.begin() + begin, offset.begin() + end});
    for (const Term& t : terms) {
      for (int j = 0; j < t.column->width; ++j) {
        std::vector<double> part;
        for (int i = begin; i < end; ++i) part.push_back(weight(n, i, t.first + j));
        text += fmt::format(" + {} * splat({})", weights(part), t.column->scalar(j));
      }
    }
    line("const Real4 {}_{} = {};", to.name, b, text);
  }
}

void StraightLinePrinter::sum_of_rows(int id,
                                      const Column& to,
                                      const std::vector<double>& offset,
                                      const std::vector<Term>& terms) {
  const ir::Node& n = network_.node(id);
  std::vector<std::string> elements;
  for (int i = 0; i < n.width; ++i) {
    std::string text = in_parentheses(offset[at(i)]), products;
    for (const Term& t : terms) {
      const int width = t.column->width;
      for (int j = 0; width <= 2 && j < width; ++j) {
        text += fmt::format(" + {} * {}", in_parentheses(weight(n, i, t.first + j)),
                            t.column->scalar(j));
      }
      for (int b = 0; width > 2 && b < blocks_of(width); ++b) {
        std::vector<double> part;
        for (int j = kLanes * b; j < std::min(width, kLanes * (b + 1)); ++j) {
          part.push_back(weight(n, i, t.first + j));
        }
        products += fmt::format("{}{} * {}", products.empty() ? "" : " + ", weights(part),
                                t.column->vector(b));
      }
    }
    if (!products.empty()) text += fmt::format(" + sum_of({})", products);
    elements.push_back(std::move(text));
  }
  define(to, elements);
}

}  // namespace psi_xlstm::hdl
