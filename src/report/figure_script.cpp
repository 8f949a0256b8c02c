#include "report/figure_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"
#include "report/figure_data.hpp"

namespace psi_xlstm {
namespace {

// M. Okabe, K. Ito, "Color Universal Design", 2008: told apart by the colour-blind, too.
constexpr std::array<std::string_view, 7> kPalette = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#000000"};
constexpr std::string_view kMutedColor = "#a8adb3";
constexpr std::string_view kTextColor = "#24292f";
constexpr std::string_view kAxisColor = "#6e7781";
constexpr std::string_view kGridColor = "#e3e6ea";

// Lengths [px]; the font has 13 px.
constexpr double kCharacterWidth = 7.2;
constexpr double kLineHeight = 19;
constexpr double kPadding = 10;
constexpr double kAxisWidth = 76;       // Tick labels and axis label beside a plot.
constexpr double kNarrowMargin = 26;    // Room for half a tick label.
constexpr double kLegendSample = 64;    // Line and gaps of a legend entry.
constexpr double kBarGroupWidth = 0.8;  // Of the distance of two groups, no length.
constexpr double kLabelGap = 2;         // Between neighbouring tick labels.
constexpr double kSlope = 0.45;         // Rise of a tilted tick label.
constexpr int kMostLabelLines = 3;

// A gnuplot string. Between single quotes nothing is replaced, neither backslashes nor backquotes.
// A quote becomes an apostrophe (U+2019), because gnuplot ends the string at some doubled quotes.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : printable(text)) result += c == '\'' ? "\u2019" : std::string(1, c);
  return result + "'";
}

bool has_bars(const Panel& panel) {
  return std::any_of(panel.series.begin(), panel.series.end(),
                     [](const Series& s) { return s.style == SeriesStyle::kBars; });
}

bool has_right_axis(const Panel& panel) {
  return std::any_of(panel.series.begin(), panel.series.end(),
                     [](const Series& s) { return s.axis == VerticalAxis::kRight; });
}

double text_width(const std::string& text) {
  return kCharacterWidth * display_width(printable(text));
}

// `label` cut at its blanks into lines of at most `width`, where its words allow that.
std::vector<std::string> wrapped(const std::string& label, double width) {
  std::vector<std::string> lines;
  std::string word;
  for (const char c : printable(label) + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    if (!lines.empty() && text_width(lines.back() + " " + word) <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
    word.clear();
  }
  return lines;
}

// What stands below the bars of a chart, and how high it is.
struct TickLabels {
  std::string command;
  double height = kLineHeight;
};

TickLabels tick_labels(const Panel& panel, double plot_width) {
  if (panel.tick_labels.empty())
    return {.command = "set xtics autofreq norotate scale 0.6,0 font ',13'\n"};
  const auto groups = static_cast<double>(panel.tick_labels.size());
  std::string list, tilted_list;
  std::size_t most_lines = 1;
  double widest_line = 0, widest_label = 0;
  for (std::size_t i = 0; i < panel.tick_labels.size(); ++i) {
    const auto lines = wrapped(panel.tick_labels[i], plot_width / groups - kLabelGap);
    std::string text;
    for (const std::string& line : lines) {
      text += (text.empty() ? "" : ".\"\\n\".") + quoted(line);
      widest_line = std::max(widest_line, text_width(line));
    }
    list += fmt::format("{}{} {}", i ? ", " : "", text, i);
    tilted_list += fmt::format("{}{} {}", i ? ", " : "", quoted(panel.tick_labels[i]), i);
    most_lines = std::max(most_lines, lines.size());
    widest_label = std::max(widest_label, text_width(panel.tick_labels[i]));
  }
  if (widest_line <= plot_width / groups - kLabelGap && most_lines <= kMostLabelLines) {
    return {.command = fmt::format("set xtics ({}) norotate scale 0 font ',12'\n", list),
            .height = kLineHeight * static_cast<double>(most_lines)};
  }
  return {
      .command = fmt::format("set xtics ({}) rotate by 25 right scale 0 font ',12'\n", tilted_list),
      .height = kLineHeight + kSlope * widest_label};
}

// The place of one panel in the figure [px from the top left corner].
struct Layout {
  double title_top = 0;
  double legend_top = 0;
  double plot_top = 0;
  double plot_bottom = 0;
  double left = kAxisWidth;
  double right = 0;
  int legend_rows = 0;
  TickLabels ticks;
};

Layout layout_of(const Figure& figure, const Panel& panel, double top) {
  const bool wide_margin = std::any_of(figure.panels.begin(), figure.panels.end(), has_right_axis);
  Layout layout;
  layout.right = figure.width - (wide_margin ? kAxisWidth : kNarrowMargin);
  const double plot_width = layout.right - layout.left;
  layout.ticks = tick_labels(panel, plot_width);

  double widest = 0;
  int entries = 0;
  for (const Series& series : panel.series) {
    widest = std::max(widest, text_width(series.label));
    entries += series.label.empty() ? 0 : 1;
  }
  const int columns = std::max(1, static_cast<int>(plot_width / (widest + kLegendSample)));
  layout.legend_rows = (entries + columns - 1) / columns;

  layout.title_top = top + kPadding;
  layout.legend_top = layout.title_top + (panel.title.empty() ? 0 : kLineHeight + 4);
  layout.plot_top = layout.legend_top + kLineHeight * layout.legend_rows + kPadding;
  const double below =
      layout.ticks.height + (panel.x.label.empty() ? 0 : kLineHeight + 4) + kPadding;
  layout.plot_bottom = top + figure.panel_height - below;
  return layout;
}

std::string limit_text(const std::optional<double>& limit) {
  return limit && std::isfinite(*limit) ? fmt::format("{:.9g}", *limit) : "*";
}

// Where bars begin if nothing is said: at zero, or on a logarithmic axis below the smallest bar.
std::optional<double> bar_base(const Panel& panel) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const Series& series : panel.series) {
    for (const double y : series.y) {
      if (std::isfinite(y) && (!panel.left.logarithmic || y > 0)) smallest = std::min(smallest, y);
    }
  }
  if (!panel.left.logarithmic) return smallest >= 0 ? std::optional<double>(0) : std::nullopt;
  return std::pow(10.0, std::floor(std::log10(smallest / 2)));
}

// `name` is gnuplot's: x, y or y2.
std::string axis_commands(const std::string& name, const FigureAxis& axis) {
  return fmt::format("set {}range [{}:{}]\n{} logscale {}\nset format {} '{}'\n", name,
                     limit_text(axis.low), limit_text(axis.high),
                     axis.logarithmic ? "set" : "unset", name, name,
                     axis.logarithmic ? "%.0te%T" : "%g");
}

std::string axes_commands(const Panel& panel, const TickLabels& ticks) {
  FigureAxis left = panel.left;
  FigureAxis x = panel.x;
  if (has_bars(panel) && !left.low) left.low = bar_base(panel);
  if (!panel.tick_labels.empty()) {
    x.low = -0.6;
    x.high = static_cast<double>(panel.tick_labels.size()) - 0.4;
  }
  const bool right = has_right_axis(panel);
  std::string text = axis_commands("x", x) + ticks.command + axis_commands("y", left);
  text += right ? axis_commands("y2", panel.right) + "set y2tics\n" : std::string("unset y2tics\n");
  text += fmt::format("set border {} lw 1 lc rgb '{}'\n", right ? 11 : 3, kAxisColor);
  text += fmt::format("unset grid\nset grid {} lt 1 lw 1 lc rgb '{}' back\n",
                      has_bars(panel) ? "ytics" : "xtics ytics", kGridColor);
  return text;
}

// "with ..." of one series.
std::string style_text(SeriesStyle style, std::string_view color) {
  switch (style) {
    case SeriesStyle::kMutedLines:
      return fmt::format("with lines lw 1 lc rgb '{}'", kMutedColor);
    case SeriesStyle::kDashed:
      return fmt::format("with lines lw 1.8 dt (8,5) lc rgb '{}'", color);
    case SeriesStyle::kPoints:
      return fmt::format("with points pt 7 ps 0.35 lc rgb '{}'", color);
    case SeriesStyle::kMarkers:
      return fmt::format("with points pt 7 ps 1.2 lc rgb '{}'", color);
    case SeriesStyle::kBars:
      return fmt::format("with boxes fs solid 1 noborder lc rgb '{}'", color);
    case SeriesStyle::kLines:
      break;
  }
  return fmt::format("with lines lw 1.8 lc rgb '{}'", color);
}

std::string plot_command(const Panel& panel, std::size_t panel_index) {
  const auto groups = std::count_if(panel.series.begin(), panel.series.end(),
                                    [](const Series& s) { return s.style == SeriesStyle::kBars; });
  const double bar_width =
      kBarGroupWidth / static_cast<double>(std::max(groups, decltype(groups){1}));
  std::string text;
  std::size_t color = 0;
  double offset = -0.5 * (kBarGroupWidth - bar_width);
  for (std::size_t s = 0; s < panel.series.size(); ++s) {
    const Series& series = panel.series[s];
    std::string columns = "1:2";
    if (series.style == SeriesStyle::kBars) {
      columns = fmt::format("($1+{:.9g}):2:({:.9g})", offset, 0.92 * bar_width);
      offset += bar_width;
    }
    text += fmt::format("{}{} using {} axes {} {} {}", text.empty() ? "plot " : ", \\\n     ",
                        figure_block_name(panel_index, s), columns,
                        series.axis == VerticalAxis::kLeft ? "x1y1" : "x1y2",
                        style_text(series.style, kPalette[color % kPalette.size()]),
                        series.label.empty() ? "notitle" : "title " + quoted(series.label));
    if (series.style != SeriesStyle::kMutedLines) ++color;
  }
  return text + "\n";
}

// Places plot, title and legend of a panel in a figure of `height` [px].
std::string placement_commands(const Figure& figure,
                               const Panel& panel,
                               const Layout& layout,
                               double height) {
  const auto x = [&](double pixels) { return fmt::format("screen {:.6f}", pixels / figure.width); };
  const auto y = [&](double pixels) { return fmt::format("screen {:.6f}", 1 - pixels / height); };
  std::string text =
      fmt::format("set lmargin at {}\nset rmargin at {}\nset tmargin at {}\nset bmargin at {}\n",
                  x(layout.left), x(layout.right), y(layout.plot_top), y(layout.plot_bottom));
  text += fmt::format(
      "set key at {}, {} left top vertical Left reverse maxrows {} samplen 2 tc rgb '{}'\n",
      x(layout.left), y(layout.legend_top), layout.legend_rows, kTextColor);
  const auto label = [&](int number, const std::string& words, double across, double down) {
    text += fmt::format("set label {} {} at {}, {} tc rgb '{}' ", number, quoted(words), x(across),
                        y(down), kTextColor);
  };
  const double middle = (layout.left + layout.right) / 2;
  const double center = (layout.plot_top + layout.plot_bottom) / 2;
  label(2, panel.title, layout.left, layout.title_top + kLineHeight / 2);
  text += "left font ',15'\n";
  label(3, panel.x.label, middle, layout.plot_bottom + layout.ticks.height + kLineHeight);
  text += "center\n";
  label(4, panel.left.label, kLineHeight, center);
  text += "center rotate by 90\n";
  label(5, has_right_axis(panel) ? panel.right.label : "", figure.width - kPadding, center);
  text += "center rotate by 90\n";
  return text;
}

}  // namespace

std::string figure_script(const Figure& figure) {
  if (figure.panels.empty()) {
    throw DataError(
        fmt::format("figure \"{}\": expected at least one panel, found none", figure.title));
  }
  const double title_height = figure.title.empty() ? 0 : 2 * kPadding + kLineHeight;
  const double height =
      title_height + figure.panel_height * static_cast<double>(figure.panels.size());
  std::string script = figure_data_blocks(figure);
  script += fmt::format(
      "set encoding utf8\n"
      "set terminal svg noenhanced size {},{:.0f} font 'Helvetica,Arial,sans-serif,13' "
      "background rgb 'white'\n"
      "set termoption noenhanced\n"
      "set tics nomirror scale 0.6,0 textcolor rgb '{}'\n"
      "set multiplot\n",
      figure.width, height, kTextColor);
  script +=
      fmt::format("set label 1 {} at screen {:.6f}, screen {:.6f} left font ',17' tc rgb '{}'\n",
                  quoted(figure.title), kAxisWidth / figure.width,
                  1 - (kPadding + kLineHeight / 2) / height, kTextColor);
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel& panel = figure.panels[i];
    const double top = title_height + figure.panel_height * static_cast<double>(i);
    const Layout layout = layout_of(figure, panel, top);
    script += axes_commands(panel, layout.ticks) +
              placement_commands(figure, panel, layout, height) + plot_command(panel, i);
    script += "unset label 1\n";
  }
  return script + "unset multiplot\n";
}

}  // namespace psi_xlstm
