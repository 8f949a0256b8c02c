#include "tau/choice.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "devices/mem3.hpp"
#include "psi_xlstm/core/error.hpp"
#include "tau/one_process.hpp"

namespace psi_xlstm::tau {
namespace {

Record drawn(const Mem3Config& config) { return mem3_record(config, mem3_drive(config)); }

// The formula by hand: the unknowns are the static curve, an amplitude and a time constant for each
// process, and where the start is unknown one more for each process and record.
TEST(PreparedRecords, CountsEveryUnknownInTheCriterion) {
  Mem3Config shorter = one_process();
  shorter.duration = 10e-3;
  const std::vector<Record> records = {drawn(one_process()), drawn(shorter)};
  const PreparedRecords prepared = prepare(records, kSquareResponse);
  const double n[] = {10000, 5000}, per_unknown = std::log(15000.0);
  for (const bool free_start : {false, true}) {
    const Problem problem = prepared.problem(false, free_start);
    const Solution solution = solve(problem, {}, true);
    // Nothing is searched: for each record a matrix without columns.
    ASSERT_EQ(solution.slope_columns.size(), 2U);
    EXPECT_EQ(solution.slope_columns[1].cols(), 0);
    EXPECT_EQ(solution.slope_columns[1].rows(), solution.residual_columns[1].size());
    double misfit = 0;
    for (std::size_t r = 0; r < 2; ++r) {
      misfit += n[r] * std::log(solution.record_costs[r] * prepared.variances[r] / n[r]);
    }
    const double two = 1 + 2 + 2 + (free_start ? 2 * 2 : 0);
    EXPECT_NEAR(prepared.bic(problem, solution, 0, 0), misfit + per_unknown, 1e-6);
    EXPECT_NEAR(prepared.bic(problem, solution, 2, 2), misfit + two * per_unknown, 1e-6);
  }
}

// chi^2 per sample of samples that no fit has seen: 1 for the right number of processes.
TEST(ChooseMemory, JudgesEveryNumberOnSamplesThatWereHeldOut) {
  const Choice choice = choose_memory({drawn(one_process())}, {.response = kSquareResponse});
  EXPECT_EQ(choice.processes, 1);
  ASSERT_EQ(choice.held_out.size(), choice.fits.size());
  EXPECT_GT(choice.held_out[0], 1.2);
  for (std::size_t k = 1; k < choice.held_out.size(); ++k) {
    EXPECT_NEAR(choice.held_out[k], 1, 0.02) << k;
  }
}

// Their squares would be nothing, and a fit of nothing has no result.
TEST(ChooseMemory, RefusesCurrentsThatAreNothing) {
  Record record = drawn(one_process());
  for (double& current : record.current[0]) current *= 1e-300;
  EXPECT_THROW(choose_memory({record}, {.response = kSquareResponse}), DataError);
}

// A disturbance of the first four samples looks like a process of one sample step. Without these
// samples, nothing speaks for it.
TEST(ChooseMemory, TakesNoProcessThatOneGroupOfSamplesAloneSpeaksFor) {
  Mem3Config config = one_process();
  config.waveform = Mem3Waveform::kStep;
  Record record = drawn(config);
  constexpr double kNoise = 9e-7;  // 3 % of the sd of the current [A]
  for (std::size_t i = 0; i < 4; ++i) {
    record.current[0][i] += 8 * kNoise * std::exp(-static_cast<double>(i));
  }
  const Choice choice =
      choose_memory({record}, {.response = kSquareResponse, .start = StartKnowledge::kRest});
  EXPECT_LT(choice.bic[2], choice.bic[1] - 10);
  EXPECT_GT(choice.held_out[2], 2 * choice.held_out[1]);
  EXPECT_EQ(choice.processes, 1);
}

}  // namespace
}  // namespace psi_xlstm::tau
