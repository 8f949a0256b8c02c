#include "osdi_evaluation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <utility>

#include "psi_xlstm/core/number_text.hpp"
#include "psi_xlstm/ir/jacobian.hpp"

namespace psi_xlstm::hdl {
namespace {

using ir::Op;

constexpr int kLanes = 4;

int blocks_of(int width) { return (width + kLanes - 1) / kLanes; }

std::string in_parentheses(double number) {
  return number < 0 ? fmt::format("({})", shortest(number)) : shortest(number);
}

// `numbers` from `first` on as one vector, filled up with zeros.
std::string vector_of(const std::vector<std::string>& numbers) {
  return fmt::format("(Real4){{{}}}", fmt::join(numbers, ", "));
}

// An array of one number per element of a node, as it stands in the C text: absent, known numbers,
// or variables <name> (one element) or <name>_<block> (vectors).
struct Column {
  enum class Kind { kAbsent, kNumbers, kVariables } kind = Kind::kAbsent;
  int width = 0;
  std::vector<double> numbers;
  std::string name;

  bool absent() const { return kind == Kind::kAbsent; }

  std::string scalar(int element) const {
    if (kind == Kind::kNumbers) return in_parentheses(numbers[static_cast<std::size_t>(element)]);
    if (width == 1) return name;
    return fmt::format("{}_{}[{}]", name, element / kLanes, element % kLanes);
  }

  std::string vector(int block) const {
    if (kind == Kind::kVariables && width > 1) return fmt::format("{}_{}", name, block);
    std::vector<std::string> lanes;
    for (int i = kLanes * block; i < width && i < kLanes * (block + 1); ++i) {
      lanes.push_back(scalar(i));
    }
    return vector_of(lanes);
  }

  // As an operand of an elementwise operation: a double where there is one element.
  std::string operand(int block) const { return width == 1 ? scalar(0) : vector(block); }
};

class Printer {
 public:
  explicit Printer(const ir::Network& network)
      : network_(network),
        depends_(ir::depends_on_inputs(network)),
        pattern_(network),
        inputs_(network.port_count() + network.state_count()),
        columns_(network.nodes.size()),
        slopes_(network.nodes.size(), std::vector<Column>(at(inputs_))) {
    const std::vector<double> zeros(at(inputs_), 0.0);
    pattern_.evaluate(zeros.data(), zeros.data());
    find_needed();
  }

  OsdiEvaluation print() {
    for (int id = 0; id < static_cast<int>(network_.nodes.size()); ++id) {
      if (needed_[at(id)]) node(id);
    }
    store();
    out_.text = constants_ + function();
    return std::move(out_);
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    body_ += "  " + fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  // The nodes that the results are made of, and those whose derivatives are wanted.
  void find_needed() {
    needed_.assign(network_.nodes.size(), false);
    differentiated_ = needed_;
    const auto mark = [&](std::vector<bool>& marks, int root) {
      if (root < 0) return;
      std::vector<int> open = {root};
      while (!open.empty()) {
        const int id = open.back();
        open.pop_back();
        if (marks[at(id)]) continue;
        marks[at(id)] = true;
        for (int argument : network_.node(id).arguments) open.push_back(argument);
      }
    };
    for (int root : {network_.current_node, network_.rate_node, network_.target_node}) {
      mark(needed_, root);
      mark(differentiated_, root);
    }
    mark(needed_, network_.conductance_node);
  }

  void node(int id) {
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
    if (n.op == Op::kPorts || n.op == Op::kStates) {
      inputs(id, n.op == Op::kPorts ? "v" : "c", n.op == Op::kPorts ? 0 : network_.port_count());
    } else if (n.op == Op::kAffine) {
      affine(id);
    } else {
      elementwise(id);
    }
  }

  void inputs(int id, const char* source, int first) {
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

  // Defines the variables of `column` from one expression per element.
  void define(const Column& column, const std::vector<std::string>& elements) {
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

  // Defines the variables of `column` from one expression per block.
  template <class Expression>
  void define_blocks(const Column& column, Expression expression) {
    const char* const type = column.width == 1 ? "double" : "Real4";
    for (int b = 0; b < blocks_of(column.width); ++b) {
      const std::string suffix = column.width == 1 ? "" : fmt::format("_{}", b);
      line("const {} {}{} = {};", type, column.name, suffix, expression(b));
    }
  }

  // --- W a + b -----------------------------------------------------------------------------------

  // One argument of an affine node, and where its columns stand in W.
  struct Term {
    const Column* column = nullptr;
    int first = 0;
  };

  double weight(const ir::Node& n, int row, int column) const {
    int inputs = 0;
    for (int argument : n.arguments) inputs += network_.node(argument).width;
    return network_.parameters[at(n.weight + row * inputs + column)];
  }

  void affine(int id) {
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

  // to = offset + W [arguments], where column_of gives the argument's column. What is made of known
  // numbers is computed here.
  template <class ColumnOf>
  void sum(int id, Column& to, std::vector<double> offset, ColumnOf column_of) {
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

  // A constant vector of W: rows [first_row, ...) of one column, or the reverse; named by content.
  std::string weights(const std::vector<double>& numbers) {
    std::vector<std::string> texts;
    for (double x : numbers) texts.push_back(shortest(x));
    const std::string text = fmt::format("{{{}}}", fmt::join(texts, ", "));
    const auto [found, is_new] =
        constant_names_.try_emplace(text, fmt::format("w{}", constant_names_.size()));
    if (is_new) constants_ += fmt::format("static const Real4 {} = {};\n", found->second, text);
    return found->second;
  }

  void sum_of_columns(int id,
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

  void sum_of_rows(int id,
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

  // --- one element after another -----------------------------------------------------------------

  void elementwise(int id) {
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

  // A known number as an operand beside elements of `column`.
  static std::string known(double number, const Column& column) {
    return column.width == 1 ? in_parentheses(number) : fmt::format("splat({})", shortest(number));
  }

  void transcendental(int id, const Column& a) {
    const Op op = network_.node(id).op;
    const Column& y = columns_[at(id)];
    const char* const stem = op == Op::kTanh ? "tanh" : op == Op::kSigmoid ? "sigmoid" : "exp";
    const int lanes = y.width == 1 ? 1 : kLanes;
    if (op == Op::kSoftplus) return softplus(id, a);
    define_blocks(y, [&](int b) { return fmt::format("{}{}({})", stem, lanes, a.operand(b)); });
    if (!differentiated_[at(id)]) return;
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

  // The value and the slope share exp(-|a|).
  void softplus(int id, const Column& a) {
    const Column& y = columns_[at(id)];
    const int lanes = y.width == 1 ? 1 : kLanes;
    const Column e = factor_column(id, "e"), slope = factor_column(id, "s");
    define_blocks(e, [&](int b) { return fmt::format("falling{}({})", lanes, a.operand(b)); });
    define_blocks(y, [&](int b) {
      return fmt::format("softplus{}({}, {})", lanes, a.operand(b), e.operand(b));
    });
    if (!differentiated_[at(id)]) return;
    define_blocks(slope, [&](int b) {
      return fmt::format("logistic{}({}, {})", lanes, a.operand(b), e.operand(b));
    });
    differentiate(id, slope.name, "");
  }

  // ln and square root by the library of C; lanes beside the elements stay 0.
  void of_math_library(int id, const Column& a) {
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

  void of_two(int id, const Column& a, const Column& b) {
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

  void quotient(int id, const Column& a, const Column& b) {
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

  Column factor_column(int id, const char* stem) const {
    return {.kind = Column::Kind::kVariables,
            .width = network_.node(id).width,
            .numbers = {},
            .name = fmt::format("{}{}", stem, id)};
  }

  // dy/d(input) = left * d(first argument) + right * d(second); the factors are variables, or
  // expressions in parentheses, of which every block is the same.
  void differentiate(int id, const std::string& left, const std::string& right) {
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

  // --- results -----------------------------------------------------------------------------------

  void store() {
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
    rows(network_.conductance_node, false);
  }

  std::string function() const {
    constexpr const char* kArguments =
        "(const double *v, const double *c, double *value, double *slope)";
    std::string text = fmt::format("\nPSI_INLINE void evaluate_body{} {{\n", kArguments);
    text += "  (void)v, (void)c, (void)slope;\n" + body_ + "}\n\n";
    text += fmt::format(
        "static void evaluate_anywhere{} {{\n  evaluate_body(v, c, value, slope);\n}}\n",
        kArguments);
    text += fmt::format(R"(
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void evaluate_avx2{0} {{
  evaluate_body(v, c, value, slope);
}}

static void (*evaluate_network){0} = evaluate_anywhere;

__attribute__((constructor)) static void choose_instructions(void) {{
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {{
    evaluate_network = evaluate_avx2;
  }}
}}
#else
#define evaluate_network evaluate_anywhere
#endif
)",
                        kArguments);
    return text;
  }

  const ir::Network& network_;
  std::vector<bool> depends_, needed_, differentiated_;
  ir::SparseJacobian pattern_;
  int inputs_;
  std::vector<Column> columns_;              ///< The values of every node.
  std::vector<std::vector<Column>> slopes_;  ///< [nodes][inputs]
  std::map<std::string, std::string> constant_names_;
  std::string constants_, body_;
  OsdiEvaluation out_;
};

}  // namespace

OsdiEvaluation osdi_evaluation(const ir::Network& network) { return Printer(network).print(); }

}  // namespace psi_xlstm::hdl
