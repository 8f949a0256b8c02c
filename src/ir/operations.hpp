#pragma once

/// @file
/// The scalar operations of ir::Op and their derivatives: one named place for every interpreter.

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// 1 / (1 + exp(-a)), without overflow.
double sigmoid(double a);

/// ln(1 + exp(a)), without overflow, and exact where exp(a) is far below 1.
double softplus(double a);

/// The value of a one-argument operation.
double unary_value(const Node& node, double a);

/// dy/da of a one-argument operation, from its argument a and its value y.
double unary_slope(const Node& node, double a, double y);

/// y = kStandard of a, both [width]; returns 1 / sqrt(variance + eps).
double standardise(const double* a, double* y, int width, double eps);

/// The derivative of kStandard along the change `da` of its argument, from its value y and what
/// standardise() returned, [width]; also its transpose, because dy/da is symmetric.
void standard_slope(const double* y, double inverse, const double* da, double* dy, int width);

/// The value of a two-argument operation.
double binary_value(Op op, double a, double b);

/// dy/da and dy/db of a two-argument operation y(a, b).
struct BinarySlopes {
  double by_left = 0;
  double by_right = 0;
};
BinarySlopes binary_slopes(Op op, double a, double b, double y);

}  // namespace psi_xlstm::ir
