#include "report/figure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

namespace psi_xlstm {
namespace {

Series ramp(const std::string& label, int points) {
  Series series{.label = label, .x = {}, .y = {}};
  for (int i = 0; i < points; ++i) {
    series.x.push_back(i);
    series.y.push_back(std::sin(0.1 * i) + 2);
  }
  return series;
}

Figure one_panel(std::vector<Series> series) {
  Panel panel;
  panel.series = std::move(series);
  Figure figure;
  figure.panels = {panel};
  return figure;
}

TEST(RenderSvg, DrawsEveryStyleWithItsTexts) {
  Figure figure = one_panel({ramp("a line", 20), ramp("a cloud", 20), ramp("muted", 20)});
  figure.title = "Two panels";
  figure.panels[0].series[1].style = SeriesStyle::kPoints;
  figure.panels[0].series[2].style = SeriesStyle::kMutedLines;
  figure.panels[0].series[2].axis = VerticalAxis::kRight;
  figure.panels[0].left = {.label = "left axis", .logarithmic = true};
  figure.panels[0].right.label = "right axis";
  Panel bars;
  bars.title = "Bars";
  bars.tick_labels = {"first model", "second model"};
  bars.series = {{.label = "", .x = {0, 1}, .y = {3, 4}, .style = SeriesStyle::kBars}};
  figure.panels.push_back(bars);
  const auto rendered = render_svg(figure);
  ASSERT_TRUE(rendered.usable()) << rendered.reason;
  for (const char* text : {"Two panels", "a line", "a cloud", "muted", "left axis", "right axis",
                           "Bars", "first model", "second model"}) {
    EXPECT_NE(rendered.svg.find(text), std::string::npos) << text;
  }
}

TEST(RenderSvg, GivesTheSameBytesEveryTime) {
  const auto figure = one_panel({ramp("a", 5000)});
  EXPECT_EQ(render_svg(figure).svg, render_svg(figure).svg);
}

TEST(RenderSvg, RunsNoCommandThatATextHolds) {
  const auto marker = std::filesystem::path(::testing::TempDir()) / "figure_command_ran";
  std::filesystem::remove(marker);
  const std::string touch = "touch " + marker.string();
  for (const std::string& attack :
       {"system(\"" + touch + "\")", "`" + touch + "`", "x'; system('" + touch + "'); y='",
        "x\"; system(\"" + touch + "\"); y=\"", "x\nsystem('" + touch + "')\n",
        "\n!" + touch + "\n", "\\\n!" + touch, "END_OF_DATA\n!" + touch, "@" + touch,
        "'; system('" + touch + "')", "a''; system('" + touch + "')",
        "a\\'; system('" + touch + "')", "{ ( [ # ; ' '' ' ' \\" + touch, touch + " {\\"}) {
    Figure figure = one_panel({ramp(attack, 10)});
    figure.title = attack;
    figure.panels[0].title = attack;
    figure.panels[0].x.label = attack;
    figure.panels[0].left.label = attack;
    figure.panels[0].tick_labels = {attack, "b c"};
    const auto rendered = render_svg(figure);
    EXPECT_TRUE(rendered.usable()) << attack << ": " << rendered.reason;
    EXPECT_FALSE(std::filesystem::exists(marker)) << attack;
  }
}

TEST(RenderSvg, PrintsMarkupAsText) {
  Figure figure = one_panel({ramp("<script>alert(1)</script> & 'a' _b_ ^2", 10)});
  const auto rendered = render_svg(figure);
  ASSERT_TRUE(rendered.usable()) << rendered.reason;
  EXPECT_EQ(rendered.svg.find("<script>"), std::string::npos);
  EXPECT_NE(rendered.svg.find("&lt;script>alert(1)&lt;/script> &amp; \u2019a\u2019 _b_ ^2"),
            std::string::npos);
}

TEST(RenderSvg, StaysSmallForLongRecords) {
  std::vector<Series> series;
  for (int i = 0; i < 6; ++i) {
    series.push_back(ramp("series", 40000));
    series.back().style = i < 4 ? SeriesStyle::kLines : SeriesStyle::kPoints;
  }
  const auto rendered = render_svg(one_panel(series));
  ASSERT_TRUE(rendered.usable()) << rendered.reason;
  EXPECT_LT(rendered.svg.size(), 300000U);
  EXPECT_GT(rendered.svg.size(), 50000U);
}

TEST(RenderSvg, InterruptsALineWhereAPointCannotBeDrawn) {
  Series series = ramp("", 30);
  const auto whole = render_svg(one_panel({series}));
  series.y[10] = std::numeric_limits<double>::quiet_NaN();
  series.y[20] = std::numeric_limits<double>::infinity();
  const auto broken = render_svg(one_panel({series}));
  ASSERT_TRUE(broken.usable()) << broken.reason;
  EXPECT_NE(whole.svg, broken.svg);
  EXPECT_EQ(broken.svg.find("nan"), std::string::npos);
}

TEST(RenderSvg, SaysWhyThereIsNoFigure) {
  EXPECT_EQ(render_svg({.title = "T", .panels = {}}).reason,
            "figure \"T\": expected at least one panel, found none");
  EXPECT_EQ(render_svg(one_panel({{.label = "s", .x = {1, 2}, .y = {1}}})).reason,
            "figure \"\": expected 2 values of y in \"s\", found 1");
  Figure negative = one_panel({{.label = "s", .x = {1, 2}, .y = {-1, 0}}});
  negative.panels[0].left.logarithmic = true;
  EXPECT_EQ(render_svg(negative).reason,
            "figure \"\": expected a point to draw in panel 1, found none");
  const auto missing = render_svg(one_panel({ramp("a", 3)}), {.program = "no-such-gnuplot"});
  EXPECT_FALSE(missing.usable());
  EXPECT_EQ(missing.reason,
            "gnuplot: expected to start no-such-gnuplot, found: No such file or directory");
}

}  // namespace
}  // namespace psi_xlstm
