// The rule that says which numbers of a training are kept, on made-up curves: nothing is trained.

#include "training/selection.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace psi_xlstm::training {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// After which unit the kept numbers were found, of validation losses of units 1, 2, ...; 0: none.
int kept(const std::vector<double>& losses, double judge_after) {
  const Selection selection(judge_after, static_cast<int>(losses.size()));
  TrainingState state;
  for (int done = 1; done <= static_cast<int>(losses.size()); ++done) {
    const std::vector<float> parameters = {static_cast<float>(done)};
    selection.offer(parameters, losses[static_cast<std::size_t>(done) - 1], done, state);
  }
  if (state.best_parameters.empty()) return 0;
  EXPECT_EQ(state.best_parameters, std::vector<float>{static_cast<float>(state.best_step)});
  EXPECT_EQ(state.best_validation, losses[static_cast<std::size_t>(state.best_step) - 1]);
  return state.best_step;
}

TEST(Selection, KeepsTheLowestLoss) {
  EXPECT_EQ(kept({3, 1, 2}, 0), 2);
  EXPECT_EQ(kept({3, 2, 1}, 0), 3);
  EXPECT_EQ(kept({1, 1, 1}, 0), 1);  // of equal ones the first
}

// An early unit looks best, but does not count.
TEST(Selection, LeavesOutWhatComesTooEarly) {
  EXPECT_EQ(kept({0.1, 3, 1, 2}, 0.5), 3);
  EXPECT_EQ(kept({0.1, 0.2, 1, 2}, 0.5), 2);
  EXPECT_EQ(kept({0.1, 0.2, 0.3}, 0.9), 3);
  EXPECT_EQ(kept({0.1, 0.2, 0.3}, 1), 3);  // the last always counts
}

TEST(Selection, LeavesOutWhatIsNotFinite) {
  EXPECT_EQ(kept({kNaN, 2, std::numeric_limits<double>::infinity(), 3}, 0), 2);
  EXPECT_EQ(kept({1, kNaN}, 1), 0);
  EXPECT_EQ(kept({}, 0), 0);
}

}  // namespace
}  // namespace psi_xlstm::training
