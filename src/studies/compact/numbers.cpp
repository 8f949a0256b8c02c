#include "studies/compact/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "metrics/spectrum.hpp"
#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

// Per test record of the first seed, the median over its fits: against the noise-free current where
// that is known, else against the measured one.
void collect_record_errors(StudyResult& result) {
  const Dataset& dataset = result.data.dataset;
  for (std::size_t i = 0; i < dataset.split.test.size(); ++i) {
    std::vector<double> errors;
    for (const FitOutcome& f : result.fits) {
      if (!f.usable || f.seed != result.config.seeds.front()) continue;
      const ErrorMetrics e = fit::score(dataset, {f.predictions[i]});
      const std::optional<double> error = e.nrmse_std_clean ? e.nrmse_std_clean : e.nrmse_std;
      if (error) errors.push_back(*error);
    }
    if (errors.empty()) continue;
    const Record& record = dataset.records[static_cast<std::size_t>(dataset.split.test[i])];
    result.metrics.numbers.push_back(
        {fmt::format("record_{}_median_nrmse_std", record.id), median(errors)});
  }
}

// Error of the first fit on its last test record by frequency band, multiples of the drive
// frequency.
void collect_band_errors(StudyResult& result) {
  const FitOutcome& first = result.fits.front();
  const double f = first.model.network.box.drive_frequency;
  const fit::Prediction& shown = first.predictions.back();
  const Record& record = result.data.dataset.records[static_cast<std::size_t>(shown.record)];
  const Band bands[] = {{0, 0.2 * f}, {0.2 * f, 0.5 * f}, {0.5 * f, 1.5 * f}, {1.5 * f, 4.5 * f}};
  const bool clean = !record.clean_current.empty();
  const double noise = clean ? 0 : fit::noise_of(record, result.data.dataset.noise);
  for (const BandError& e :
       band_errors(record.time, clean ? record.clean_current : record.current[0], shown.current,
                   bands, noise)) {
    result.metrics.numbers.push_back({fmt::format("record_{}_band_{:.4g}_to_{:.4g}_Hz_error",
                                                  record.id, e.band.low, e.band.high),
                                      e.error});
  }
}

// Why a judged row did not pass, one sentence.
std::string missed(const CosimReport& cosim, const CosimRow& row) {
  for (const CosimOutcome& outcome : cosim.transients) {
    const bool same = outcome.row.stimulus == row.stimulus && outcome.row.path == row.path;
    if (same && !outcome.reason.empty()) {
      return fmt::format("co-simulation \"{}\": {}", row.stimulus, outcome.reason);
    }
  }
  if (!row.max_abs_err_over_fs) {
    return fmt::format("co-simulation \"{}\": expected a result of ngspice, found none",
                       row.stimulus);
  }
  if (!row.limit) {
    return fmt::format("co-simulation \"{}\": expected a large error, found {:.3g}", row.stimulus,
                       *row.max_abs_err_over_fs);
  }
  return fmt::format("co-simulation \"{}\": expected an error of at most {:.3g}, found {:.3g}",
                     row.stimulus, *row.limit, *row.max_abs_err_over_fs);
}

}  // namespace

void collect_numbers(StudyResult& result) {
  std::vector<NamedNumber>& numbers = result.metrics.numbers;
  for (int seed : result.config.seeds) {
    std::vector<double> ratios, clean;
    for (const FitOutcome& f : result.fits) {
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
  for (const FitOutcome& f : result.fits) {
    if (f.fit != 0 || !f.device_law) continue;
    numbers.push_back(
        {fmt::format("seed_{}_device_law_mse_over_floor", f.seed), f.device_law->mse_over_floor});
    numbers.push_back(
        {fmt::format("seed_{}_device_law_nrmse_std_clean", f.seed), f.device_law->nrmse_std_clean});
  }
  collect_record_errors(result);
  const FitOutcome& first = result.fits.front();
  if (!first.usable) return;
  collect_band_errors(result);
  const hdl::EmissionPlan plan = hdl::plan_emission(first.model.network);
  numbers.push_back({"zero_bias_rate_per_s", plan.zero_bias_rate});
  std::vector<double> tau =
      ir::zero_bias_time_constants(first.model.network, plan.default_conductance);
  std::sort(tau.begin(), tau.end());
  for (std::size_t k = 0; k < tau.size(); ++k) {
    numbers.push_back({fmt::format("zero_bias_time_constant_{}_s", k + 1), tau[k]});
  }
  numbers.push_back({"conductance_low_S", plan.conductance_low});
  numbers.push_back({"conductance_high_S", plan.conductance_high});
  numbers.push_back({"largest_argument", plan.largest_argument});
}

void judge(StudyResult& result) {
  result.passed = result.reason.empty();
  if (!result.passed) return;
  for (const FitOutcome& f : result.fits) {
    if (f.usable) continue;
    result.passed = false;
    result.reason = fmt::format("seed {}, fit {}: {}", f.seed, f.fit, f.reason);
    return;
  }
  for (const CosimRow& row : result.metrics.cosim) {
    if (!row.passed || *row.passed) continue;
    result.passed = false;
    result.reason = missed(result.cosim, row);
    return;
  }
}

}  // namespace psi_xlstm
