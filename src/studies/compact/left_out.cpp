#include "studies/compact/left_out.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "fit/leave_one_out.hpp"
#include "model/predictions.hpp"

namespace psi_xlstm {
namespace {

constexpr const char* kPredictionFile = "predictions.safetensors";

std::filesystem::path numbered(const std::filesystem::path& fit, std::size_t index) {
  return part_folder(fit, static_cast<int>(index) + 1);
}

}  // namespace

std::filesystem::path part_folder(const std::filesystem::path& fit, int part) {
  return fit / fmt::format("without_{}", part);
}

void train_left_out(const Dataset& dataset,
                    const fit::SelectionRequest& request,
                    FitOutcome& outcome) {
  fit::LeaveOneOutResult result = fit::leave_one_out(dataset, request);
  const fit::TrainingResult& all = result.selection.training;
  outcome.usable = all.usable && !result.parts.empty();
  outcome.reason = all.usable ? "no fit that leaves out one part could be made" : all.reason;
  if (!outcome.usable) return;
  outcome.model = stored_model(all, result.selection.shape);
  outcome.model.candidates = std::move(result.selection.candidates);
  for (const fit::LeftOut& part : result.parts) {
    outcome.left_out.push_back(stored_model(part.training, result.selection.shape));
  }
}

bool take_left_out(const std::filesystem::path& fit,
                   const std::string& fingerprint,
                   std::size_t parts,
                   RunFolder& run,
                   FitOutcome& outcome) {
  for (std::size_t i = 0; i < parts; ++i) {
    auto model = finished_model(run.own(numbered(fit, i) / kModelName), fingerprint);
    if (!model) return false;
    outcome.left_out.push_back(std::move(*model));
  }
  return true;
}

void save_left_out(const std::filesystem::path& fit, RunFolder& run, FitOutcome& outcome) {
  for (std::size_t i = 0; i < outcome.left_out.size(); ++i) {
    outcome.left_out[i].fingerprint = outcome.model.fingerprint;
    save_model(run.own(numbered(fit, i) / kModelName), outcome.left_out[i]);
  }
}

void judge_left_out(const SourcedData& data,
                    const std::filesystem::path& fit,
                    RunFolder& run,
                    FitOutcome& outcome) {
  for (std::size_t i = 0; i < outcome.left_out.size(); ++i) {
    const int record = data.dataset.split.test[i];
    const Dataset others = fit::without(data.dataset, record);
    const fit::Prediction prediction =
        fit::predict(outcome.left_out[i].network, others, {record}, data.starts, data.refine_starts)
            .front();
    outcome.predictions.push_back(prediction);
    outcome.baselines.push_back(fit::fit_baselines(others, {prediction}));
    StoredPredictions stored;
    stored.dataset.noise = data.dataset.noise;
    stored.dataset.records = {data.dataset.records[static_cast<std::size_t>(record)]};
    stored.predictions = {prediction};
    stored.predictions.front().record = 0;
    stored.baselines = outcome.baselines.back();
    save_predictions(run.own(numbered(fit, i) / kPredictionFile), stored);
  }
  outcome.test = fit::score(data.dataset, outcome.predictions);
}

}  // namespace psi_xlstm
