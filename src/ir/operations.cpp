#include "ir/operations.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "ir/vector_functions.hpp"

namespace psi_xlstm::ir {

double sigmoid(double a) {
  const double e = std::exp(-std::abs(a));
  return a >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double softplus(double a) { return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a))); }

namespace {

using SpiceArgument = SpiceText::Argument;

// --- Values and slopes ---------------------------------------------------------------------------

struct Scale {
  static double value(double a, double, double factor) { return factor * a; }
  static Slopes slopes(double, double, double, double factor) { return {factor, 0}; }
};
struct Tanh {
  static double value(double a, double, double) { return std::tanh(a); }
  static Slopes slopes(double, double, double y, double) { return {1 - y * y, 0}; }
};
struct Sigmoid {
  static double value(double a, double, double) { return sigmoid(a); }
  static Slopes slopes(double, double, double y, double) { return {y * (1 - y), 0}; }
};
struct Softplus {
  static double value(double a, double, double) { return softplus(a); }
  static Slopes slopes(double a, double, double, double) { return {sigmoid(a), 0}; }
};
struct Exp {
  static double value(double a, double, double) { return std::exp(a); }
  static Slopes slopes(double, double, double y, double) { return {y, 0}; }
};
struct Log {
  static double value(double a, double, double) { return std::log(a); }
  static Slopes slopes(double a, double, double, double) { return {1 / a, 0}; }
};
struct Sqrt {
  static double value(double a, double, double) { return std::sqrt(a); }
  static Slopes slopes(double, double, double y, double) { return {0.5 / y, 0}; }
};
struct Sum {
  static double value(double a, double b, double) { return a + b; }
  static Slopes slopes(double, double, double, double) { return {1, 1}; }
};
struct Product {
  static double value(double a, double b, double) { return a * b; }
  static Slopes slopes(double a, double b, double, double) { return {b, a}; }
};
struct Quotient {
  static double value(double a, double b, double) { return a / b; }
  static Slopes slopes(double, double b, double y, double) { return {1 / b, -y / b}; }
};

template <class F>
void values_of(const double* a, const double* b, double factor, double* y, int count) {
  for (int i = 0; i < count; ++i) y[i] = F::value(a[i], b == nullptr ? 0 : b[i], factor);
}

void tanh_values(const double* a, const double*, double, double* y, int count) {
  tanh_of(a, y, count);
}

template <class F>
void add_slopes_of(const double* a,
                   const double* b,
                   const double* y,
                   double factor,
                   const double* d_y,
                   double* to_a,
                   double* to_b,
                   int count) {
  for (int i = 0; i < count; ++i) {
    const Slopes slopes = F::slopes(a[i], b == nullptr ? 0 : b[i], y[i], factor);
    to_a[i] += d_y[i] * slopes.by_left;
    if (b != nullptr) to_b[i] += d_y[i] * slopes.by_right;
  }
}

// --- Bounds --------------------------------------------------------------------------------------

Interval bound_of_scale(Interval a, Interval, double factor) {
  return {std::min(a.low * factor, a.high * factor), std::max(a.low * factor, a.high * factor)};
}

Interval bound_of_sum(Interval a, Interval b, double) { return {a.low + b.low, a.high + b.high}; }

Interval bound_of_product(Interval a, Interval b, double) {
  const double corners[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

Interval bound_of_square(Interval a) {
  const double largest = std::max(a.low * a.low, a.high * a.high);
  const bool around_zero = a.low < 0 && a.high > 0;
  return {around_zero ? 0 : std::min(a.low * a.low, a.high * a.high), largest};
}

Interval bound_of_quotient(Interval a, Interval b, double factor) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (b.low <= 0 && b.high >= 0) return {-kInfinity, kInfinity};
  return bound_of_product(a, {1 / b.high, 1 / b.low}, factor);
}

// --- Rows ----------------------------------------------------------------------------------------

template <class F>
constexpr Operation with_functions(Operation row) {
  row.value = F::value;
  row.slopes = F::slopes;
  row.values = values_of<F>;
  row.add_slopes = add_slopes_of<F>;
  return row;
}

constexpr Operation tanh_row() {
  Operation row =
      with_functions<Tanh>({.op = Op::kTanh,
                            .name = "tanh",
                            .arguments = 1,
                            .verilog_a = "tanh({a})",
                            .spice = {"tanh({a})", SpiceArgument::kVoltage, "tanh({a})"},
                            .c = {.value = "tanh4({a})",
                                  .by_left = "{1} - {y} * {y}",
                                  .on_vectors = true,
                                  .all = "tanh_all",
                                  .exponent = "-2.0 * fabs({a})",
                                  .of_exponential = "tanh1({a}, {e})"}});
  row.values = tanh_values;
  return row;
}

constexpr std::array kOperations = {
    Operation{.op = Op::kPorts, .name = "ports", .computes = false},
    Operation{.op = Op::kStates, .name = "states", .computes = false},
    Operation{.op = Op::kStart, .name = "start", .computes = false},
    Operation{.op = Op::kAffine, .name = "affine", .arguments = -1},
    with_functions<Scale>({.op = Op::kScale,
                           .name = "scale",
                           .arguments = 1,
                           .has_factor = true,
                           .linear = true,
                           .verilog_a = "{f}*{a}",
                           .spice = {"{f}*{a}", SpiceArgument::kExpression, "({f})*{a}"},
                           .c = {.value = "{f} * {a}", .by_left = "{f}", .on_vectors = true},
                           .bound = bound_of_scale}),
    tanh_row(),
    with_functions<Sigmoid>(
        {.op = Op::kSigmoid,
         .name = "sigmoid",
         .arguments = 1,
         .exponential = true,
         .verilog_a = "1.0/(1.0 + exp(-{a}))",
         .spice = {"(1.0/(1.0+exp(-{a})))", SpiceArgument::kVoltage, "1.0/(1.0+exp(-({a})))"},
         .c = {.value = "sigmoid4({a})",
               .by_left = "{y} * ({1} - {y})",
               .on_vectors = true,
               .all = "sigmoid_all",
               .exponent = "-fabs({a})",
               .of_exponential = "logistic1({a}, {e})"}}),
    with_functions<Softplus>(
        {.op = Op::kSoftplus,
         .name = "softplus",
         .arguments = 1,
         .exponential = true,
         .verilog_a = "ln(1.0 + exp({a}))",
         .spice = {"ln(1.0+exp({a}))", SpiceArgument::kVoltage, "log(1.0+exp({a}))"},
         .c = {.value = "softplus4({a}, {e})",
               .by_left = "logistic4({a}, {e})",
               .on_vectors = true,
               .shared = "falling4({a})",
               .all = "softplus_all",
               .all_slopes = "logistic_all",
               .exponent = "-fabs({a})",
               .of_exponential = "softplus1({a}, {e})",
               .slope_of_exponential = "logistic1({a}, {e})"}}),
    with_functions<Exp>({.op = Op::kExp,
                         .name = "exp",
                         .arguments = 1,
                         .exponential = true,
                         .verilog_a = "exp({a})",
                         .spice = {"exp({a})", SpiceArgument::kVoltage, "exp({a})"},
                         .c = {.value = "exp4({a})",
                               .by_left = "{y}",
                               .on_vectors = true,
                               .all = "exp_all",
                               .exponent = "{a}",
                               .of_exponential = "{e}"}}),
    with_functions<Log>({.op = Op::kLog,
                         .name = "log",
                         .arguments = 1,
                         .verilog_a = "ln({a})",
                         .spice = {"ln({a})", SpiceArgument::kVoltage, "log({a})"},
                         .c = {.value = "log({a})", .by_left = "1.0 / {a}"}}),
    with_functions<Sqrt>({.op = Op::kSqrt,
                          .name = "sqrt",
                          .arguments = 1,
                          .verilog_a = "sqrt({a})",
                          .spice = {"sqrt({a})", SpiceArgument::kExpandedSum, "sqrt({a})"},
                          .c = {.value = "sqrt({a})", .by_left = "0.5 / {y}"}}),
    with_functions<Sum>(
        {.op = Op::kSum,
         .name = "sum",
         .arguments = 2,
         .linear = true,
         .verilog_a = "{a} + {b}",
         .spice = {"{a}+{b}", SpiceArgument::kExpression, "({a})+({b})", true},
         .c = {.value = "{a} + {b}", .by_left = "{1}", .by_right = "{1}", .on_vectors = true},
         .bound = bound_of_sum}),
    with_functions<Product>(
        {.op = Op::kProduct,
         .name = "product",
         .arguments = 2,
         .verilog_a = "{a} * {b}",
         .spice = {"({a})*({b})", SpiceArgument::kExpression, "({a})*({b})"},
         .c = {.value = "{a} * {b}", .by_left = "{b}", .by_right = "{a}", .on_vectors = true},
         .bound = bound_of_product,
         .bound_of_same = bound_of_square}),
    with_functions<Quotient>(
        {.op = Op::kQuotient,
         .name = "quotient",
         .arguments = 2,
         .verilog_a = "{a} / {b}",
         .spice = {"({a})/({b})", SpiceArgument::kExpression, "({a})/({b})"},
         .c = {.value = "{a} / {b}", .by_left = "1.0 / {b}", .by_right = "-{y} * {l}"},
         .bound = bound_of_quotient}),
    Operation{.op = Op::kGather, .name = "gather", .arguments = -1, .computes = false},
    Operation{.op = Op::kGroupSum, .name = "group_sum", .arguments = 1},
    Operation{.op = Op::kStandard, .name = "standard", .arguments = 1, .has_factor = true}};

constexpr bool in_the_order_of_op() {
  for (std::size_t i = 0; i < kOperations.size(); ++i) {
    if (kOperations[i].op != static_cast<Op>(i)) return false;
  }
  return kOperations.size() == static_cast<std::size_t>(Op::kStandard) + 1;
}
static_assert(in_the_order_of_op());

}  // namespace

const Operation& operation(Op op) { return kOperations[static_cast<std::size_t>(op)]; }

std::span<const Operation> operations() { return kOperations; }

double standardise(const double* a, double* y, int width, double eps) {
  double mean = 0, square = 0;
  for (int i = 0; i < width; ++i) mean += a[i];
  mean /= width;
  for (int i = 0; i < width; ++i) square += (a[i] - mean) * (a[i] - mean);
  const double inverse = 1 / std::sqrt(square / width + eps);
  for (int i = 0; i < width; ++i) y[i] = (a[i] - mean) * inverse;
  return inverse;
}

void standard_slope(const double* y, double inverse, const double* da, double* dy, int width) {
  double mean = 0, along = 0;
  for (int i = 0; i < width; ++i) {
    mean += da[i];
    along += y[i] * da[i];
  }
  mean /= width;
  along /= width;
  for (int i = 0; i < width; ++i) dy[i] = inverse * (da[i] - mean - y[i] * along);
}

}  // namespace psi_xlstm::ir
