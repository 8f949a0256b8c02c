#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/number_text.hpp"
#include "metrics/statistics.hpp"
#include "studies/networks/report.hpp"

namespace psi_xlstm {
namespace {

std::string text(const std::optional<double>& value, const char* format = "{:.4g}") {
  return value && std::isfinite(*value) ? fmt::format(fmt::runtime(format), *value) : "n/a";
}

std::string percent(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{:.3g} %", 100 * *value) : "n/a";
}

Table accuracy_table(const NetworkStudyResult& result) {
  Table table;
  table.caption = "Models and predictors on the test records, by seed";
  table.header = {"model",
                  "seed",
                  "init",
                  "MSE [A^2]",
                  "MSE / noise floor",
                  "nrmse_std",
                  "nrmse_range",
                  "nrmse_std, noise-free"};
  for (const ModelResult& m : result.metrics.models) {
    table.rows.push_back({m.name, std::to_string(m.seed.value_or(0)),
                          std::to_string(m.init.value_or(0)), text(m.test.mse),
                          text(m.test.mse_over_floor), percent(m.test.nrmse_std),
                          percent(m.test.nrmse_range), percent(m.test.nrmse_std_clean)});
  }
  for (const Reference& r : result.references) {
    table.rows.push_back({r.name, r.seed ? std::to_string(*r.seed) : "", "", text(r.mse),
                          text(r.mse_over_floor), r.nrmse_std ? percent(r.nrmse_std) : "", "", ""});
  }
  table.note =
      "nrmse_std is the RMS error over the standard deviation of the current, nrmse_range over its "
      "range; the last column leaves the noise of the measurement out. Mean, resistor and static "
      "polynomial are fitted on the training records of the seed.";
  return table;
}

// "mean", "sd" and "95 % +-" of `values`.
void add_summary(const std::vector<double>& values, std::vector<std::string>& cells) {
  if (values.empty()) {
    cells.insert(cells.end(), {"n/a", "n/a", "n/a"});
    return;
  }
  const Summary summary = summarize(values);
  const auto scatter = [](const std::optional<double>& value) {
    return value ? text(value, "{:.3g}") : "";
  };
  cells.push_back(text(summary.mean));
  cells.push_back(scatter(summary.standard_deviation));
  cells.push_back(scatter(summary.interval_half_width));
}

std::string protocol_note(const NetworkStudyResult& result) {
  const std::string scatter =
      "sd is the standard deviation over the seeds; 95 % +- the half width of the interval of "
      "Student's t for the mean, wide for a few seeds. ";
  if (result.config.is_published()) {
    std::string note =
        scatter +
        "Models of all seeds are judged on the published test set, the last 60,000 samples of "
        "seed 42. Rows with \"start known\" take it from the first samples of the test record, "
        "which "
        "no model of this protocol sees.";
    if (result.config.with_compact) {
      note +=
          " The start of a test record is hidden: the compact student runs from the geometric mean "
          "of the starts of its training records.";
    }
    return note;
  }
  return scatter +
         "The noise floors of the seeds differ: compare MSE / noise floor, which is 1 for a model "
         "as good as the true device. The device's own law starts from the same estimate as the "
         "models: nothing can systematically beat it.";
}

Table summary_table(const NetworkStudyResult& result) {
  Table table;
  table.caption = "Models and predictors over the seeds";
  table.header = {"model", "seeds"};
  for (const char* quantity : {"MSE [A^2]", "MSE / noise floor"}) {
    for (const char* what : {"mean", "sd", "95 % +-"}) {
      table.header.push_back(fmt::format("{}, {}", quantity, what));
    }
  }
  const auto add = [&](const std::string& name, const std::vector<double>& mse,
                       const std::vector<double>& ratios) {
    std::vector<std::string> row = {name, std::to_string(mse.size())};
    add_summary(mse, row);
    add_summary(ratios, row);
    table.rows.push_back(std::move(row));
  };
  for (const std::string& label : model_labels(result.config)) {
    add(label, over_seeds(result.outcomes, label, [](const ModelOutcome& o) { return o.test.mse; }),
        over_seeds(result.outcomes, label,
                   [](const ModelOutcome& o) { return o.test.mse_over_floor; }));
  }
  for (std::size_t i = 0; i < result.references.size(); ++i) {
    const Reference& first = result.references[i];
    if (i > 0 && result.references[i - 1].key == first.key) continue;
    std::vector<double> mse, ratios;
    for (std::size_t k = i; k < result.references.size(); ++k) {
      const Reference& r = result.references[k];
      if (r.key != first.key) break;
      if (r.mse) mse.push_back(*r.mse);
      if (r.mse_over_floor) ratios.push_back(*r.mse_over_floor);
    }
    add(first.name, mse, ratios);
    if (!first.seed) table.rows.back()[1] = "";
  }
  table.note = protocol_note(result);
  return table;
}

// "3" or, where seeds differ, "3 to 5".
std::string range_text(const std::vector<double>& values, const char* format) {
  if (values.empty()) return "n/a";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const std::string first = text(*low, format), last = text(*high, format);
  return first == last ? first : first + " to " + last;
}

Table size_table(const NetworkStudyResult& result) {
  Table table;
  table.caption = "Sizes";
  table.header = {"model", "trained parameters", "deployed parameters", "states", "compression"};
  for (const std::string& label : model_labels(result.config)) {
    const auto column = [&](const auto& value, const char* format) {
      return range_text(over_seeds(result.outcomes, label, value), format);
    };
    table.rows.push_back(
        {label,
         column([](const ModelOutcome& o) { return std::optional<double>(o.trained_parameters()); },
                "{:.0f}"),
         column(
             [](const ModelOutcome& o) { return std::optional<double>(o.deployed_parameters()); },
             "{:.0f}"),
         column([](const ModelOutcome& o) { return std::optional<double>(o.states()); }, "{:.0f}"),
         column(
             [&](const ModelOutcome& o) { return compression(result.config, result.outcomes, o); },
             "{:.1f}")});
  }
  table.note =
      "Deployed parameters are those needed after training: the tied gates of a cluster count "
      "once. "
      "States are the numbers carried from one sample to the next. Compression is the trained "
      "parameters of the teacher over the deployed ones.";
  return table;
}

// The mean over the seeds of every band's error, for each model and record.
Table band_table(const NetworkStudyResult& result) {
  Table table;
  table.caption = "Error by frequency band, against the noise-free current";
  table.header = {"model", "record"};
  for (const BandError& e :
       result.bands.empty() ? std::vector<BandError>{} : result.bands.front().errors) {
    table.header.push_back(
        fmt::format("{:.0f} to {:.0f} kHz", e.band.low / 1e3, e.band.high / 1e3));
  }
  std::vector<std::pair<std::string, std::string>> done;
  for (const BandRow& first : result.bands) {
    const std::pair<std::string, std::string> id = {first.key, first.record};
    if (std::find(done.begin(), done.end(), id) != done.end()) continue;
    done.push_back(id);
    std::vector<std::string> row = {first.label, first.record};
    for (std::size_t b = 0; b < first.errors.size(); ++b) {
      std::vector<double> errors;
      for (const BandRow& other : result.bands) {
        if (other.key != first.key || other.record != first.record) continue;
        if (other.errors[b].error) errors.push_back(*other.errors[b].error);
      }
      row.push_back(errors.empty() ? "n/a" : percent(mean(errors)));
    }
    table.rows.push_back(std::move(row));
  }
  table.note =
      "Norm of the error's spectrum over that of the true current's within the band (Hann window, "
      "scored samples), mean over the seeds. 100 % is no better than saying nothing.";
  return table;
}

bool any_fact(const NetworkStudyResult& result, FactKind kind) {
  return std::any_of(result.outcomes.begin(), result.outcomes.end(), [&](const ModelOutcome& o) {
    const std::vector<TrainingFact> facts = o.facts();
    return o.usable && std::any_of(facts.begin(), facts.end(),
                                   [&](const TrainingFact& f) { return f.kind == kind; });
  });
}

Table energy_table(const NetworkStudyResult& result) {
  std::map<std::pair<std::string, int>, std::map<int, std::optional<double>>> energies;
  std::set<int> ranks;
  for (const ModelOutcome& o : result.outcomes) {
    if (!o.usable) continue;
    for (const TrainingFact& fact : o.facts()) {
      if (fact.kind != FactKind::kMemoryEnergy) continue;
      energies[{o.label, o.seed}][fact.rank] = fact.value;
      ranks.insert(fact.rank);
    }
  }
  Table table;
  table.caption = "Energy of the teacher's matrix memory by rank";
  table.header = {"model", "seed"};
  for (const int rank : ranks) table.header.push_back(fmt::format("rank {}", rank));
  for (const ModelOutcome& o : result.outcomes) {
    const auto found = energies.find({o.label, o.seed});
    if (found == energies.end()) continue;
    std::vector<std::string> row = {o.label, std::to_string(o.seed)};
    for (const int rank : ranks) {
      const auto energy = found->second.find(rank);
      row.push_back(energy == found->second.end() ? "" : percent(energy->second));
    }
    table.rows.push_back(std::move(row));
  }
  table.note =
      "Part of the sum of all squared singular values of the teacher's memories, along its "
      "training "
      "records, that the largest ones hold, as many as the rank. Noted by the student whose memory "
      "has a low rank.";
  return table;
}

// Facts of `kind` with the values that `show` gives, one per row.
template <class Show>
Table fact_rows(const NetworkStudyResult& result, FactKind kind, const Show& show) {
  Table table;
  table.header = {"model", "seed", "quantity", "value"};
  for (const ModelOutcome& o : result.outcomes) {
    if (!o.usable) continue;
    for (const TrainingFact& fact : o.facts()) {
      if (fact.kind != kind) continue;
      table.rows.push_back({o.label, std::to_string(o.seed), fact.name, show(fact.value)});
    }
  }
  return table;
}

Table time_constant_table(const NetworkStudyResult& result) {
  Table table = fact_rows(result, FactKind::kTimeConstant, [](const std::optional<double>& value) {
    return value ? engineering(*value, "s") : std::string("n/a");
  });
  table.caption = "Time constants";
  table.note =
      "Of the network's forget gates, tau = -dt / ln f. The device itself holds its state between "
      "-0.5 and 0.5 V and has no relaxation time of its own.";
  return table;
}

}  // namespace

std::vector<NamedTable> network_tables(const NetworkStudyResult& result) {
  std::vector<NamedTable> tables = {{"summary", summary_table(result)},
                                    {"accuracy", accuracy_table(result)},
                                    {"sizes", size_table(result)}};
  if (!result.bands.empty()) tables.push_back({"bands", band_table(result)});
  if (any_fact(result, FactKind::kMemoryEnergy))
    tables.push_back({"memory_energy", energy_table(result)});
  if (any_fact(result, FactKind::kTimeConstant)) {
    tables.push_back({"time_constants", time_constant_table(result)});
  }
  if (any_fact(result, FactKind::kOther)) {
    tables.push_back(
        {"facts", fact_rows(result, FactKind::kOther, [](const std::optional<double>& value) {
           return text(value, "{:.6g}");
         })});
    tables.back().table.caption = "Further facts of the trainings";
  }
  return tables;
}

Table latency_table(const NetworkStudyResult& result) {
  Table table;
  table.caption = "Time for one sample of one sequence";
  table.header = {"model", "ns per sample"};
  for (const LatencyRow& row : result.latencies) {
    table.rows.push_back({row.label, text(row.nanoseconds)});
  }
  table.note =
      "One sequence, one sample after the other (nothing batched), one thread: best of five passes "
      "over 40,000 samples of the published drive, on this machine. Differs from run to run.";
  return table;
}

}  // namespace psi_xlstm
