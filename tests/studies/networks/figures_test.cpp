#include "studies/networks/figures.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

// A record of `level` amperes, and a model of that seed.
void add_seed(NetworkStudyResult& result, int seed, double level, bool usable) {
  Record record;
  record.id = "seq0";
  for (int k = 0; k < 100; ++k) record.time.push_back(1e-6 * k);
  record.voltage = {std::vector<double>(100, 1.0)};
  record.current = {std::vector<double>(100, level)};
  record.clean_current = record.current[0];
  SeedData data{.seed = seed};
  data.dataset.records = {record};
  result.config.seeds.push_back(seed);
  result.seeds.push_back(data);
  ModelOutcome outcome{.seed = seed, .network = 0, .label = "teacher", .usable = usable};
  outcome.predictions = {{.record = 0, .current = std::vector<double>(100, level)}};
  result.outcomes.push_back(outcome);
}

const Series& series_of(const Figure& figure, const std::string& label) {
  for (const Panel& panel : figure.panels) {
    for (const Series& series : panel.series) {
      if (series.label == label) return series;
    }
  }
  throw std::runtime_error("no series " + label);
}

// Where the model of the first seed could not be trained, that of the second is drawn over its own
// record.
TEST(NetworkWaveformFigure, IsDrawnOverTheRecordOfItsSeed) {
  NetworkStudyResult result;
  result.config.networks = {{}};
  add_seed(result, 1, 1e-3, false);
  add_seed(result, 2, 5e-3, true);
  const auto figure = network_waveform_figure(result);
  ASSERT_TRUE(figure);
  EXPECT_NE(figure->title.find("seed 2, teacher"), std::string::npos);
  const Series& shown = series_of(*figure, "measured");
  ASSERT_FALSE(shown.y.empty());
  EXPECT_EQ(shown.y, series_of(*figure, "model, running freely").y);
}

TEST(NetworkWaveformFigure, IsAbsentWhereNothingIsUsable) {
  NetworkStudyResult result;
  result.config.networks = {{}};
  add_seed(result, 1, 1e-3, false);
  EXPECT_FALSE(network_waveform_figure(result));
}

}  // namespace
}  // namespace psi_xlstm
