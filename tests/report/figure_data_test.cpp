#include "report/figure_data.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace psi_xlstm {
namespace {

TEST(FigureDataBlocks, HoldOnePointPerLineAndInterruptCurves) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Panel panel;
  panel.series = {{.label = "a", .x = {0, 1, 2, 3, 4}, .y = {0.5, kNan, kNan, -1, 1e-9}},
                  {.label = "b", .x = {1}, .y = {2}}};
  Figure figure;
  figure.panels = {panel};
  EXPECT_EQ(figure_data_blocks(figure),
            "$panel0_series0 << END_OF_DATA\n"
            "0 0.5\n"
            "\n"
            "3 -1\n"
            "4 1e-09\n"
            "END_OF_DATA\n"
            "$panel0_series1 << END_OF_DATA\n"
            "1 2\n"
            "END_OF_DATA\n");
}

TEST(FigureDataBlocks, LeaveOutWhatALogarithmicAxisCannotShow) {
  Panel panel;
  panel.x.logarithmic = true;
  panel.left.logarithmic = true;
  panel.series = {{.label = "", .x = {0, 1, 2}, .y = {1, 0, 3}}};
  Figure figure;
  figure.panels = {panel};
  EXPECT_EQ(figure_data_blocks(figure), "$panel0_series0 << END_OF_DATA\n2 3\nEND_OF_DATA\n");
}

}  // namespace
}  // namespace psi_xlstm
