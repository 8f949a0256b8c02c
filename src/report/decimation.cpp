#include "report/decimation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

bool is_finite(const Curve& curve, std::size_t i) {
  return std::isfinite(curve.x[i]) && std::isfinite(curve.y[i]);
}

// Appends the lowest and the highest of the points [begin, end), which has no interruption.
void append_extremes(const Curve& curve, std::size_t begin, std::size_t end, Curve& result) {
  std::size_t low = begin;
  std::size_t high = begin;
  for (std::size_t i = begin; i < end; ++i) {
    if (curve.y[i] < curve.y[low]) low = i;
    if (curve.y[i] > curve.y[high]) high = i;
  }
  for (const std::size_t i : {std::min(low, high), std::max(low, high)}) {
    result.x.push_back(curve.x[i]);
    result.y.push_back(curve.y[i]);
    if (low == high) break;
  }
}

void append_point(const Curve& curve, std::size_t i, Curve& result) {
  result.x.push_back(curve.x[i]);
  result.y.push_back(curve.y[i]);
}

void check_lengths(const Curve& curve) {
  if (curve.y.size() != curve.x.size()) {
    throw ShapeError(
        fmt::format("curve: expected {} values of y, found {}", curve.x.size(), curve.y.size()));
  }
}

// Position of every point on the axis, from 0 to 1: by x where that rises, else by index.
std::vector<double> positions(const Curve& curve, Spacing spacing) {
  const auto place = [&](double x) { return spacing == Spacing::kLinear ? x : std::log(x); };
  const double first = place(curve.x.front());
  const double range = place(curve.x.back()) - first;
  bool rising = std::isfinite(range) && range > 0;
  std::vector<double> places;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    places.push_back((place(curve.x[i]) - first) / range);
    rising = rising && std::isfinite(places[i]) && (i == 0 || places[i] >= places[i - 1]);
  }
  if (rising) return places;
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i] = static_cast<double>(i) / static_cast<double>(places.size() - 1);
  }
  return places;
}

}  // namespace

Curve decimate(const Curve& curve, std::size_t limit, Spacing spacing) {
  check_lengths(curve);
  const std::size_t count = curve.x.size();
  if (count <= limit || count < 3) return curve;
  const auto buckets = static_cast<double>(std::max<std::size_t>(1, limit / 2));
  const auto places = positions(curve, spacing);
  const auto bucket = [&](std::size_t i) { return std::floor(places[i] * buckets); };
  Curve result;
  append_point(curve, 0, result);
  for (std::size_t i = 1; i + 1 < count;) {
    if (!is_finite(curve, i)) {
      if (is_finite(curve, i - 1)) append_point(curve, i, result);
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end + 1 < count && bucket(end) == bucket(i) && is_finite(curve, end)) ++end;
    append_extremes(curve, i, end, result);
    i = end;
  }
  append_point(curve, count - 1, result);
  return result;
}

Curve thin_out(const Curve& curve, std::size_t limit) {
  check_lengths(curve);
  if (curve.x.size() <= limit || limit == 0) return curve;
  const std::size_t stride = (curve.x.size() + limit - 1) / limit;
  Curve result;
  for (std::size_t i = 0; i < curve.x.size(); i += stride) append_point(curve, i, result);
  return result;
}

}  // namespace psi_xlstm
