#include "core/number_text.hpp"
#include "hdl/osdi/evaluation_printer.hpp"
#include "hdl/text/expression.hpp"

namespace psi_xlstm::hdl {
namespace {

bool has_names(std::string_view form) {
  for (const char* name : {"{a}", "{b}", "{y}", "{e}", "{l}"}) {
    if (form.find(name) != form.npos) return true;
  }
  return false;
}

}  // namespace

std::string StraightLinePrinter::known(double number, const Column& column) {
  return column.width == 1 ? in_parentheses(number) : fmt::format("splat({})", shortest(number));
}

void StraightLinePrinter::elementwise(int id, const ir::Operation& row) {
  if (*row.c.shared != '\0') define_by(id, factor_column(id, "e"), row.c.shared, row.c.on_vectors);
  define_by(id, columns_[at(id)], row.c.value, row.c.on_vectors);
  if (!differentiated_[at(id)]) return;
  const Factor left = factor(id, "s", row.c.by_left, row.c.on_vectors);
  differentiate(id, left, factor(id, "u", row.c.by_right, row.c.on_vectors));
}

// `names` of one block, or of one element.
template <class Operand>
Names StraightLinePrinter::names(int id, Operand operand) const {
  const ir::Node& n = network_.node(id);
  const Column& y = columns_[at(id)];
  return {.a = operand(columns_[at(n.arguments[0])]),
          .b = n.arguments.size() > 1 ? operand(columns_[at(n.arguments[1])]) : "",
          .y = operand(y),
          .f = known(n.factor, y),
          .e = operand(factor_column(id, "e")),
          .l = operand(factor_column(id, "s")),
          .one = known(1.0, y)};
}

void StraightLinePrinter::define_by(int id, const Column& to, const char* form, bool on_vectors) {
  if (on_vectors) {
    return define_blocks(to, [&](int b) {
      return filled(form, names(id, [&](const Column& c) { return c.operand(b); }));
    });
  }
  std::vector<std::string> elements;
  for (int i = 0; i < to.width; ++i) {
    elements.push_back(filled(form, names(id, [&](const Column& c) { return c.scalar(i); })));
  }
  define(to, elements);
}

StraightLinePrinter::Factor StraightLinePrinter::factor(int id,
                                                        const char* stem,
                                                        const char* form,
                                                        bool on_vectors) {
  const Column& y = columns_[at(id)];
  if (!has_names(form)) {
    return {filled(form, {.f = known(network_.node(id).factor, y), .one = known(1.0, y)}), true};
  }
  const Column column = factor_column(id, stem);
  define_by(id, column, form, on_vectors);
  return {column.name, false};
}

bool StraightLinePrinter::has_one_exponential(int id) const {
  const ir::Node& n = network_.node(id);
  return *ir::operation(n.op).c.exponent != '\0' && n.width == 1 && depends_[at(id)];
}

void StraightLinePrinter::exponentials(const std::vector<int>& ids) {
  std::vector<std::string> exponents;
  for (int id : ids) {
    const ir::Node& n = network_.node(id);
    exponents.push_back(
        filled(ir::operation(n.op).c.exponent, {.a = columns_[at(n.arguments[0])].scalar(0)}));
  }
  line("const Real4 e{}_group = exp4({});", ids.front(), vector_of(exponents));
  for (std::size_t k = 0; k < ids.size(); ++k) {
    line("const double e{} = e{}_group[{}];", ids[k], ids.front(), k);
  }
  for (int id : ids) of_exponential(id);
}

void StraightLinePrinter::of_exponential(int id) {
  const ir::CText& c = ir::operation(network_.node(id).op).c;
  Column& y = columns_[at(id)];
  y = {.kind = Column::Kind::kVariables, .width = 1, .numbers = {}, .name = fmt::format("t{}", id)};
  define_by(id, y, c.of_exponential, false);
  if (!differentiated_[at(id)]) return;
  const bool own = *c.slope_of_exponential != '\0';
  differentiate(id, factor(id, "s", own ? c.slope_of_exponential : c.by_left, false), {});
}

Column StraightLinePrinter::factor_column(int id, const char* stem) const {
  return {.kind = Column::Kind::kVariables,
          .width = network_.node(id).width,
          .numbers = {},
          .name = fmt::format("{}{}", stem, id)};
}

void StraightLinePrinter::differentiate(int id, const Factor& left, const Factor& right) {
  const ir::Node& n = network_.node(id);
  for (int d = 0; d < inputs_; ++d) {
    Column& slope = slopes_[at(id)][at(d)];
    slope.width = n.width;
    slope.name = fmt::format("d{}_{}", id, d);
    std::vector<std::pair<const Factor*, const Column*>> products;
    for (std::size_t k = 0; k < n.arguments.size(); ++k) {
      const Column& from = slopes_[at(n.arguments[k])][at(d)];
      if (!from.absent()) products.emplace_back(k == 0 ? &left : &right, &from);
    }
    if (products.empty()) continue;
    const bool alone = n.arguments.size() == 1 && left.constant;
    if (alone && products[0].second->kind == Column::Kind::kNumbers) {
      slope.kind = Column::Kind::kNumbers;
      slope.numbers = products[0].second->numbers;
      for (double& number : slope.numbers) number *= ir::slopes_of(n, 0, 0, 0).by_left;
      continue;
    }
    slope.kind = Column::Kind::kVariables;
    define_blocks(slope, [&](int b) {
      std::string text;
      for (const auto& [factor, from] : products) {
        const std::string block =
            n.width == 1 || factor->constant ? factor->text : fmt::format("{}_{}", factor->text, b);
        text += fmt::format("{}{} * {}", text.empty() ? "" : " + ", block, from->operand(b));
      }
      return text;
    });
  }
}

}  // namespace psi_xlstm::hdl
