#include "fit/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace psi_xlstm::fit {
namespace {

int total_samples(const std::vector<TrainingRecord>& records) {
  std::size_t total = 0;
  for (const TrainingRecord& r : records) total += r.record.size();
  return static_cast<int>(total);
}

// Coarsest decimation, `least` or more: about 9,000 steps an iteration.
int coarsest(const std::vector<TrainingRecord>& records, int least) {
  constexpr int kSteps = 9000;
  int decimation = least;
  while (decimation < 32 && total_samples(records) / (2 * decimation) > kSteps * 3 / 4) {
    decimation *= 2;
  }
  return decimation;
}

}  // namespace

StartHint start_hint(const std::vector<TrainingRecord>& records,
                     const StudentScales& scales,
                     double time_constant_fraction) {
  constexpr int kBlocksPerRecord = 40;
  StartHint hint;
  hint.log_conductance_low = std::numeric_limits<double>::infinity();
  hint.log_conductance_high = -hint.log_conductance_low;
  double longest = 0;
  for (const TrainingRecord& r : records) {
    longest = std::max(longest, r.record.time.back() - r.record.time.front());
    const int length = std::max<int>(1, static_cast<int>(r.record.size()) / kBlocksPerRecord);
    for (int first = 0; first + length <= static_cast<int>(r.record.size()); first += length) {
      const StartConductance g = start_conductance(r.record, first, length, r.noise_sd);
      if (!(g.value > 0) || g.log_sd > 0.1) continue;
      const double log_g = std::log(g.value / scales.conductance);
      hint.log_conductance_low = std::min(hint.log_conductance_low, log_g);
      hint.log_conductance_high = std::max(hint.log_conductance_high, log_g);
    }
  }
  if (!(hint.log_conductance_high > hint.log_conductance_low)) {
    hint.log_conductance_low = -1;
    hint.log_conductance_high = 1;
  }
  hint.time_constant = time_constant_fraction * longest;
  return hint;
}

int thinning_of_trials(const std::vector<TrainingRecord>& records) {
  constexpr int kMany = 5000;
  return total_samples(records) > kMany ? 2 : 1;
}

std::vector<TrainingStage> whole_stages(const std::vector<TrainingRecord>& records, int thinning) {
  return {{.decimation = coarsest(records, thinning), .iterations = 30}};
}

std::vector<TrainingStage> window_stages(const std::vector<TrainingRecord>& records, int thinning) {
  constexpr int kFirstWindow = 40, kFewestSteps = 10, kDoublings = 4;
  const int decimation = coarsest(records, thinning);
  const int first = std::max(kFirstWindow, kFewestSteps * decimation);
  std::vector<TrainingStage> stages;
  for (int i = 0; i < kDoublings; ++i) {
    stages.push_back({.decimation = decimation, .iterations = 25, .window = first << i});
  }
  stages.push_back({.decimation = decimation, .iterations = 80});
  return stages;
}

std::vector<TrainingStage> refine_stages(const std::vector<TrainingRecord>& records, int thinning) {
  const int d = coarsest(records, thinning);
  std::vector<TrainingStage> stages;
  const int iterations[] = {50, 20, 8};
  for (int i = 0; i < 3; ++i) {
    const int decimation = std::max(1, d >> (i + 1));
    if (!stages.empty() && stages.back().decimation == decimation) continue;
    stages.push_back({.decimation = decimation, .iterations = iterations[i]});
  }
  if (d == thinning) stages.front().iterations = 150;  // no stage with longer steps comes before
  return stages;
}

}  // namespace psi_xlstm::fit
