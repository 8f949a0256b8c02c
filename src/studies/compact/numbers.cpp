#include "studies/compact/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "metrics/spectrum.hpp"
#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

using Numbers = std::vector<NamedNumber>;

// Medians over the fits of every seed.
void add_medians(const StudyConfig& config, const std::vector<FitOutcome>& fits, Numbers& numbers) {
  for (const int seed : config.seeds) {
    std::vector<double> ratios, clean;
    for (const FitOutcome& f : fits) {
      if (f.seed != seed) continue;
      if (f.test.mse_over_floor) ratios.push_back(*f.test.mse_over_floor);
      if (f.test.nrmse_std_clean) clean.push_back(*f.test.nrmse_std_clean);
    }
    if (!ratios.empty()) {
      numbers.push_back({fmt::format("seed_{}_median_mse_over_floor", seed), median(ratios)});
    }
    if (!clean.empty()) {
      numbers.push_back({fmt::format("seed_{}_median_nrmse_std_clean", seed), median(clean)});
    }
  }
}

void add_device_laws(const std::vector<FitOutcome>& fits, Numbers& numbers) {
  for (const FitOutcome& f : fits) {
    if (f.fit != 0 || !f.device_law) continue;
    numbers.push_back(
        {fmt::format("seed_{}_device_law_mse_over_floor", f.seed), f.device_law->mse_over_floor});
    numbers.push_back(
        {fmt::format("seed_{}_device_law_nrmse_std_clean", f.seed), f.device_law->nrmse_std_clean});
  }
}

// Per test record of the first seed, the median over its fits: against the noise-free current where
// that is known, else against the measured one.
void add_record_errors(int seed,
                       const Dataset& dataset,
                       const std::vector<FitOutcome>& fits,
                       Numbers& numbers) {
  for (std::size_t i = 0; i < dataset.split.test.size(); ++i) {
    std::vector<double> errors;
    for (const FitOutcome& f : fits) {
      if (!f.usable || f.seed != seed) continue;
      const ErrorMetrics e = fit::score(dataset, {f.predictions[i]});
      const std::optional<double> error = e.nrmse_std_clean ? e.nrmse_std_clean : e.nrmse_std;
      if (error) errors.push_back(*error);
    }
    if (errors.empty()) continue;
    const Record& record = dataset.records[static_cast<std::size_t>(dataset.split.test[i])];
    numbers.push_back({fmt::format("record_{}_median_nrmse_std", record.id), median(errors)});
  }
}

// Error of the first fit on its last test record by frequency band, multiples of the drive
// frequency.
void add_band_errors(const Dataset& dataset, const FitOutcome& first, Numbers& numbers) {
  const double f = first.model.network.box.drive_frequency;
  const fit::Prediction& shown = first.predictions.back();
  const Record& record = dataset.records[static_cast<std::size_t>(shown.record)];
  const Band bands[] = {{0, 0.2 * f}, {0.2 * f, 0.5 * f}, {0.5 * f, 1.5 * f}, {1.5 * f, 4.5 * f}};
  const bool clean = !record.clean_current.empty();
  const double noise = clean ? 0 : fit::noise_of(record, dataset.noise);
  for (const BandError& e :
       band_errors(record.time, clean ? record.clean_current : record.current[0], shown.current,
                   bands, noise)) {
    numbers.push_back({fmt::format("record_{}_band_{:.4g}_to_{:.4g}_Hz_error", record.id,
                                   e.band.low, e.band.high),
                       e.error});
  }
}

// What the emitted model is like.
void add_model_facts(const ir::Network& network, Numbers& numbers) {
  const hdl::EmissionPlan plan = hdl::plan_emission(network);
  numbers.push_back({"zero_bias_rate_per_s", plan.zero_bias_rate});
  std::vector<double> tau = ir::zero_bias_time_constants(network, plan.default_conductance);
  std::sort(tau.begin(), tau.end());
  for (std::size_t k = 0; k < tau.size(); ++k) {
    numbers.push_back({fmt::format("zero_bias_time_constant_{}_s", k + 1), tau[k]});
  }
  numbers.push_back({"conductance_low_S", plan.conductance_low});
  numbers.push_back({"conductance_high_S", plan.conductance_high});
  numbers.push_back({"largest_argument", plan.largest_argument});
}

}  // namespace

std::vector<NamedNumber> study_numbers(const StudyConfig& config,
                                       const Dataset& dataset,
                                       const std::vector<FitOutcome>& fits) {
  Numbers numbers;
  add_medians(config, fits, numbers);
  add_device_laws(fits, numbers);
  add_record_errors(config.seeds.front(), dataset, fits, numbers);
  const FitOutcome& first = fits.front();
  if (!first.usable) return numbers;
  add_band_errors(dataset, first, numbers);
  add_model_facts(first.model.network, numbers);
  return numbers;
}

Judgement judge(const StudyConfig& config,
                const std::vector<FitOutcome>& fits,
                const Judgement& quality,
                const CosimReport& cosim) {
  if (!quality.passed()) return quality;
  for (const FitOutcome& f : fits) {
    if (f.usable) continue;
    return {Verdict::kFailed, fmt::format("seed {}, fit {}: {}", f.seed, f.fit, f.reason)};
  }
  return config.cosimulate ? cosim.verdict() : Judgement{Verdict::kPassed, ""};
}

}  // namespace psi_xlstm
