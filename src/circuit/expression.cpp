#include "circuit/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_name_character(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

/// Reads a number from the front of `text` and takes it away; false where there is none.
bool take_number(std::string_view& text, double& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  constexpr std::pair<std::string_view, double> kScales[] = {
      {"meg", 1e6}, {"mil", 25.4e-6}, {"t", 1e12}, {"g", 1e9},   {"k", 1e3},
      {"m", 1e-3},  {"u", 1e-6},      {"n", 1e-9}, {"p", 1e-12}, {"f", 1e-15}};
  for (const auto& [letters, factor] : kScales) {
    if (!text.starts_with(letters)) continue;
    value *= factor;
    break;
  }
  while (!text.empty() && is_letter(text.front())) text.remove_prefix(1);
  return true;
}

}  // namespace

double spice_number(std::string_view text, const std::string& where) {
  double value = 0;
  std::string_view rest = text.starts_with('+') ? text.substr(1) : text;
  if (!take_number(rest, value) || !rest.empty() || !std::isfinite(value)) {
    throw SpiceError(fmt::format("{}: expected a number, got \"{}\"", where, text));
  }
  return value;
}

/// Recursive descent: comparisons of sums of products of factors.
class CircuitExpression::Reader {
 public:
  Reader(CircuitExpression& to,
         std::string_view text,
         const std::map<std::string, double>& known,
         const std::string& where)
      : to_(to), rest_(text), known_(known), where_(where) {}

  void read() {
    condition();
    skip_blanks();
    if (!rest_.empty()) refuse("an operator or the end");
    const bool jumps = std::any_of(to_.nodes_.begin(), to_.nodes_.end(),
                                   [](const Node& n) { return n.op >= Op::kFloor; });
    if (!jumps || to_.voltages_.empty()) return;
    throw SpiceError(
        fmt::format("{}: expected no comparison, floor, min or max beside a voltage in an "
                    "expression, got v({})",
                    where_, to_.voltages_.front().plus));
  }

 private:
  [[noreturn]] void refuse(const std::string& expected) const {
    throw SpiceError(
        fmt::format("{}: expected {} in an expression, got \"{}\"", where_, expected, rest_));
  }

  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }

  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::size_t add(Node node) {
    to_.nodes_.push_back(node);
    return to_.nodes_.size() - 1;
  }

  bool take(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::size_t condition() {
    std::size_t left = comparison();
    for (;;) {
      if (take("&&")) {
        left = add({.op = Op::kAnd, .left = left, .right = comparison()});
      } else if (take("||")) {
        left = add({.op = Op::kOr, .left = left, .right = comparison()});
      } else {
        return left;
      }
    }
  }

  std::size_t comparison() {
    const std::size_t left = sum();
    if (take("==")) return add({.op = Op::kEqual, .left = left, .right = sum()});
    if (take("!=")) return add({.op = Op::kUnequal, .left = left, .right = sum()});
    if (take("<=")) return add({.op = Op::kLessOrEqual, .left = left, .right = sum()});
    if (take('<')) return add({.op = Op::kLess, .left = left, .right = sum()});
    const bool or_equal = take(">=");
    if (!or_equal && !take('>')) return left;
    return add({.op = or_equal ? Op::kLessOrEqual : Op::kLess, .left = sum(), .right = left});
  }

  std::size_t sum() {
    std::size_t left = product();
    for (;;) {
      if (take('+')) {
        left = add({.op = Op::kAdd, .left = left, .right = product()});
      } else if (take('-')) {
        left = add({.op = Op::kSubtract, .left = left, .right = product()});
      } else {
        return left;
      }
    }
  }

  std::size_t product() {
    std::size_t left = factor();
    for (;;) {
      if (take('*')) {
        left = add({.op = Op::kMultiply, .left = left, .right = factor()});
      } else if (take('/')) {
        left = add({.op = Op::kDivide, .left = left, .right = factor()});
      } else {
        return left;
      }
    }
  }

  std::size_t factor() {
    if (++depth_ > 100) refuse("fewer parentheses");
    const std::size_t node = unguarded_factor();
    --depth_;
    return node;
  }

  std::size_t unguarded_factor() {
    if (take('-')) {
      const std::size_t zero = add({.op = Op::kNumber});
      return add({.op = Op::kSubtract, .left = zero, .right = factor()});
    }
    if (take('+')) return factor();
    for (const auto& [open, close] : {std::pair('(', ')'), std::pair('{', '}')}) {
      if (!take(open)) continue;
      const std::size_t inside = condition();
      if (!take(close)) refuse(fmt::format("\"{}\"", close));
      return inside;
    }
    double number = 0;
    if (!rest_.empty() && !is_letter(rest_.front()) && take_number(rest_, number)) {
      return add({.op = Op::kNumber, .number = number});
    }
    return name();
  }

  std::size_t name() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_name_character);
    const std::string word(rest_.begin(), end);
    if (word.empty() || !is_letter(word.front())) refuse("a number or a name");
    const auto length = static_cast<std::ptrdiff_t>(word.size());
    if (const auto found = known_.find(word); found != known_.end()) {
      rest_.remove_prefix(static_cast<std::size_t>(length));
      return add({.op = Op::kNumber, .number = found->second});
    }
    constexpr std::pair<std::string_view, Op> kFunctions[] = {
        {"tanh", Op::kTanh}, {"exp", Op::kExp}, {"ln", Op::kLn},   {"sqrt", Op::kSqrt},
        {"sin", Op::kSin},   {"cos", Op::kCos}, {"abs", Op::kAbs}, {"floor", Op::kFloor},
        {"min", Op::kMin},   {"max", Op::kMax}};
    for (const auto& [function, op] : kFunctions) {
      if (word != function) continue;
      rest_.remove_prefix(word.size());
      return call(op);
    }
    if (word != "v")
      refuse("a known parameter, v() or one of tanh exp ln sqrt sin cos abs floor min max");
    rest_.remove_prefix(word.size());
    return voltage();
  }

  std::size_t call(Op op) {
    if (!take('(')) refuse("\"(\"");
    const std::size_t first = sum();
    const bool two = op == Op::kMin || op == Op::kMax;
    if (two && !take(',')) refuse("\",\"");
    const std::size_t second = two ? sum() : 0;
    if (!take(')')) refuse("\")\"");
    return add({.op = op, .left = first, .right = second});
  }

  std::string node_name() {
    skip_blanks();
    const auto end = std::find_if(rest_.begin(), rest_.end(),
                                  [](char c) { return c == ',' || c == ')' || c == ' '; });
    std::string found(rest_.begin(), end);
    if (found.empty()) refuse("a node");
    rest_.remove_prefix(found.size());
    return found;
  }

  std::size_t voltage() {
    if (!take('(')) refuse("\"(\"");
    Voltage read{.plus = node_name(), .minus = "0"};
    if (take(',')) read.minus = node_name();
    if (!take(')')) refuse("\")\"");
    to_.voltages_.push_back(std::move(read));
    return add({.op = Op::kVoltage, .left = to_.voltages_.size() - 1});
  }

  CircuitExpression& to_;
  std::string_view rest_;
  const std::map<std::string, double>& known_;
  const std::string& where_;
  int depth_ = 0;
};

CircuitExpression::CircuitExpression(std::string_view text,
                                     const std::map<std::string, double>& known,
                                     const std::string& where) {
  Reader(*this, text, known, where).read();
}

double CircuitExpression::value_of(const Node& node, double left, double right) {
  switch (node.op) {
    case Op::kAdd:
      return left + right;
    case Op::kSubtract:
      return left - right;
    case Op::kMultiply:
      return left * right;
    case Op::kDivide:
      return left / right;
    case Op::kTanh:
      return std::tanh(left);
    case Op::kExp:
      return std::exp(left);
    case Op::kLn:
      return std::log(left);
    case Op::kSqrt:
      return std::sqrt(left);
    case Op::kSin:
      return std::sin(left);
    case Op::kCos:
      return std::cos(left);
    case Op::kAbs:
      return std::abs(left);
    case Op::kFloor:
      return std::floor(left);
    case Op::kMin:
      return std::min(left, right);
    case Op::kMax:
      return std::max(left, right);
    case Op::kEqual:
      return left == right ? 1 : 0;
    case Op::kUnequal:
      return left == right ? 0 : 1;
    case Op::kLess:
      return left < right ? 1 : 0;
    case Op::kLessOrEqual:
      return left <= right ? 1 : 0;
    case Op::kAnd:
      return left != 0 && right != 0 ? 1 : 0;
    case Op::kOr:
      return left != 0 || right != 0 ? 1 : 0;
    default:
      return node.number;
  }
}

double CircuitExpression::evaluate(std::span<const double> voltages,
                                   std::span<double> slopes) const {
  std::vector<double> value(nodes_.size()), adjoint(nodes_.size(), 0.0);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& n = nodes_[i];
    value[i] = n.op == Op::kVoltage ? voltages[n.left] : value_of(n, value[n.left], value[n.right]);
  }
  std::fill(slopes.begin(), slopes.end(), 0.0);
  adjoint.back() = 1;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    const Node& n = nodes_[i];
    const double a = adjoint[i], right = value[n.right];
    const double left = n.op == Op::kVoltage ? 0 : value[n.left];
    switch (n.op) {
      case Op::kNumber:
        break;
      case Op::kVoltage:
        slopes[n.left] += a;
        break;
      case Op::kAdd:
      case Op::kSubtract:
        adjoint[n.left] += a;
        adjoint[n.right] += n.op == Op::kAdd ? a : -a;
        break;
      case Op::kMultiply:
        adjoint[n.left] += a * right;
        adjoint[n.right] += a * left;
        break;
      case Op::kDivide:
        adjoint[n.left] += a / right;
        adjoint[n.right] -= a * value[i] / right;
        break;
      case Op::kTanh:
        adjoint[n.left] += a * (1 - value[i] * value[i]);
        break;
      case Op::kExp:
        adjoint[n.left] += a * value[i];
        break;
      case Op::kLn:
        adjoint[n.left] += a / left;
        break;
      case Op::kSqrt:
        adjoint[n.left] += a / (2 * value[i]);
        break;
      case Op::kSin:
        adjoint[n.left] += a * std::cos(left);
        break;
      case Op::kCos:
        adjoint[n.left] -= a * std::sin(left);
        break;
      case Op::kAbs:
        adjoint[n.left] += left < 0 ? -a : a;
        break;
      default:  // of constants
        break;
    }
  }
  return value.back();
}

double CircuitExpression::constant(const std::string& where) const {
  if (voltages_.empty()) return evaluate({}, {});
  throw SpiceError(fmt::format("{}: expected an expression of parameters, got one of v({})", where,
                               voltages_.front().plus));
}

}  // namespace psi_xlstm
