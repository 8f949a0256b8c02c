#pragma once

/// @file
/// Figures as data, drawn by gnuplot as SVG.
///
/// Axes: N points of a series, B bars of a bar chart.

#include <optional>
#include <string>
#include <vector>

#include "report/gnuplot.hpp"

namespace psi_xlstm {

/// How a series is drawn. Muted lines are thin and grey: measured data behind a model's. Markers
/// are points large enough to stand alone.
enum class SeriesStyle { kLines, kMutedLines, kDashed, kPoints, kMarkers, kBars };

/// Which vertical axis a series belongs to.
enum class VerticalAxis { kLeft, kRight };

/// One curve, cloud of points or group of bars. A point that is not finite, or not positive on a
/// logarithmic axis, interrupts a line.
struct Series {
  std::string label;      ///< In the legend; empty: not in it.
  std::vector<double> x;  ///< [N]; of bars, the index of the tick label they stand on.
  std::vector<double> y;  ///< [N]
  SeriesStyle style = SeriesStyle::kLines;
  VerticalAxis axis = VerticalAxis::kLeft;
};

/// One axis. Without limits the data decide.
struct FigureAxis {
  std::string label;  ///< With the unit in brackets, e.g. "time [us]".
  bool logarithmic = false;
  std::optional<double> low = std::nullopt;
  std::optional<double> high = std::nullopt;
};

/// One coordinate system.
struct Panel {
  std::string title;
  FigureAxis x;
  FigureAxis left;
  FigureAxis right;  ///< Drawn if a series belongs to it.
  std::vector<Series> series;
  std::vector<std::string> tick_labels;  ///< Of a bar chart, [B]; replaces the numbers below.
};

/// Panels above each other.
struct Figure {
  std::string title;  ///< Above all panels; a single panel's title does as well.
  std::vector<Panel> panels;
  int width = 760;         ///< [px]
  int panel_height = 300;  ///< [px]
};

/// A figure as SVG, or why there is none.
struct RenderedFigure {
  std::string svg;
  std::string reason;  ///< One sentence; empty if there is a figure.

  bool usable() const { return reason.empty(); }
};

/// Draws `figure`; equal figures give equal bytes. Throws nothing: a figure that figure_script
/// refuses and what gnuplot cannot do are reasons.
RenderedFigure render_svg(const Figure& figure, const GnuplotOptions& options = {});

}  // namespace psi_xlstm
