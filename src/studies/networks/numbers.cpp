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

void add(NetworkStudyResult& result, std::string name, std::optional<double> value) {
  result.metrics.numbers.push_back({std::move(name), value});
}

void add_summary(NetworkStudyResult& result,
                 const std::string& name,
                 const std::vector<double>& values) {
  if (values.empty()) return;
  const Summary summary = summarize(values);
  add(result, name + "_mean", summary.mean);
  add(result, name + "_sd", summary.standard_deviation);
  add(result, name + "_half_width_95", summary.interval_half_width);
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

const SeedData& data_of(const NetworkStudyResult& result, int seed) {
  return *std::find_if(result.seeds.begin(), result.seeds.end(),
                       [&](const SeedData& data) { return data.seed == seed; });
}

void collect_bands(NetworkStudyResult& result) {
  for (const ModelOutcome& o : result.outcomes) {
    if (o.usable) add_bands(data_of(result, o.seed), o.label, o.label, o.predictions, result.bands);
  }
  for (const Reference& r : result.references) {
    const int seed = r.seed.value_or(result.config.seeds.front());
    if (!r.predictions.empty()) {
      add_bands(data_of(result, seed), r.key, r.name, r.predictions, result.bands);
    }
  }
}

void collect_references(NetworkStudyResult& result) {
  for (const Reference& r : result.references) {
    const std::string name = r.seed ? fmt::format("{}, seed {}", r.name, *r.seed) : r.name;
    result.metrics.baselines.push_back({name, r.mse, r.nrmse_std});
  }
}

void collect_summaries(NetworkStudyResult& result) {
  for (const std::string& label : model_labels(result.config)) {
    add_summary(result, label + "_mse_A2",
                over_seeds(result, label, [](const ModelOutcome& o) { return o.test.mse; }));
    add_summary(
        result, label + "_mse_over_floor",
        over_seeds(result, label, [](const ModelOutcome& o) { return o.test.mse_over_floor; }));
    add_summary(
        result, label + "_nrmse_std_clean",
        over_seeds(result, label, [](const ModelOutcome& o) { return o.test.nrmse_std_clean; }));
  }
  std::vector<std::string> done;
  for (const Reference& r : result.references) {
    if (std::find(done.begin(), done.end(), r.key) != done.end()) continue;
    done.push_back(r.key);
    std::vector<double> mse, ratios;
    for (const Reference& other : result.references) {
      if (other.key != r.key) continue;
      if (other.mse) mse.push_back(*other.mse);
      if (other.mse_over_floor) ratios.push_back(*other.mse_over_floor);
    }
    add_summary(result, r.key + "_mse_A2", mse);
    add_summary(result, r.key + "_mse_over_floor", ratios);
  }
}

void collect_facts(NetworkStudyResult& result) {
  for (const ModelOutcome& o : result.outcomes) {
    if (!o.usable) continue;
    const std::string prefix = fmt::format("seed_{}_{}_", o.seed, o.label);
    add(result, prefix + "deployed_parameters", o.deployed_parameters());
    if (const auto factor = compression(result, o)) add(result, prefix + "compression", factor);
    for (const NamedNumber& fact : o.facts()) {
      add(result, prefix + with_underscores(fact.name), fact.value);
    }
  }
  for (const BandRow& row : result.bands) {
    for (const BandError& e : row.errors) {
      add(result,
          fmt::format("seed_{}_{}_{}_band_{:.0f}_to_{:.0f}_kHz_error", row.seed, row.key,
                      row.record, e.band.low / 1e3, e.band.high / 1e3),
          e.error);
    }
  }
}

}  // namespace

std::vector<double> over_seeds(
    const NetworkStudyResult& result,
    const std::string& label,
    const std::function<std::optional<double>(const ModelOutcome&)>& value) {
  std::vector<double> values;
  for (const ModelOutcome& o : result.outcomes) {
    if (!o.usable || o.label != label) continue;
    if (const std::optional<double> v = value(o)) values.push_back(*v);
  }
  return values;
}

std::optional<double> compression(const NetworkStudyResult& result, const ModelOutcome& outcome) {
  const int teacher = teacher_index(result.config.networks);
  if (teacher < 0) return std::nullopt;
  for (const ModelOutcome& o : result.outcomes) {
    if (o.seed != outcome.seed || o.network != teacher || !o.usable) continue;
    if (outcome.deployed_parameters() < 1) return std::nullopt;
    return static_cast<double>(o.trained_parameters()) / outcome.deployed_parameters();
  }
  return std::nullopt;
}

void collect_network_metrics(NetworkStudyResult& result) {
  result.metrics.study = result.config.study;
  for (const ModelOutcome& o : result.outcomes) {
    result.metrics.models.push_back(model_row(result.config, o));
  }
  collect_references(result);
  collect_bands(result);
  collect_summaries(result);
  collect_facts(result);
}

void judge(NetworkStudyResult& result) {
  result.passed = true;
  for (const ModelOutcome& o : result.outcomes) {
    if (o.usable) continue;
    const std::string sentence = fmt::format("seed {}, {}: {}", o.seed, o.label, o.reason);
    if (result.passed) {
      result.reason = sentence;
    } else {
      result.warnings.push_back(sentence);
    }
    result.passed = false;
  }
}

}  // namespace psi_xlstm
