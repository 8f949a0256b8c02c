#include "studies/compact/data_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "data/readers/options.hpp"
#include "data/split.hpp"
#include "devices/mem3.hpp"
#include "devices/published_recipe.hpp"
#include "devices/vt100k.hpp"
#include "diagnosis/correction.hpp"
#include "diagnosis/diagnosis.hpp"
#include "metrics/statistics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

void check_sign(const DataSourceConfig& config) {
  if (config.sign == 0) throw ConfigError("data: expected a sign of 1 or -1, found 0");
}

std::vector<Record> read_files(const DataSourceConfig& config) {
  if (config.files.empty()) throw ConfigError("data: expected at least one file, found none");
  check_sign(config);
  const std::vector<std::filesystem::path> files(config.files.begin(), config.files.end());
  return read_records(files, read_options(config.reading, config.sign));
}

// What is wrong with `records`, which are corrected as `config` asks.
std::vector<Finding> examined(std::vector<Record>& records, const DataSourceConfig& config) {
  const std::vector<Finding> corrected = correct(records, corrections_from(config.correct));
  std::vector<Finding> findings =
      diagnose(records, {.noise = config.noise, .divide = !config.split.empty()});
  findings.insert(findings.end(), corrected.begin(), corrected.end());
  return findings;
}

Dataset divided(std::vector<Record> records, const DataSourceConfig& config) {
  Dataset dataset = config.split.empty() && too_few_periods(records)
                        ? make_undivided_dataset(std::move(records))
                        : make_dataset(std::move(records), {config.split});
  dataset.continuous = dataset.continuous || config.continuous;
  dataset.source = fmt::format("{}", fmt::join(config.files, ", "));
  if (config.noise) dataset.noise = config.noise;
  return dataset;
}

double median_step(const Record& record) {
  std::vector<double> steps;
  for (std::size_t k = 1; k < record.size(); ++k) {
    steps.push_back(record.time[k] - record.time[k - 1]);
  }
  return median(steps);
}

// How the records start, once they are known.
void settle_starts(const DataSourceConfig& config, SourcedData& out) {
  for (const Record& record : out.dataset.records) {
    const double step = median_step(record), length = record.time.back() - record.time.front();
    if (config.prefix > 0 && (config.prefix < 4 * step || config.prefix > 0.5 * length)) {
      throw ConfigError(fmt::format(
          "data: expected a prefix of at least 4 samples and at most half of record {} ({} s to {} "
          "s), found {} s",
          record.id, 4 * step, 0.5 * length, config.prefix));
    }
  }
  out.starts.prefix = config.prefix;
  out.starts.conductance = config.initial_conductance;
}

}  // namespace

SourcedData load_data(const DataSourceConfig& config, int seed) {
  SourcedData out;
  if (config.source == DataSource::kPublished) {
    out.dataset = published_dataset({.seed = seed});
  } else if (config.source == DataSource::kVteam) {
    VteamConfig vteam = config.vteam;
    vteam.seed = seed;
    out.dataset = vt100k_dataset(vteam);
    out.starts.exact = true;
  } else if (config.source == DataSource::kMem3) {
    Mem3Config mem3 = config.mem3;
    mem3.seed = seed;
    out.dataset = mem3_dataset(mem3);
    out.starts.exact = true;
  } else {
    return sourced(read_files(config), config);
  }
  out.findings = diagnose(out.dataset.records);
  settle_starts(config, out);
  return out;
}

SourcedData sourced(std::vector<Record> records, const DataSourceConfig& config) {
  SourcedData out;
  check_sign(config);
  out.findings = examined(records, config);
  out.dataset = divided(std::move(records), config);
  out.starts.exact = true;  // where the file has a column for it
  out.refine_starts = config.prefix == 0;
  settle_starts(config, out);
  return out;
}

std::optional<ErrorMetrics> device_law_errors(const DataSourceConfig& config,
                                              const Dataset& dataset,
                                              const std::vector<fit::Prediction>& predictions) {
  if (config.source != DataSource::kPublished) return std::nullopt;
  std::vector<fit::Prediction> truth = predictions;
  for (fit::Prediction& p : truth) {
    const Record& record = dataset.records[static_cast<std::size_t>(p.record)];
    p.current = published_current(record.voltage[0], p.start.value);
  }
  return fit::score(dataset, truth);
}

CosimCase training_like_case(const DataSourceConfig& config, const Record& record) {
  CosimCase out;
  out.name = "training-like";
  if (config.source == DataSource::kPublished) {
    const int sequence = std::stoi(record.id.substr(3));  // "seq0" .. "seq9"
    const PublishedTones tones = published_tones(sequence);
    out.stimulus.terms = {SineTerm{.amplitude = 0.5, .frequency = tones.low},
                          SineTerm{.amplitude = 0.3, .frequency = tones.high}};
    for (double start : {0.2e-3, 0.5e-3, 0.8e-3}) {
      out.stimulus.terms.emplace_back(
          DecayingJumpTerm{.amplitude = 0.4, .start = start, .decay_rate = 1e4});
    }
    out.stop_time = kPublishedDuration;
    return out;
  }
  constexpr std::size_t kLongest = 20'000;
  VoltageTable table;
  const std::size_t count = std::min(record.size(), kLongest);
  for (std::size_t k = 0; k < count; ++k) {
    table.times.push_back(record.time[k] - record.time.front());
    table.values.push_back(record.voltage[0][k]);
  }
  out.stop_time = table.times.back();
  out.max_step = median_step(record);
  out.stimulus.terms = {std::move(table)};
  return out;
}

}  // namespace psi_xlstm
