#include "ir/operations.hpp"

#include <algorithm>
#include <cmath>

namespace psi_xlstm::ir {

double sigmoid(double a) {
  const double e = std::exp(-std::abs(a));
  return a >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double softplus(double a) { return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a))); }

double unary_value(const Node& node, double a) {
  switch (node.op) {
    case Op::kScale:
      return node.factor * a;
    case Op::kTanh:
      return std::tanh(a);
    case Op::kSigmoid:
      return sigmoid(a);
    case Op::kSoftplus:
      return softplus(a);
    case Op::kExp:
      return std::exp(a);
    case Op::kLog:
      return std::log(a);
    default:
      return std::sqrt(a);
  }
}

double unary_slope(const Node& node, double a, double y) {
  switch (node.op) {
    case Op::kScale:
      return node.factor;
    case Op::kTanh:
      return 1 - y * y;
    case Op::kSigmoid:
      return y * (1 - y);
    case Op::kSoftplus:
      return sigmoid(a);
    case Op::kExp:
      return y;
    case Op::kLog:
      return 1 / a;
    default:
      return 0.5 / y;
  }
}

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

double binary_value(Op op, double a, double b) {
  if (op == Op::kSum) return a + b;
  return op == Op::kProduct ? a * b : a / b;
}

BinarySlopes binary_slopes(Op op, double a, double b, double y) {
  if (op == Op::kSum) return {1, 1};
  if (op == Op::kProduct) return {b, a};
  return {1 / b, -y / b};
}

}  // namespace psi_xlstm::ir
