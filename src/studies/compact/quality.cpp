#include "studies/compact/quality.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace psi_xlstm {
namespace {

constexpr double kLargestError = 0.1;    // of the standard deviation of the current
constexpr double kAimedAt = 0.005;       // by a fit, however small the noise
constexpr double kNoiseFactor = 1.5;     // an error within it is the noise's
constexpr double kAsGood = 1.02 * 1.02;  // of mean squared errors

// Mean squared noise of the records of `predictions` [A^2].
double noise_power(const Dataset& dataset, const FitOutcome& outcome) {
  if (outcome.test.noise_floor) return *outcome.test.noise_floor;
  double sum = 0, count = 0;
  for (const fit::Prediction& p : outcome.predictions) {
    const Record& record = dataset.records[static_cast<std::size_t>(p.record)];
    const double sd = fit::noise_of(record, dataset.noise);
    sum += sd * sd * static_cast<double>(record.size());
    count += static_cast<double>(record.size());
  }
  return count > 0 ? sum / count : 0;
}

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

const BaselineResult* best_of(const std::vector<BaselineResult>& baselines) {
  const BaselineResult* best = nullptr;
  for (const BaselineResult& b : baselines) {
    if (b.mse && (best == nullptr || *b.mse < *best->mse)) best = &b;
  }
  return best;
}

}  // namespace

Quality judge_quality(const Dataset& dataset,
                      const FitOutcome& first,
                      const std::vector<BaselineResult>& baselines,
                      const std::vector<Finding>& findings) {
  Quality quality{.judgement = {Verdict::kPassed, ""}};
  const auto fail = [&](const std::string& reason) {
    if (!quality.judgement.passed()) return;
    quality.judgement = {Verdict::kFailed, "the model is not good: " + reason};
  };
  for (const Finding& finding : findings) {
    if (finding.severity == FindingSeverity::kRefusal) fail(finding.sentence);
  }
  if (!first.usable) return quality;
  if (!first.test.mse || !first.test.nrmse_std || !(*first.test.nrmse_std > 0)) {
    fail("its error is no number");
    return quality;
  }
  const double mse = *first.test.mse, error = *first.test.nrmse_std;
  const double noise = std::sqrt(noise_power(dataset, first) / mse) * error;
  const bool at_noise = error <= kNoiseFactor * std::max(noise, kAimedAt);
  const char* where = dataset.leave_one_out ? "parts left out one at a time" : "test records";
  const std::string fitted =
      dataset.leave_one_out ? fmt::format("; the fit to all of them: {}",
                                          percent(std::sqrt(first.model.chi2_per_sample) * noise))
                            : std::string();
  std::string beside = fmt::format("noise {}", percent(noise));
  if (const BaselineResult* best = best_of(baselines)) {
    beside += fmt::format(", best trivial predictor, \"{}\", {}", best->name,
                          percent(std::sqrt(*best->mse / mse) * error));
    if (*best->mse <= kAsGood * mse) {
      const std::string as_good =
          fmt::format("\"{}\" ({} and {}, noise {})", best->name,
                      percent(std::sqrt(*best->mse / mse) * error), percent(error), percent(noise));
      if (at_noise) {
        quality.remark =
            "the records show no memory beyond their noise: as good as the model is the trivial "
            "predictor " +
            as_good;
      } else {
        fail("no better than the trivial predictor " + as_good);
      }
    }
  }
  if (error > kLargestError && !at_noise) {
    fail(
        fmt::format("its error is {} of the standard deviation of the current on the {}, where the "
                    "noise of {} allows better{}",
                    percent(error), where, percent(noise), fitted));
  }
  quality.headline =
      fmt::format("error {} of the standard deviation of the current on the {} ({}{})",
                  percent(error), where, beside, fitted);
  return quality;
}

std::string first_line(const Quality& quality) {
  return quality.judgement.passed() ? quality.headline : quality.judgement.reason;
}

}  // namespace psi_xlstm
