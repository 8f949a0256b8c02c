#include "fit/selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "ir/network_io.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/synthetic_records.hpp"

namespace psi_xlstm::fit {
namespace {

// Five records of `device` with 3 % noise; three train, two choose.
Dataset dataset_of(const ir::Network& device, std::uint32_t seed = 6) {
  Dataset dataset;
  dataset.noise = 0.03;
  dataset.split = {.train = {0, 1, 2}, .validation = {3, 4}};
  Rng rng(seed);
  for (double g0 : {1.3e-4, 2.2e-4, 4.5e-4, 1.8e-4, 3.5e-4}) {
    dataset.records.push_back(testing::synthetic_record(device, g0, 0.8, 9e3, 500, 0.03, rng));
  }
  return dataset;
}

// A constant conductance of 0.3 mS.
ir::Network resistor() {
  ir::Network network = build_compact_student(
      {.states = 0}, {.conductance = 3e-4, .voltage = 1, .step = 1e-6}, "resistor");
  return network;
}

const std::vector<StudentShape> kShapes = {
    {.states = 0}, {.states = 0, .static_features = 2}, {.states = 1, .features = 3}};

SelectionResult selected(const ir::Network& device, int threads) {
  FitConfig config;
  config.starts = 1;
  return select(dataset_of(device), {.shapes = kShapes,
                                     .config = config,
                                     .starts = {.exact = true},
                                     .name = "chosen",
                                     .threads = threads});
}

TEST(Select, FindsThatAResistorIsStaticAndSimple) {
  const SelectionResult result = selected(resistor(), 1);
  EXPECT_EQ(result.shape.states, 0);
  EXPECT_EQ(result.shape.static_features, 0);
  EXPECT_EQ(result.training.network.parameter_count(), 1);
}

TEST(Select, FindsThatADeviceWithMemoryNeedsAState) {
  const SelectionResult result = selected(testing::one_state(), 1);
  EXPECT_EQ(result.shape.states, 1);
  double still = 0, moving = 1e9;
  for (const CandidateReport& c : result.candidates) {
    (c.shape.states == 0 ? still : moving) = c.validation_mse;
  }
  EXPECT_GT(still, 10 * moving);
}

TEST(Select, ReportsEveryFitSortedWithOneOfThemChosen) {
  std::size_t calls = 0, last = 0, announced = 0;
  FitConfig config;
  config.starts = 1;
  const SelectionResult result = select(
      dataset_of(resistor()), {.shapes = kShapes,
                               .config = config,
                               .starts = {.exact = true},
                               .name = "chosen",
                               .progress = [&](int done, int count, const CandidateReport& report) {
                                 ++calls;
                                 last = static_cast<std::size_t>(done);
                                 announced = static_cast<std::size_t>(count);
                                 EXPECT_GT(report.validation_mse, 0);
                               }});
  EXPECT_GT(announced, kShapes.size());  // shapes with states are fitted several times
  EXPECT_EQ(calls, announced);
  EXPECT_EQ(last, announced);
  ASSERT_EQ(result.candidates.size(), announced);
  EXPECT_TRUE(
      std::is_sorted(result.candidates.begin(), result.candidates.end(),
                     [](const auto& a, const auto& b) { return a.parameters < b.parameters; }));
  EXPECT_EQ(std::count_if(result.candidates.begin(), result.candidates.end(),
                          [](const CandidateReport& c) { return c.chosen; }),
            1);
}

// A curve is never worse than a resistor on the records it was fitted to, and often better by
// chance on two others.
TEST(Select, TakesTheSimplestShapeWithinAStandardErrorOfTheBest) {
  FitConfig config;
  config.starts = 1;
  int simpler = 0;
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const SelectionResult result =
        select(dataset_of(resistor(), seed), {.shapes = {kShapes[0], kShapes[1]},
                                              .config = config,
                                              .starts = {.exact = true},
                                              .name = "chosen"});
    const auto best = std::min_element(
        result.candidates.begin(), result.candidates.end(),
        [](const auto& a, const auto& b) { return a.shape_score < b.shape_score; });
    const double limit = best->shape_score + best->shape_standard_error;
    const auto simplest =
        std::find_if(result.candidates.begin(), result.candidates.end(),
                     [&](const CandidateReport& c) { return c.shape_score <= limit; });
    EXPECT_EQ(result.training.network.parameter_count(), simplest->parameters) << seed;
    simpler += simplest->parameters < best->parameters ? 1 : 0;
  }
  EXPECT_GE(simpler, 2);
}

TEST(Select, DoesNotDependOnTheThreads) {
  const auto one = ir::network_bytes(selected(testing::one_state(), 1).training.network, {});
  EXPECT_EQ(ir::network_bytes(selected(testing::one_state(), 2).training.network, {}), one);
}

TEST(Select, RefusesADataSetWithNothingToChooseBy) {
  Dataset dataset = dataset_of(resistor());
  dataset.split.validation.clear();
  EXPECT_THROW(select(dataset, {.shapes = kShapes, .config = {}, .starts = {}, .name = "none"}),
               DataError);
}

TEST(CandidateShapes, AreAllDifferentAndStayWithinWhatIsAsked) {
  const std::vector<StudentShape> open = candidate_shapes({.head = StudentHead::kSoftplus}, -1, -1);
  std::set<std::vector<int>> different;
  for (const StudentShape& shape : open) {
    EXPECT_EQ(shape.head, StudentHead::kSoftplus);
    different.insert({shape.states, shape.features, shape.static_features});
  }
  EXPECT_EQ(different.size(), open.size());
  for (int states : {0, 1, 3}) {
    EXPECT_TRUE(std::any_of(open.begin(), open.end(),
                            [&](const StudentShape& shape) { return shape.states == states; }));
  }
  for (int states : {0, 2, 5}) {
    const std::vector<StudentShape> some = candidate_shapes({}, states, -1);
    EXPECT_FALSE(some.empty());
    for (const StudentShape& shape : some) EXPECT_EQ(shape.states, states);
  }
  const std::vector<StudentShape> seven = candidate_shapes({}, 1, 7);
  EXPECT_FALSE(seven.empty());
  for (const StudentShape& shape : seven) EXPECT_EQ(shape.features, 7);
}

}  // namespace
}  // namespace psi_xlstm::fit
