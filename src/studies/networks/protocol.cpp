#include "studies/networks/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "devices/published_bound.hpp"
#include "devices/published_recipe.hpp"
#include "metrics/baselines.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/compact/data_source.hpp"

namespace psi_xlstm {
namespace {

const Record& record_of(const SeedData& data, const fit::Prediction& p) {
  return data.dataset.records[static_cast<std::size_t>(p.record)];
}

// Sample of test record `record` from which on the published protocol scores: the last 60,000 of
// all samples in a row.
int published_first(int record) {
  constexpr int kAll = kPublishedSequences * kPublishedSamples;
  return std::clamp(kAll - kPublishedTestSamples - record * kPublishedSamples, 0,
                    kPublishedSamples);
}

// `frame` with the current that `current_of(record)` gives under each record's voltage.
template <class CurrentOf>
std::vector<fit::Prediction> filled(const SeedData& data, const CurrentOf& current_of) {
  std::vector<fit::Prediction> out = data.frame;
  for (fit::Prediction& p : out) p.current = current_of(record_of(data, p).voltage[0], p);
  return out;
}

Reference reference(const char* key, const char* name, const ErrorMetrics& errors) {
  return {.key = key,
          .name = name,
          .mse = errors.mse,
          .mse_over_floor = errors.mse_over_floor,
          .nrmse_std = errors.nrmse_std};
}

// Those with numbers fitted on the training records of one seed.
std::vector<Reference> fitted_references(const SeedData& data,
                                         const std::optional<double>& noise_floor) {
  constexpr const char* kKeys[] = {"mean", "resistor", "static_polynomial",
                                   "one_conductance_per_record"};
  const fit::Baselines baselines = fit::fit_baselines(data.dataset, data.frame);
  std::vector<Reference> out;
  for (const BaselineResult& row : fit::score_baselines(baselines, data.dataset, data.frame)) {
    out.push_back(
        {.key = kKeys[out.size()], .name = row.name, .mse = row.mse, .nrmse_std = row.nrmse_std});
    out.back().seed = data.seed;
    if (row.mse && noise_floor) out.back().mse_over_floor = *row.mse / *noise_floor;
  }
  out[1].predictions = filled(data, [&](const std::vector<double>& voltage, const auto&) {
    return resistor_current(baselines.resistor, voltage);
  });
  return out;
}

// The rows of one seed in the order of the tables.
std::vector<Reference> references_of(const NetworkStudyConfig& config, const SeedData& data) {
  const auto truth = filled(data, [](const std::vector<double>& voltage, const auto& p) {
    return published_current(voltage, p.start.value);
  });
  const ErrorMetrics law = fit::score(data.dataset, truth);
  std::vector<Reference> out = fitted_references(data, law.noise_floor);
  out.push_back(reference("device_law", "device's own law", law));
  if (config.is_published()) {
    for (std::size_t i : {3, 4}) out[i].name += " (start known)";
    auto predictions = filled(data, [](const std::vector<double>& voltage, const auto&) {
      return published_mean_current(voltage);
    });
    out.push_back(reference("bayes_bound", "Bayes bound given (V, t)",
                            fit::score(data.dataset, predictions)));
    out.back().predictions = std::move(predictions);
  }
  ErrorMetrics floor;
  floor.mse = law.noise_floor;
  if (law.noise_floor) floor.mse_over_floor = 1.0;
  out.push_back(reference("noise_floor", "noise floor", floor));
  for (Reference& r : out) r.seed = data.seed;
  return out;
}

}  // namespace

SeedData seed_data(const NetworkStudyConfig& config, int seed) {
  const DataSourceConfig source{.source = DataSource::kPublished, .prefix = config.prefix};
  SourcedData own = load_data(source, seed);
  SeedData data{.seed = seed, .dataset = std::move(own.dataset), .starts = own.starts};
  if (config.is_published() && seed != kPublishedTestSeed) {
    const Dataset judged = published_dataset({.seed = kPublishedTestSeed});
    for (int i : data.dataset.split.test) {
      data.dataset.records[static_cast<std::size_t>(i)] =
          judged.records[static_cast<std::size_t>(i)];
    }
  }
  for (int i : data.dataset.split.test) {
    const Record& record = data.dataset.records[static_cast<std::size_t>(i)];
    fit::Prediction p{.record = i};
    p.start = fit::find_start(record, fit::noise_of(record, data.dataset.noise), data.starts);
    p.scored_from = config.is_published() ? published_first(i) : p.start.samples;
    data.frame.push_back(std::move(p));
  }
  return data;
}

std::vector<fit::Prediction> with_currents(const SeedData& data,
                                           const StoredCurrents& currents,
                                           const std::string& where) {
  std::vector<fit::Prediction> out = data.frame;
  if (currents.records.size() != out.size()) {
    throw DataError(fmt::format("{}: expected the currents of {} records, found {}", where,
                                out.size(), currents.records.size()));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Record& record = record_of(data, out[i]);
    const std::size_t size = currents.current[i].size();
    if (currents.records[i] != record.id || currents.scored_from[i] != out[i].scored_from ||
        size != record.size()) {
      throw DataError(fmt::format(
          "{}: expected {} samples of record {}, scored from sample {}, found {} of {} from {}",
          where, record.size(), record.id, out[i].scored_from, size, currents.records[i],
          currents.scored_from[i]));
    }
    out[i].current = currents.current[i];
  }
  return out;
}

StoredCurrents stored_currents(const SeedData& data,
                               const std::vector<fit::Prediction>& predictions) {
  StoredCurrents out;
  for (const fit::Prediction& p : predictions) {
    out.records.push_back(record_of(data, p).id);
    out.scored_from.push_back(p.scored_from);
    out.current.push_back(p.current);
  }
  return out;
}

std::vector<Reference> references(const NetworkStudyConfig& config,
                                  const std::vector<SeedData>& seeds) {
  if (seeds.empty()) return {};
  const std::vector<Reference> first = references_of(config, seeds.front());
  // In the published protocol the rest neither depends on the training records nor on the seed.
  constexpr std::size_t kFitted = 3;
  const std::size_t repeated = config.is_published() ? kFitted : first.size();
  std::vector<std::vector<Reference>> others;
  for (std::size_t s = 1; s < seeds.size(); ++s) {
    others.push_back(config.is_published() ? fitted_references(seeds[s], first.back().mse)
                                           : references_of(config, seeds[s]));
  }
  std::vector<Reference> out;
  for (std::size_t kind = 0; kind < first.size(); ++kind) {
    out.push_back(first[kind]);
    if (kind >= repeated) {
      out.back().seed.reset();
      continue;
    }
    for (std::vector<Reference>& rows : others) out.push_back(std::move(rows[kind]));
  }
  return out;
}

}  // namespace psi_xlstm
