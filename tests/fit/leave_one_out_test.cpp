#include "fit/leave_one_out.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "data/split.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/synthetic_records.hpp"

namespace psi_xlstm::fit {
namespace {

const std::vector<StudentShape> kTriedShapes = {{.states = 0}, {.states = 1, .features = 3}};

// One record of a device with one state, cut into four parts.
Dataset one_record() {
  Rng rng(4);
  Record record = testing::synthetic_record(testing::one_state(), 2e-4, 1, 2e3, 600, 0.01, rng);
  record.id = "r";
  Dataset dataset = make_undivided_dataset({record});
  dataset.noise = 0.01;
  return dataset;
}

LeaveOneOutResult fits_of(const Dataset& dataset,
                          const std::vector<StudentShape>& shapes,
                          int threads = 1) {
  FitConfig config;
  config.starts = 1;
  return leave_one_out(dataset, {.shapes = shapes,
                                 .config = config,
                                 .starts = {.exact = true},
                                 .name = "device",
                                 .threads = threads});
}

TEST(LeaveOneOut, PredictsEveryPartOfADeviceWithMemory) {
  const Dataset dataset = one_record();
  const LeaveOneOutResult result = fits_of(dataset, kTriedShapes);
  EXPECT_EQ(result.selection.shape.states, 1);
  ASSERT_TRUE(result.selection.training.usable);
  ASSERT_EQ(result.parts.size(), 4U);
  std::vector<Prediction> predictions;
  for (std::size_t k = 0; k < result.parts.size(); ++k) {
    predictions.push_back(result.parts[k].prediction);
    EXPECT_EQ(predictions.back().record, static_cast<int>(k));
    EXPECT_EQ(predictions.back().current.size(), dataset.records[k].size());
  }
  const double error = score(dataset, predictions).mse.value();
  double still = 0, moving = 0;
  for (const CandidateReport& c : result.selection.candidates) {
    (c.shape.states == 0 ? still : moving) = c.validation_mse;
    EXPECT_EQ(c.chosen, c.shape.states == 1);
  }
  EXPECT_DOUBLE_EQ(moving, error) << "the error of the chosen shape is that of its parts";
  EXPECT_LT(moving, 0.3 * still);
}

// Whatever was measured in the part, the fit that leaves it out cannot know.
TEST(LeaveOneOut, TrainsWithoutThePartThatIsLeftOut) {
  const Dataset dataset = one_record();
  Dataset changed = dataset;
  for (double& i : changed.records[2].current[0]) i = -3 * i;
  const std::vector<StudentShape> shape = {{.states = 1, .features = 3}};
  const LeaveOneOutResult before = fits_of(dataset, shape), after = fits_of(changed, shape);
  EXPECT_EQ(before.parts[2].training.network.parameters,
            after.parts[2].training.network.parameters);
  EXPECT_EQ(before.parts[2].prediction.current, after.parts[2].prediction.current);
  EXPECT_NE(before.parts[1].training.network.parameters,
            after.parts[1].training.network.parameters);
  EXPECT_NE(before.selection.training.network.parameters,
            after.selection.training.network.parameters);
}

TEST(LeaveOneOut, IsTheSameWithTwoThreads) {
  const Dataset dataset = one_record();
  const LeaveOneOutResult one = fits_of(dataset, kTriedShapes, 1),
                          two = fits_of(dataset, kTriedShapes, 2);
  EXPECT_EQ(one.selection.training.network.parameters, two.selection.training.network.parameters);
  for (std::size_t k = 0; k < one.parts.size(); ++k) {
    EXPECT_EQ(one.parts[k].prediction.current, two.parts[k].prediction.current);
  }
}

TEST(LeaveOneOut, RefusesASingleRecord) {
  Dataset dataset = one_record();
  dataset.records.resize(1);
  EXPECT_THROW(fits_of(dataset, kTriedShapes), DataError);
}

TEST(Without, LeavesTheOthersToTrainOn) {
  const Dataset others = without(one_record(), 2);
  EXPECT_EQ(others.split.train, (std::vector<int>{0, 1, 3}));
  EXPECT_EQ(others.split.validation, (std::vector<int>{0, 1, 3}));
  EXPECT_EQ(others.split.test, std::vector<int>{2});
  EXPECT_EQ(others.records.size(), 4U);
}

}  // namespace
}  // namespace psi_xlstm::fit
