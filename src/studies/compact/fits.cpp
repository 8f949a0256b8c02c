#include "studies/compact/fits.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/fingerprint.hpp"
#include "core/plural.hpp"
#include "core/seed.hpp"
#include "data/checksum.hpp"
#include "model/predictions.hpp"
#include "studies/compact/left_out.hpp"

namespace psi_xlstm {
namespace {

// Everything that a fit depends on; threads, co-simulation and names of other things are not in it.
std::string fingerprint(const StudyConfig& config, const FitConfig& fit, const SourcedData& data) {
  return Fingerprint()
      .add("model", config.model)
      .add_tree("fit", config_tree(fit))
      .add_tree("selection", config_tree(config.selection))
      .add("data", checksum(data.dataset))
      .add("noise", config.data.noise)
      .add("g0", config.data.initial_conductance)
      .add("prefix", config.data.prefix)
      .hex();
}

FitConfig fit_config(const StudyConfig& config, int fit) {
  constexpr int kApart = 10;
  FitConfig out = config.fit;
  out.seed = derived_seed(config.fit.seed, kApart, fit);
  return out;
}

// The shapes that a fit may take, and how the choice among them is told.
fit::SelectionRequest selection_request(const StudyConfig& config,
                                        const FitConfig& fit,
                                        const SourcedData& data,
                                        int threads,
                                        const Progress& progress) {
  fit::SelectionRequest request{.shapes = {fit.student},
                                .config = fit,
                                .starts = data.starts,
                                .name = config.model,
                                .threads = threads};
  if (config.selection.enabled) {
    request.shapes = fit::candidate_shapes(fit.student, config.selection.states.value_or(-1),
                                           config.selection.features.value_or(-1));
  }
  const char* const error = data.dataset.leave_one_out ? "MSE of parts left out" : "validation MSE";
  request.progress = [&progress, error](int done, int count, const fit::CandidateReport& c) {
    progress("choose", static_cast<double>(done) / count,
             fmt::format("{}, {}, {} static: {} {:.4g} A^2", count_of(c.shape.states, "state"),
                         count_of(c.shape.states > 0 ? c.shape.features : 0, "feature"),
                         c.shape.static_features, error, c.validation_mse));
  };
  return request;
}

// Trains from nothing; `outcome` says how it went.
void train_model(const StudyConfig& config,
                 const FitConfig& fit,
                 const SourcedData& data,
                 int threads,
                 const Progress& progress,
                 FitOutcome& outcome) {
  const fit::SelectionRequest request = selection_request(config, fit, data, threads, progress);
  if (data.dataset.leave_one_out) {
    train_left_out(data.dataset, request, outcome);
    if (!config.selection.enabled) outcome.model.candidates.clear();
    return;
  }
  fit::SelectionResult result{.training = {}, .shape = fit.student, .candidates = {}};
  if (config.selection.enabled) {
    result = fit::select(data.dataset, request);
  } else {
    const auto records = fit::training_records(data.dataset, data.dataset.split.train, data.starts);
    result.training = fit::train(records, fit, config.model, threads);
  }
  outcome.usable = result.training.usable;
  outcome.reason = result.training.reason;
  if (!outcome.usable) return;
  outcome.model = stored_model(result.training, result.shape);
  outcome.model.candidates = std::move(result.candidates);
}

StoredPredictions to_store(const Dataset& dataset, const FitOutcome& outcome) {
  StoredPredictions out;
  out.baselines = outcome.baselines.front();
  out.dataset.noise = dataset.noise;
  for (const fit::Prediction& p : outcome.predictions) {
    out.dataset.records.push_back(dataset.records[static_cast<std::size_t>(p.record)]);
    out.predictions.push_back(p);
    out.predictions.back().record = static_cast<int>(out.dataset.records.size()) - 1;
  }
  return out;
}

// Takes what an earlier run finished; false where that is not all of it.
bool take_models(const std::filesystem::path& folder,
                 const std::string& wanted,
                 const Dataset& dataset,
                 RunFolder& run,
                 FitOutcome& outcome) {
  std::optional<StoredModel> model = finished_model(run.own(folder / kModelName), wanted);
  if (!model) return false;
  outcome.model = std::move(*model);
  outcome.usable = true;
  return !dataset.leave_one_out ||
         take_left_out(folder, wanted, dataset.records.size(), run, outcome);
}

// Predicts and judges, and keeps the predictions.
void judge_fit(const StudyConfig& config,
               const SourcedData& data,
               const std::filesystem::path& folder,
               RunFolder& run,
               FitOutcome& outcome) {
  if (data.dataset.leave_one_out) return judge_left_out(data, folder, run, outcome);
  outcome.predictions = fit::predict(outcome.model.network, data.dataset, data.dataset.split.test,
                                     data.starts, data.refine_starts);
  outcome.baselines = {fit::fit_baselines(data.dataset, outcome.predictions)};
  outcome.test = fit::score(data.dataset, outcome.predictions);
  outcome.device_law = device_law_errors(config.data, data.dataset, outcome.predictions);
  save_predictions(run.own(folder / "predictions.safetensors"), to_store(data.dataset, outcome));
}

FitOutcome run_fit(
    const StudyConfig& config, int seed, int fit, const SourcedData& data, Road& road) {
  FitOutcome outcome{.seed = seed, .fit = fit};
  const FitConfig options = fit_config(config, fit);
  const std::string wanted = fingerprint(config, options, data);
  const std::filesystem::path folder = fit_folder(seed, fit);
  RunFolder& run = road.folder();
  if (!take_models(folder, wanted, data.dataset, run, outcome)) {
    outcome = {.seed = seed, .fit = fit};
    run.remove_below(folder);
    train_model(config, options, data, road.threads(), road.progress(), outcome);
    if (!outcome.usable) return outcome;
    outcome.model.fingerprint = wanted;
    outcome.model.data_checksum = checksum(data.dataset);
    save_left_out(folder, run, outcome);
    save_model(run.own(folder / kModelName), outcome.model);
  }
  judge_fit(config, data, folder, run, outcome);
  return outcome;
}

}  // namespace

std::filesystem::path fit_folder(int seed, int fit) {
  return std::filesystem::path(fmt::format("seed_{}", seed)) / fmt::format("fit_{}", fit);
}

std::vector<BaselineResult> baseline_rows(const FitOutcome& outcome, const Dataset& dataset) {
  return outcome.left_out.empty()
             ? fit::score_baselines(outcome.baselines.front(), dataset, outcome.predictions)
             : fit::score_baselines(outcome.baselines, dataset, outcome.predictions);
}

ModelResult model_row(const StudyConfig& config, const FitOutcome& outcome) {
  ModelResult row;
  row.name = "compact";
  row.seed = outcome.seed;
  row.init = fit_config(config, outcome.fit).seed;
  if (!outcome.usable) return row;
  row.parameters = outcome.model.network.parameter_count();
  row.states = outcome.model.network.state_count();
  row.test = outcome.test;
  return row;
}

std::vector<FitOutcome> run_fits(const StudyConfig& config,
                                 const std::vector<SourcedData>& data,
                                 Road& road) {
  std::vector<FitOutcome> fits;
  const auto total = static_cast<double>(config.seeds.size()) * config.fits;
  for (std::size_t s = 0; s < config.seeds.size(); ++s) {
    for (int fit = 0; fit < config.fits; ++fit) {
      const int seed = config.seeds[s];
      road.progress()("fit", static_cast<double>(fits.size()) / total,
                      fmt::format("seed {}, fit {} of {}", seed, fit + 1, config.fits));
      fits.push_back(road.timed(fmt::format("fit {}, seed {}", fit, seed),
                                [&] { return run_fit(config, seed, fit, data[s], road); }));
    }
  }
  return fits;
}

}  // namespace psi_xlstm
