#include "tau/constant_rates.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tau/choice.hpp"
#include "tau/one_process.hpp"

namespace psi_xlstm::tau {
namespace {

// One process as fast as the shortest time constant that is tried first.
PreparedRecords fast_process() {
  Mem3Config config = one_process();
  config.duration = 4e-3;
  config.taus = {1 / config.sample_rate};
  return prepare({mem3_record(config, mem3_drive(config))}, kSquareResponse);
}

// Small blocks of memory that are handed out after this hold `value`, as do their neighbours.
void fill_free_memory(double value) {
  std::vector<std::vector<double>> blocks;
  for (std::size_t size = 4; size <= 64; ++size) {
    for (int i = 0; i < 100; ++i) blocks.emplace_back(size, value);
  }
}

// Nothing that a fit reads may be left from before: the same records give the same bits, in
// whatever memory they are fitted.
TEST(FitConstantRates, GivesTheSameBitsWhateverWasInMemory) {
  const PreparedRecords records = fast_process();
  for (const bool free_start : {false, true}) {
    const Problem problem = records.problem(false, free_start);
    for (int count = 1; count <= 4; ++count) {
      fill_free_memory(0.0);
      const ConstantRates expected = fit_constant_rates(problem, records.grid, count, {});
      for (const double value : {1.0, -1e3, std::numeric_limits<double>::quiet_NaN()}) {
        fill_free_memory(value);
        const ConstantRates found = fit_constant_rates(problem, records.grid, count, {});
        EXPECT_EQ(found.taus, expected.taus) << count << " processes, memory of " << value;
        EXPECT_EQ(found.solution.cost, expected.solution.cost) << count << ", " << value;
        EXPECT_EQ(found.starts, expected.starts) << count << ", " << value;
        EXPECT_EQ(found.agreeing, expected.agreeing) << count << ", " << value;
      }
    }
  }
}

}  // namespace
}  // namespace psi_xlstm::tau
