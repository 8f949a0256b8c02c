#pragma once

/// @file
/// Fewer points with the same look.

#include <cstddef>
#include <vector>

namespace psi_xlstm {

/// Points of a curve in drawing order; x and y of equal length [N]. A point that is not finite
/// interrupts the curve.
struct Curve {
  std::vector<double> x;
  std::vector<double> y;
};

/// How the positions of a curve are spread over the horizontal axis.
enum class Spacing { kLinear, kLogarithmic };

/// At most about `limit` points of `curve`, for a line: neighbouring points are gathered in buckets
/// of equal width on the axis (of equal count where x does not rise throughout), of which the
/// lowest and the highest are kept, in their order. The first and the last point and every
/// interruption stay. A shorter curve is returned as it is. Throws ShapeError if x and y differ in
/// length.
Curve decimate(const Curve& curve, std::size_t limit, Spacing spacing = Spacing::kLinear);

/// Every k-th point of `curve`, at most `limit` of them, for a cloud of points, whose density the
/// extremes would not show. Throws as decimate does.
Curve thin_out(const Curve& curve, std::size_t limit);

}  // namespace psi_xlstm
