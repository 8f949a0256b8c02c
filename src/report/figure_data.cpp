#include "report/figure_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "psi_xlstm/core/error.hpp"
#include "report/decimation.hpp"

namespace psi_xlstm {
namespace {

// Bytes that gnuplot writes per point, and how many all series may take together.
constexpr std::size_t kBytesPerLinePoint = 20;
constexpr std::size_t kBytesPerMarker = 130;
constexpr std::size_t kByteBudget = 250'000;
constexpr std::size_t kLongestLine = 4000;
constexpr std::size_t kMostMarkers = 1500;

bool is_cloud(const Series& series) {
  return series.style == SeriesStyle::kPoints || series.style == SeriesStyle::kMarkers;
}

// How many points a line and a cloud of the figure may have.
struct PointLimits {
  std::size_t line = kLongestLine;
  std::size_t markers = kMostMarkers;
};

PointLimits point_limits(const Figure& figure) {
  std::size_t lines = 0;
  std::size_t clouds = 0;
  for (const Panel& panel : figure.panels) {
    for (const Series& series : panel.series) {
      ++(is_cloud(series) ? clouds : lines);
    }
  }
  PointLimits limits;
  limits.line = std::min(kLongestLine, kByteBudget / (kBytesPerLinePoint * (lines + clouds + 1)));
  const std::size_t rest = kByteBudget - lines * limits.line * kBytesPerLinePoint;
  limits.markers =
      std::min(kMostMarkers, rest / (kBytesPerMarker * std::max<std::size_t>(clouds, 1)));
  return limits;
}

bool can_be_drawn(double value, const FigureAxis& axis) {
  return std::isfinite(value) && (!axis.logarithmic || value > 0);
}

Curve drawn_curve(const Panel& panel, const Series& series, const PointLimits& limits) {
  const FigureAxis& vertical = series.axis == VerticalAxis::kLeft ? panel.left : panel.right;
  Curve curve{.x = series.x, .y = series.y};
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    const bool drawn = can_be_drawn(curve.x[i], panel.x) && can_be_drawn(curve.y[i], vertical);
    if (!drawn) curve.y[i] = std::numeric_limits<double>::quiet_NaN();
  }
  if (series.style == SeriesStyle::kBars) return curve;
  if (is_cloud(series)) return thin_out(curve, limits.markers);
  return decimate(curve, limits.line,
                  panel.x.logarithmic ? Spacing::kLogarithmic : Spacing::kLinear);
}

// The lines of a data block; an empty line interrupts a curve. Empty if nothing can be drawn.
std::string data_lines(const Curve& curve) {
  std::string lines;
  bool interrupted = true;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    const bool drawn = std::isfinite(curve.y[i]);
    if (drawn) lines += fmt::format("{:.9g} {:.9g}\n", curve.x[i], curve.y[i]);
    if (!drawn && !interrupted) lines += "\n";
    interrupted = !drawn;
  }
  return lines;
}

void check_lengths(const Figure& figure, const Series& series) {
  if (series.x.size() != series.y.size()) {
    throw ShapeError(fmt::format("figure \"{}\": expected {} values of y in \"{}\", found {}",
                                 figure.title, series.x.size(), series.label, series.y.size()));
  }
}

}  // namespace

std::string figure_block_name(std::size_t panel, std::size_t series) {
  return fmt::format("$panel{}_series{}", panel, series);
}

std::string figure_data_blocks(const Figure& figure) {
  const PointLimits limits = point_limits(figure);
  std::string blocks;
  for (std::size_t p = 0; p < figure.panels.size(); ++p) {
    const Panel& panel = figure.panels[p];
    bool any = false;
    for (std::size_t s = 0; s < panel.series.size(); ++s) {
      check_lengths(figure, panel.series[s]);
      const std::string lines = data_lines(drawn_curve(panel, panel.series[s], limits));
      any = any || !lines.empty();
      blocks += fmt::format("{} << END_OF_DATA\n{}END_OF_DATA\n", figure_block_name(p, s), lines);
    }
    if (!any) {
      throw DataError(fmt::format("figure \"{}\": expected a point to draw in panel {}, found none",
                                  figure.title, p + 1));
    }
  }
  return blocks;
}

}  // namespace psi_xlstm
