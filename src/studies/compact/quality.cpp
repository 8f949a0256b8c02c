#include "studies/compact/quality.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "studies/compact/standing.hpp"

namespace psi_xlstm {
namespace {

constexpr double kLargestError = 0.1;    // of the standard deviation of the current
constexpr double kAimedAt = 0.005;       // by a fit, however small the noise
constexpr double kNoiseFactor = 1.5;     // an error within it is the noise's
constexpr double kNearlyNoise = 1.1;     // and within this one it is called so
constexpr double kAsGood = 1.02 * 1.02;  // of mean squared errors
constexpr std::string_view kNotGood = "the model is not good: ";

// Mean squared noise that the fit reckoned with, of the records that `outcome` is judged on [A^2].
double fitted_noise_power(const Dataset& dataset, const FitOutcome& outcome) {
  double sum = 0, count = 0;
  for (const fit::Prediction& p : outcome.predictions) {
    const Record& record = dataset.records[static_cast<std::size_t>(p.record)];
    const double sd = fit::noise_of(record, dataset.noise);
    sum += sd * sd * static_cast<double>(record.size());
    count += static_cast<double>(record.size());
  }
  return count > 0 ? sum / count : 0;
}

// The same as far as it is known [A^2].
double noise_power(const Dataset& dataset, const FitOutcome& outcome) {
  return outcome.test.noise_floor.value_or(fitted_noise_power(dataset, outcome));
}

const BaselineResult* best_of(const std::vector<BaselineResult>& baselines) {
  const BaselineResult* best = nullptr;
  for (const BaselineResult& b : baselines) {
    if (b.mse && (best == nullptr || *b.mse < *best->mse)) best = &b;
  }
  return best;
}

// The errors of a model whose own is a positive number.
void measure(const Dataset& dataset,
             const FitOutcome& first,
             const BaselineResult* best,
             Quality& quality) {
  const double mse = *first.test.mse, error = *first.test.nrmse_std;
  quality.error = error;
  quality.noise = std::sqrt(noise_power(dataset, first) / mse) * error;
  quality.noise_estimated = !first.test.noise_floor && !dataset.noise;
  quality.left_out = dataset.leave_one_out;
  if (quality.left_out) {
    const double fitted = first.model.chi2_per_sample * fitted_noise_power(dataset, first);
    quality.fitted_error = std::sqrt(fitted / mse) * error;
  }
  if (best == nullptr) return;
  quality.trivial = best->name;
  quality.trivial_error = std::sqrt(*best->mse / mse) * error;
}

std::string where(const Quality& quality) {
  return quality.left_out ? "parts left out one at a time" : "test records";
}

std::string of_all(const Quality& quality) {
  if (!quality.left_out) return "";
  return fmt::format("; the fit to all of them: {}", percent_text(quality.fitted_error));
}

}  // namespace

Quality judge_quality(const Dataset& dataset,
                      const FitOutcome& first,
                      const std::vector<BaselineResult>& baselines,
                      const std::vector<Finding>& findings) {
  Quality quality{.judgement = {Verdict::kPassed, ""}};
  const auto fail = [&](const std::string& reason) {
    if (!quality.judgement.passed()) return;
    quality.judgement = {Verdict::kFailed, std::string(kNotGood) + reason};
  };
  for (const Finding& finding : findings) {
    if (finding.severity == FindingSeverity::kRefusal) fail(finding.sentence);
  }
  if (!first.usable) return quality;
  if (!first.test.mse || !first.test.nrmse_std || !(*first.test.nrmse_std > 0)) {
    fail("its error is no number");
    return quality;
  }
  const BaselineResult* best = best_of(baselines);
  measure(dataset, first, best, quality);
  const double error = *quality.error;
  const bool at_noise = error <= kNoiseFactor * std::max(quality.noise, kAimedAt);
  if (best != nullptr && *best->mse <= kAsGood * *first.test.mse) {
    const std::string as_good =
        fmt::format("\"{}\" ({} and {}, noise {})", best->name, percent_text(quality.trivial_error),
                    percent_text(error), percent_text(quality.noise));
    if (at_noise) {
      quality.remark =
          "the records show no memory beyond their noise: as good as the model is the trivial "
          "predictor " +
          as_good;
    } else {
      fail("no better than the trivial predictor " + as_good);
    }
  }
  if (error > kLargestError && !at_noise) {
    fail(fmt::format(
        "its error is {} of the standard deviation of the current on the {}, where the "
        "noise of {} allows better{}",
        percent_text(error), where(quality), percent_text(quality.noise), of_all(quality)));
  }
  return quality;
}

std::string words_for(const Quality& quality) {
  if (!quality.judgement.passed()) {
    return "not good: " + quality.judgement.reason.substr(kNotGood.size());
  }
  if (!quality.error) return "no model";
  if (!quality.remark.empty()) return "the records show no memory beyond their noise";
  if (quality.noise > 0) {
    const double ratio = *quality.error / quality.noise;
    if (ratio <= kNearlyNoise) return "as good as the noise allows";
    return fmt::format("{:.2g} times the noise", ratio);
  }
  if (quality.trivial.empty()) return "the noise is not known";
  return fmt::format("{:.2g} times better than without memory",
                     quality.trivial_error / *quality.error);
}

std::string first_line(const Quality& quality) {
  if (!quality.judgement.passed()) return quality.judgement.reason;
  if (!quality.error) return "";
  std::string beside = fmt::format("noise {}{}", quality.noise_estimated ? "taken as " : "",
                                   percent_text(quality.noise));
  if (!quality.trivial.empty()) {
    beside +=
        fmt::format(", best trivial {} ({})", percent_text(quality.trivial_error), quality.trivial);
  }
  return fmt::format("error         {} of sd(I) on the {}, {}: {}{}", percent_text(quality.error),
                     where(quality), beside, words_for(quality), of_all(quality));
}

}  // namespace psi_xlstm
