#include "studies/networks/outcome.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/fingerprint.hpp"
#include "fit/train.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/compact/data_source.hpp"

namespace psi_xlstm {
namespace {

constexpr const char* kModelFile = "model.safetensors";
constexpr const char* kCurrentsFile = "predictions.safetensors";

void judge(const SeedData& data, ModelOutcome& outcome) {
  outcome.test = fit::score(data.dataset, outcome.predictions);
  outcome.usable = outcome.test.mse.has_value();
  if (!outcome.usable) outcome.reason = "its predictions are not finite";
}

// Everything that a compact student depends on.
std::string fingerprint(const NetworkStudyConfig& config, const SeedData& data) {
  return Fingerprint()
      .add("model", kCompactLabel)
      .add_tree("fit", config_tree(config.compact))
      .add("protocol", name_of(config.protocol))
      .add("prefix", config.prefix)
      .add("data", checksum(data.dataset))
      .hex();
}

// The conductance in the middle of the starts of the training records [S].
double middle_start(const std::vector<fit::TrainingRecord>& records) {
  double sum = 0;
  for (const fit::TrainingRecord& record : records) sum += std::log(record.start.value);
  return std::exp(sum / static_cast<double>(records.size()));
}

ModelOutcome compact_outcome(const SeedData& data) {
  return {.seed = data.seed, .label = kCompactLabel};
}

}  // namespace

int ModelOutcome::trained_parameters() const {
  if (stored) return stored->trained_parameters;
  return compact ? compact->network.parameter_count() : 0;
}

int ModelOutcome::deployed_parameters() const {
  return stored ? stored->deployed_parameters : trained_parameters();
}

int ModelOutcome::states() const {
  if (stored) return state_count(stored->shape);
  return compact ? compact->network.state_count() : 0;
}

std::vector<TrainingFact> ModelOutcome::facts() const {
  if (stored) return stored->facts;
  if (compact) return {{"training cost, chi^2 per sample", compact->chi2_per_sample}};
  return {};
}

std::vector<std::string> model_labels(const NetworkStudyConfig& config) {
  std::vector<std::string> labels;
  for (const NetworkConfig& network : config.networks) labels.push_back(label_of(network));
  if (config.with_compact) labels.emplace_back(kCompactLabel);
  return labels;
}

ModelOutcome load_outcome(const NetworkStudyConfig& config,
                          const std::filesystem::path& run,
                          const SeedData& data,
                          int index) {
  const NetworkConfig& network = config.networks[static_cast<std::size_t>(index)];
  ModelOutcome outcome{.seed = data.seed, .network = index, .label = label_of(network)};
  const std::filesystem::path folder = network_folder(run, data.seed, outcome.label);
  const std::filesystem::path model = folder / kModelFile, currents = folder / kCurrentsFile;
  outcome.stored = load_network(model);
  if (outcome.stored->model != network.kind || outcome.stored->protocol != config.protocol) {
    throw DataError(fmt::format("{}: expected a {} of the protocol {}, found a {} of {}",
                                model.string(), name_of(network.kind), name_of(config.protocol),
                                name_of(outcome.stored->model), name_of(outcome.stored->protocol)));
  }
  outcome.curve = load_curve(folder / "curve.json");
  outcome.predictions = with_currents(data, load_currents(currents), currents.string());
  judge(data, outcome);
  return outcome;
}

ModelOutcome fit_compact(const NetworkStudyConfig& config,
                         RunFolder& run,
                         const SeedData& data,
                         int threads) {
  ModelOutcome outcome = compact_outcome(data);
  const std::filesystem::path folder = network_folder("", data.seed, kCompactLabel);
  const std::filesystem::path model = run.own(folder / kModelFile);
  const std::string wanted = fingerprint(config, data);
  outcome.compact = finished_model(model, wanted);
  if (!outcome.compact) {
    run.remove_below(folder);
    const fit::TrainingResult training =
        fit::train(fit::training_records(data.dataset, data.dataset.split.train, data.starts),
                   config.compact, kCompactLabel, threads);
    if (!training.usable) {
      outcome.reason = training.reason;
      return outcome;
    }
    outcome.compact = stored_model(training, config.compact.student);
    outcome.compact->fingerprint = wanted;
    save_model(run.own(folder / kModelFile), *outcome.compact);
  }
  outcome.predictions = predict_compact(config, data, outcome.compact->network);
  save_currents(run.own(folder / kCurrentsFile), stored_currents(data, outcome.predictions));
  judge(data, outcome);
  return outcome;
}

ModelOutcome load_compact(const std::filesystem::path& run, const SeedData& data) {
  ModelOutcome outcome = compact_outcome(data);
  const std::filesystem::path folder = network_folder(run, data.seed, kCompactLabel);
  const std::filesystem::path currents = folder / kCurrentsFile;
  outcome.compact = load_model(folder / kModelFile);
  outcome.predictions = with_currents(data, load_currents(currents), currents.string());
  judge(data, outcome);
  return outcome;
}

std::vector<fit::Prediction> predict_compact(const NetworkStudyConfig& config,
                                             const SeedData& data,
                                             const ir::Network& network) {
  fit::StartOptions starts = data.starts;
  if (config.is_published()) {
    starts.conductance =
        middle_start(fit::training_records(data.dataset, data.dataset.split.train, data.starts));
  }
  std::vector<fit::Prediction> out =
      fit::predict(network, data.dataset, data.dataset.split.test, starts, false);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].scored_from = data.frame[i].scored_from;
  return out;
}

ModelResult model_row(const NetworkStudyConfig& config, const ModelOutcome& outcome) {
  ModelResult row;
  row.name = outcome.label;
  row.seed = outcome.seed;
  row.init = config.compact.seed;
  if (outcome.network >= 0) {
    row.init =
        training_seed(config.networks[static_cast<std::size_t>(outcome.network)], outcome.seed);
  }
  if (!outcome.usable) return row;
  row.parameters = outcome.trained_parameters();
  row.states = outcome.states();
  row.test = outcome.test;
  return row;
}

}  // namespace psi_xlstm
