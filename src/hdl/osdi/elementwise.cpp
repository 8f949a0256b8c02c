#include "core/number_text.hpp"
#include "hdl/osdi/evaluation_printer.hpp"
#include "hdl/text/expression.hpp"

namespace psi_xlstm::hdl {

using ir::Op;

void StraightLinePrinter::elementwise(int id) {
  const ir::Node& n = network_.node(id);
  const Column& y = columns_[at(id)];
  const Column& a = columns_[at(n.arguments[0])];
  switch (n.op) {
    case Op::kScale:
      define_blocks(y, [&](int b) { return known(n.factor, y) + " * " + a.operand(b); });
      return differentiate(id, known(n.factor, y), "");
    case Op::kTanh:
    case Op::kSigmoid:
    case Op::kSoftplus:
    case Op::kExp:
      return transcendental(id, a);
    case Op::kLog:
    case Op::kSqrt:
      return of_math_library(id, a);
    default:
      return of_two(id, a, columns_[at(n.arguments[1])]);
  }
}

std::string StraightLinePrinter::known(double number, const Column& column) {
  return column.width == 1 ? in_parentheses(number) : fmt::format("splat({})", shortest(number));
}

void StraightLinePrinter::transcendental(int id, const Column& a) {
  const Op op = network_.node(id).op;
  if (op == Op::kSoftplus) return softplus(id, a);
  const char* const stem = op == Op::kTanh ? "tanh" : op == Op::kSigmoid ? "sigmoid" : "exp";
  define_blocks(columns_[at(id)],
                [&](int b) { return fmt::format("{}4({})", stem, a.operand(b)); });
  differentiate_by_value(id);
}

void StraightLinePrinter::softplus(int id, const Column& a) {
  const Column e = factor_column(id, "e"), slope = factor_column(id, "s");
  define_blocks(e, [&](int b) { return fmt::format("falling4({})", a.operand(b)); });
  define_blocks(columns_[at(id)], [&](int b) {
    return fmt::format("softplus4({}, {})", a.operand(b), e.operand(b));
  });
  if (!differentiated_[at(id)]) return;
  define_blocks(
      slope, [&](int b) { return fmt::format("logistic4({}, {})", a.operand(b), e.operand(b)); });
  differentiate(id, slope.name, "");
}

bool StraightLinePrinter::has_one_exponential(int id) const {
  const ir::Node& n = network_.node(id);
  const bool exponential =
      n.op == Op::kTanh || n.op == Op::kSigmoid || n.op == Op::kSoftplus || n.op == Op::kExp;
  return exponential && n.width == 1 && depends_[at(id)];
}

void StraightLinePrinter::exponentials(const std::vector<int>& ids) {
  std::vector<std::string> exponents;
  for (int id : ids) {
    const Op op = network_.node(id).op;
    const std::string a = columns_[at(network_.node(id).arguments[0])].scalar(0);
    exponents.push_back(op == Op::kExp    ? a
                        : op == Op::kTanh ? fmt::format("-2.0 * fabs({})", a)
                                          : fmt::format("-fabs({})", a));
  }
  line("const Real4 e{}_group = exp4({});", ids.front(), vector_of(exponents));
  for (std::size_t k = 0; k < ids.size(); ++k) {
    line("const double e{} = e{}_group[{}];", ids[k], ids.front(), k);
  }
  for (int id : ids) of_exponential(id, columns_[at(network_.node(id).arguments[0])].scalar(0));
}

void StraightLinePrinter::of_exponential(int id, const std::string& a) {
  const Op op = network_.node(id).op;
  columns_[at(id)] = {
      .kind = Column::Kind::kVariables, .width = 1, .numbers = {}, .name = fmt::format("t{}", id)};
  const char* const function = op == Op::kTanh      ? "tanh1"
                               : op == Op::kSigmoid ? "logistic1"
                                                    : "softplus1";
  line("const double t{0} = {1};", id,
       op == Op::kExp ? fmt::format("e{}", id) : fmt::format("{}({}, e{})", function, a, id));
  if (op != Op::kSoftplus) return differentiate_by_value(id);
  if (!differentiated_[at(id)]) return;
  line("const double s{0} = logistic1({1}, e{0});", id, a);
  differentiate(id, fmt::format("s{}", id), "");
}

void StraightLinePrinter::differentiate_by_value(int id) {
  if (!differentiated_[at(id)]) return;
  const Op op = network_.node(id).op;
  const Column& y = columns_[at(id)];
  const Column factor = factor_column(id, "s");
  const std::string one = known(1.0, y);
  define_blocks(factor, [&](int b) {
    const std::string t = y.operand(b);
    if (op == Op::kTanh) return fmt::format("{} - {} * {}", one, t, t);
    if (op == Op::kSigmoid) return fmt::format("{} * ({} - {})", t, one, t);
    return t;
  });
  differentiate(id, factor.name, "");
}

void StraightLinePrinter::of_math_library(int id, const Column& a) {
  const bool is_log = network_.node(id).op == Op::kLog;
  const Column& y = columns_[at(id)];
  std::vector<std::string> values, factors;
  for (int i = 0; i < y.width; ++i) {
    values.push_back(fmt::format("{}({})", is_log ? "log" : "sqrt", a.scalar(i)));
    factors.push_back(is_log ? fmt::format("1.0 / {}", a.scalar(i))
                             : fmt::format("0.5 / {}", y.scalar(i)));
  }
  define(y, values);
  if (!differentiated_[at(id)]) return;
  define(factor_column(id, "s"), factors);
  differentiate(id, fmt::format("s{}", id), "");
}

void StraightLinePrinter::of_two(int id, const Column& a, const Column& b) {
  const Op op = network_.node(id).op;
  const Column& y = columns_[at(id)];
  if (op == Op::kQuotient) return quotient(id, a, b);
  const char sign = op == Op::kSum ? '+' : '*';
  define_blocks(y,
                [&](int k) { return fmt::format("{} {} {}", a.operand(k), sign, b.operand(k)); });
  if (!differentiated_[at(id)]) return;
  if (op == Op::kSum) return differentiate(id, known(1.0, y), known(1.0, y));
  const Column left = factor_column(id, "s"), right = factor_column(id, "u");
  define_blocks(left, [&](int k) { return b.operand(k); });
  define_blocks(right, [&](int k) { return a.operand(k); });
  differentiate(id, left.name, right.name);
}

void StraightLinePrinter::quotient(int id, const Column& a, const Column& b) {
  const Column& y = columns_[at(id)];
  std::vector<std::string> values, by_left, by_right;
  for (int i = 0; i < y.width; ++i) {
    values.push_back(fmt::format("{} / {}", a.scalar(i), b.scalar(i)));
    by_left.push_back(fmt::format("1.0 / {}", b.scalar(i)));
    by_right.push_back(fmt::format("-{} / {}", y.scalar(i), b.scalar(i)));
  }
  define(y, values);
  if (!differentiated_[at(id)]) return;
  const Column left = factor_column(id, "s"), right = factor_column(id, "u");
  define(left, by_left);
  define(right, by_right);
  differentiate(id, left.name, right.name);
}

Column StraightLinePrinter::factor_column(int id, const char* stem) const {
  return {.kind = Column::Kind::kVariables,
          .width = network_.node(id).width,
          .numbers = {},
          .name = fmt::format("{}{}", stem, id)};
}

void StraightLinePrinter::differentiate(int id, const std::string& left, const std::string& right) {
  if (!differentiated_[at(id)]) return;
  const ir::Node& n = network_.node(id);
  for (int d = 0; d < inputs_; ++d) {
    Column& slope = slopes_[at(id)][at(d)];
    slope.width = n.width;
    slope.name = fmt::format("d{}_{}", id, d);
    std::vector<std::pair<std::string, const Column*>> products;
    for (std::size_t k = 0; k < n.arguments.size(); ++k) {
      const Column& from = slopes_[at(n.arguments[k])][at(d)];
      if (!from.absent()) products.emplace_back(k == 0 ? left : right, &from);
    }
    if (products.empty()) continue;
    if (n.op == Op::kScale && products[0].second->kind == Column::Kind::kNumbers) {
      slope.kind = Column::Kind::kNumbers;
      slope.numbers = products[0].second->numbers;
      for (double& number : slope.numbers) number *= n.factor;
      continue;
    }
    slope.kind = Column::Kind::kVariables;
    define_blocks(slope, [&](int b) {
      std::string text;
      for (const auto& [factor, from] : products) {
        const bool is_number = factor.find_first_of("(.") != std::string::npos;
        const std::string block =
            n.width == 1 || is_number ? factor : fmt::format("{}_{}", factor, b);
        text += fmt::format("{}{} * {}", text.empty() ? "" : " + ", block, from->operand(b));
      }
      return text;
    });
  }
}

}  // namespace psi_xlstm::hdl
