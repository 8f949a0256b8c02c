#include "metrics/plateau.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kFewest = 10;  // Samples.

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The samples before the first of three in a row that are below half of `level`.
std::size_t fall_to_half(std::span<const double> y, double level) {
  const auto below = [&](std::size_t n) { return y[n] / level < 0.5; };
  for (std::size_t n = 0; n + 2 < y.size(); ++n) {
    if (below(n) && below(n + 1) && below(n + 2)) return n;
  }
  return y.size();
}

// Level, slope and their cost for a corner at `corner` [s].
struct Corner {
  double level = 0, slope = 0, cost = std::numeric_limits<double>::infinity();
};

Corner fit_corner(std::span<const double> time, std::span<const double> y, double corner) {
  // Sums of the normal equations of y = level - slope x, x = max(t - corner, 0).
  double x1 = 0, x2 = 0, y1 = 0, y2 = 0, xy = 0;
  for (std::size_t n = 0; n < y.size(); ++n) {
    const double x = std::max(time[n] - corner, 0.0);
    x1 += x;
    x2 += x * x;
    y1 += y[n];
    y2 += y[n] * y[n];
    xy += x * y[n];
  }
  const auto count = static_cast<double>(y.size());
  const double determinant = count * x2 - x1 * x1;
  if (!(determinant > 0)) return {};
  const double level = (x2 * y1 - x1 * xy) / determinant;
  const double slope = (x1 * y1 - count * xy) / determinant;
  return {.level = level, .slope = slope, .cost = y2 - level * y1 + slope * xy};
}

// The corner of least cost in [low, high] [s], by a grid that closes in.
double best_corner(std::span<const double> time,
                   std::span<const double> y,
                   double low,
                   double high) {
  constexpr int kPoints = 40;
  while (high - low > 1e-6 * (time[1] - time[0])) {
    const double step = (high - low) / kPoints;
    double best = low, least = std::numeric_limits<double>::infinity();
    for (int i = 0; i <= kPoints; ++i) {
      const double cost = fit_corner(time, y, low + i * step).cost;
      if (!(cost < least)) continue;
      least = cost;
      best = low + i * step;
    }
    low = std::max(low, best - step);
    high = std::min(high, best + step);
  }
  return 0.5 * (low + high);
}

// The sd of the corner's time, from (J^T J)^-1 sigma^2 of level, slope and time.
double sd_of_corner(std::span<const double> time,
                    std::span<const double> y,
                    double corner,
                    const Corner& fit) {
  Eigen::Matrix3d information = Eigen::Matrix3d::Zero();
  double squares = 0;
  const double h = time[1] - time[0];
  for (std::size_t n = 0; n < y.size(); ++n) {
    const double x = std::max(time[n] - corner, 0.0);
    const Eigen::Vector3d row(1, -x / h, x > 0 ? fit.slope * h : 0);
    information += row * row.transpose();
    squares += std::pow(y[n] - (fit.level - fit.slope * x), 2);
  }
  const double variance = squares / static_cast<double>(y.size() - 3);
  return h * std::sqrt(variance * information.inverse()(2, 2));
}

}  // namespace

PlateauEnd plateau_end(std::span<const double> time, std::span<const double> y) {
  if (time.size() != y.size() || y.size() < kFewest) {
    throw ShapeError(
        fmt::format("plateau: expected at least {} times and as many values, found {} and {}",
                    kFewest, time.size(), y.size()));
  }
  const double h = time[1] - time[0];
  const std::size_t first_third = std::max(kFewest / 3, y.size() / 20);
  PlateauEnd end{.level =
                     median_of({y.begin(), y.begin() + static_cast<std::ptrdiff_t>(first_third)})};
  const std::size_t half = fall_to_half(y, end.level);
  if (half == y.size() || half < kFewest) return end;
  // One sample of the lower half is in the fit: it holds the corner where the fall is steep.
  const auto t = time.first(half + 1);
  const auto v = y.first(half + 1);
  const double corner = best_corner(t, v, t[half / 2], t[half]);
  const Corner fit = fit_corner(t, v, corner);
  end.found = true;
  end.level = fit.level;
  const bool resolved = t[half] - corner >= 3 * h && fit.slope / fit.level > 0;
  if (!resolved) {
    end.time = t[half] - 0.5 * h;
    end.low = end.time - 0.5 * h;
    end.high = end.time + 0.5 * h;
    return end;
  }
  const double sd = std::max(sd_of_corner(t, v, corner, fit), h / std::sqrt(12.0));
  end.time = corner;
  end.low = corner - 1.96 * sd;
  end.high = corner + 1.96 * sd;
  return end;
}

}  // namespace psi_xlstm
