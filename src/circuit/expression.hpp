#pragma once

/// @file
/// Numbers and arithmetic as a netlist writes them.

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// The value of a number in SPICE's notation: digits, an optional exponent, an optional scale
/// factor (t g meg k m u n p f) and letters that mean nothing ("10kohm"). Throws SpiceError, which
/// `where` opens, where `text` is something else.
double spice_number(std::string_view text, const std::string& where);

/// An expression of numbers, parameters and node voltages:
///
///   + - * / ( ) { }, tanh exp ln sqrt sin cos abs, v(a), v(a,b)
///
/// and, of numbers and parameters only, floor min max and the comparisons == != < <= > >= with &&
/// and ||, which are 1 or 0.
class CircuitExpression {
 public:
  /// A voltage the expression reads; `minus` is "0" for v(a).
  struct Voltage {
    std::string plus, minus;
  };

  /// Reads `text` (lower case) with the parameters `known`. Throws SpiceError, which `where` opens,
  /// at what it does not know.
  CircuitExpression(std::string_view text,
                    const std::map<std::string, double>& known,
                    const std::string& where);

  const std::vector<Voltage>& voltages() const { return voltages_; }
  /// Replaces the name of every node by what `to` makes of it.
  void rename(const std::function<std::string(const std::string&)>& to) {
    for (Voltage& v : voltages_) v = {.plus = to(v.plus), .minus = to(v.minus)};
  }
  /// The value at `voltages` [V], in the order of voltages(); `slopes` (as many) are the
  /// derivatives by them.
  double evaluate(std::span<const double> voltages, std::span<double> slopes) const;
  /// The value where it reads no voltage. Throws SpiceError, which `where` opens, where it does.
  double constant(const std::string& where) const;

 private:
  enum class Op {
    kNumber,
    kVoltage,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kTanh,
    kExp,
    kLn,
    kSqrt,
    kSin,
    kCos,
    kAbs,
    kFloor,  // from here on of constants only
    kMin,
    kMax,
    kEqual,
    kUnequal,
    kLess,
    kLessOrEqual,
    kAnd,
    kOr
  };
  struct Node {
    Op op = Op::kNumber;
    std::size_t left = 0, right = 0;  ///< Nodes before this one; of a voltage: its number.
    double number = 0;
  };
  class Reader;
  static double value_of(const Node& node, double left, double right);

  std::vector<Voltage> voltages_;
  std::vector<Node> nodes_;  ///< Arguments before users; the last is the result.
};

}  // namespace psi_xlstm
