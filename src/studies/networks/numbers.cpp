#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "metrics/statistics.hpp"
#include "studies/networks/study.hpp"

namespace psi_xlstm {
namespace {

// Around the drives of the study (50 to 140 kHz), and all below them [Hz].
constexpr std::array<Band, 6> kBands = {
    {{0, 50e3}, {50e3, 70e3}, {70e3, 90e3}, {90e3, 110e3}, {110e3, 130e3}, {130e3, 150e3}}};

std::string with_underscores(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

using Numbers = std::vector<NamedNumber>;

void add_summary(const std::string& name, const std::vector<double>& values, Numbers& numbers) {
  if (values.empty()) return;
  const Summary summary = summarize(values);
  numbers.push_back({name + "_mean", summary.mean});
  numbers.push_back({name + "_sd", summary.standard_deviation});
  numbers.push_back({name + "_half_width_95", summary.interval_half_width});
}

// Against the noise-free current, scored samples only.
void add_bands(const SeedData& data,
               const std::string& key,
               const std::string& label,
               const std::vector<fit::Prediction>& predictions,
               std::vector<BandRow>& rows) {
  for (const fit::Prediction& p : predictions) {
    const Record& record = data.dataset.records[static_cast<std::size_t>(p.record)];
    const auto from = static_cast<std::size_t>(p.scored_from);
    const auto scored = [&](const std::vector<double>& values) {
      return std::span<const double>(values).subspan(from);
    };
    rows.push_back({.key = key,
                    .label = label,
                    .seed = data.seed,
                    .record = record.id,
                    .errors = band_errors(scored(record.time), scored(record.clean_current),
                                          scored(p.current), kBands)});
  }
}

const SeedData& data_of(const std::vector<SeedData>& seeds, int seed) {
  return *std::find_if(seeds.begin(), seeds.end(),
                       [&](const SeedData& data) { return data.seed == seed; });
}

Numbers model_summaries(const NetworkStudyConfig& config,
                        const std::vector<ModelOutcome>& outcomes) {
  Numbers numbers;
  for (const std::string& label : model_labels(config)) {
    const auto add = [&](const char* name, const auto& value) {
      add_summary(label + name, over_seeds(outcomes, label, value), numbers);
    };
    add("_mse_A2", [](const ModelOutcome& o) { return o.test.mse; });
    add("_mse_over_floor", [](const ModelOutcome& o) { return o.test.mse_over_floor; });
    add("_nrmse_std_clean", [](const ModelOutcome& o) { return o.test.nrmse_std_clean; });
  }
  return numbers;
}

Numbers reference_summaries(const std::vector<Reference>& references) {
  Numbers numbers;
  std::vector<std::string> done;
  for (const Reference& r : references) {
    if (std::find(done.begin(), done.end(), r.key) != done.end()) continue;
    done.push_back(r.key);
    std::vector<double> mse, ratios;
    for (const Reference& other : references) {
      if (other.key != r.key) continue;
      if (other.mse) mse.push_back(*other.mse);
      if (other.mse_over_floor) ratios.push_back(*other.mse_over_floor);
    }
    add_summary(r.key + "_mse_A2", mse, numbers);
    add_summary(r.key + "_mse_over_floor", ratios, numbers);
  }
  return numbers;
}

Numbers model_facts(const NetworkStudyConfig& config, const std::vector<ModelOutcome>& outcomes) {
  Numbers numbers;
  for (const ModelOutcome& o : outcomes) {
    if (!o.usable) continue;
    const std::string prefix = fmt::format("seed_{}_{}_", o.seed, o.label);
    numbers.push_back({prefix + "deployed_parameters", o.deployed_parameters()});
    if (const auto factor = compression(config, outcomes, o)) {
      numbers.push_back({prefix + "compression", factor});
    }
    for (const TrainingFact& fact : o.facts()) {
      numbers.push_back({prefix + with_underscores(fact.name), fact.value});
    }
  }
  return numbers;
}

Numbers band_numbers(const std::vector<BandRow>& bands) {
  Numbers numbers;
  for (const BandRow& row : bands) {
    for (const BandError& e : row.errors) {
      numbers.push_back({fmt::format("seed_{}_{}_{}_band_{:.0f}_to_{:.0f}_kHz_error", row.seed,
                                     row.key, row.record, e.band.low / 1e3, e.band.high / 1e3),
                         e.error});
    }
  }
  return numbers;
}

}  // namespace

std::vector<double> over_seeds(
    const std::vector<ModelOutcome>& outcomes,
    const std::string& label,
    const std::function<std::optional<double>(const ModelOutcome&)>& value) {
  std::vector<double> values;
  for (const ModelOutcome& o : outcomes) {
    if (!o.usable || o.label != label) continue;
    if (const std::optional<double> v = value(o)) values.push_back(*v);
  }
  return values;
}

std::optional<double> compression(const NetworkStudyConfig& config,
                                  const std::vector<ModelOutcome>& outcomes,
                                  const ModelOutcome& outcome) {
  const int teacher = teacher_index(config.networks);
  if (teacher < 0) return std::nullopt;
  for (const ModelOutcome& o : outcomes) {
    if (o.seed != outcome.seed || o.network != teacher || !o.usable) continue;
    if (outcome.deployed_parameters() < 1) return std::nullopt;
    return static_cast<double>(o.trained_parameters()) / outcome.deployed_parameters();
  }
  return std::nullopt;
}

std::vector<BandRow> band_rows(const std::vector<SeedData>& seeds,
                               const std::vector<ModelOutcome>& outcomes,
                               const std::vector<Reference>& references) {
  std::vector<BandRow> rows;
  for (const ModelOutcome& o : outcomes) {
    if (o.usable) add_bands(data_of(seeds, o.seed), o.label, o.label, o.predictions, rows);
  }
  for (const Reference& r : references) {
    if (r.predictions.empty()) continue;
    const SeedData& data = r.seed ? data_of(seeds, *r.seed) : seeds.front();
    add_bands(data, r.key, r.name, r.predictions, rows);
  }
  return rows;
}

StudyMetrics network_metrics(const NetworkStudyConfig& config,
                             const std::vector<ModelOutcome>& outcomes,
                             const std::vector<Reference>& references,
                             const std::vector<BandRow>& bands) {
  StudyMetrics metrics{.study = config.study};
  for (const ModelOutcome& o : outcomes) metrics.models.push_back(model_row(config, o));
  for (const Reference& r : references) {
    const std::string name = r.seed ? fmt::format("{}, seed {}", r.name, *r.seed) : r.name;
    metrics.baselines.push_back({name, r.mse, r.nrmse_std});
  }
  for (const Numbers& part : {model_summaries(config, outcomes), reference_summaries(references),
                              model_facts(config, outcomes), band_numbers(bands)}) {
    metrics.numbers.insert(metrics.numbers.end(), part.begin(), part.end());
  }
  return metrics;
}

std::vector<std::string> failures(const std::vector<ModelOutcome>& outcomes) {
  std::vector<std::string> sentences;
  for (const ModelOutcome& o : outcomes) {
    if (!o.usable) sentences.push_back(fmt::format("seed {}, {}: {}", o.seed, o.label, o.reason));
  }
  return sentences;
}

}  // namespace psi_xlstm
