#pragma once

/// @file
/// The table of operations: all that any part of the project has to know about an ir::Op stands in
/// one row of it. What works on one element after the other is its row and nothing else: the
/// interpreters, the bounds, the files and every printer read it from there.

#include <cmath>
#include <span>
#include <utility>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// 1 / (1 + exp(-a)), without overflow.
double sigmoid(double a);

/// ln(1 + exp(a)), without overflow, and exact where exp(a) is far below 1.
double softplus(double a);

/// dy/da and dy/db of an operation y(a, b).
struct Slopes {
  double by_left = 0;
  double by_right = 0;
};

/// What a number cannot leave.
struct Interval {
  double low = 0, high = 0;
};

/// How an operation looks in an expression of a SPICE netlist.
struct SpiceText {
  enum class Argument {
    kVoltage,      ///< A node of its own carries the argument.
    kExpression,   ///< The argument stands in the expression.
    kExpandedSum,  ///< The same, a sum with both its terms: no iterate takes it below zero.
  };
  const char* expression = "";  ///< Of node voltages.
  Argument argument = Argument::kVoltage;
  const char* parameter = "";  ///< Of parameters, where log is the natural logarithm.
  bool own_node = false;       ///< A node of its own carries it wherever it is not expanded.
};

/// How an operation looks in the C of a compiled model (src/hdl/osdi/runtime).
struct CText {
  const char* value = "";     ///< Expression.
  const char* by_left = "";   ///< dy/da; {l} in `by_right` is this one.
  const char* by_right = "";  ///< dy/db
  bool on_vectors = false;    ///< The three hold for vectors of four as well as for numbers.
  const char* shared = "";    ///< {e}, which value and derivative share.
  const char* all = "";       ///< Function of arrays (y, a, count), where there is one.
  const char* all_slopes = "";
  /// Where several single exponentials are computed at once: of what, and what is made of it, {e}.
  const char* exponent = "";
  const char* of_exponential = "";
  const char* slope_of_exponential = "";  ///< Empty: `by_left`.
};

/// One row. In the texts {a} and {b} are the arguments, {y} the value, {f} the node's factor and
/// {1} the number one.
struct Operation {
  Op op = Op::kPorts;
  const char* name = "";       ///< In files.
  int arguments = 0;           ///< How many; -1: any number.
  bool has_factor = false;     ///< Node::factor means something.
  bool computes = true;        ///< False where its elements are inputs, or elements of other nodes.
  bool linear = false;         ///< The slopes are the same everywhere.
  bool exponential = false;    ///< Its argument is one of an exponential, and must stay bounded.
  const char* verilog_a = "";  ///< Expression.
  SpiceText spice;
  CText c;

  // Of what works on one element after the other; null for the others.
  double (*value)(double a, double b, double factor) = nullptr;
  Slopes (*slopes)(double a, double b, double y, double factor) = nullptr;
  /// y[i] for i in 0..count-1; `b` may be null where there is one argument.
  void (*values)(const double* a, const double* b, double factor, double* y, int count) = nullptr;
  /// Adds adjoint[i] dy/da to to_a[i] and adjoint[i] dy/db to to_b[i].
  void (*add_slopes)(const double* a,
                     const double* b,
                     const double* y,
                     double factor,
                     const double* adjoint,
                     double* to_a,
                     double* to_b,
                     int count) = nullptr;
  Interval (*bound)(Interval a, Interval b, double factor) = nullptr;  ///< Null: y rises with a.
  Interval (*bound_of_same)(Interval a) = nullptr;  ///< Where both arguments are one node.
};

/// The row of `op`.
const Operation& operation(Op op);

/// All rows, in the order of Op.
std::span<const Operation> operations();

/// y as its arguments' elements a and b make it; `node` is one of one element after the other.
inline double value_of(const Node& node, double a, double b = 0) {
  return operation(node.op).value(a, b, node.factor);
}
inline Slopes slopes_of(const Node& node, double a, double b, double y) {
  return operation(node.op).slopes(a, b, y, node.factor);
}

/// y = kStandard of a, both [width]; returns 1 / sqrt(variance + eps).
double standardise(const double* a, double* y, int width, double eps);

/// The derivative of kStandard along the change `da` of its argument, from its value y and what
/// standardise() returned, [width]; also its transpose, because dy/da is symmetric.
void standard_slope(const double* y, double inverse, const double* da, double* dy, int width);

// --- The ways in which elements depend on elements -----------------------------------------------

struct PortsOp {};
struct StatesOp {};
struct StartOp {};
struct AffineOp {};
struct GatherOp {};
struct GroupSumOp {};
struct StandardOp {};
struct ElementwiseOp {
  const Operation& row;
};

/// Calls `visitor` with the way of `op`: one of the types above. A visitor that lacks one of them
/// does not compile.
template <class Visitor>
decltype(auto) visit(Op op, Visitor&& visitor) {
  switch (op) {
    case Op::kPorts:
      return visitor(PortsOp{});
    case Op::kStates:
      return visitor(StatesOp{});
    case Op::kStart:
      return visitor(StartOp{});
    case Op::kAffine:
      return visitor(AffineOp{});
    case Op::kGather:
      return visitor(GatherOp{});
    case Op::kGroupSum:
      return visitor(GroupSumOp{});
    case Op::kStandard:
      return visitor(StandardOp{});
    default:
      return visitor(ElementwiseOp{operation(op)});
  }
}

/// A visitor made of one function per way.
template <class... Functions>
struct Ways : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Ways(Functions...) -> Ways<Functions...>;

}  // namespace psi_xlstm::ir
