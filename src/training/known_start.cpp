#include "training/known_start.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "devices/published_recipe.hpp"
#include "training/gate_clusters.hpp"
#include "training/known_start_loss.hpp"
#include "training/projection.hpp"
#include "training/soap.hpp"

namespace psi_xlstm::training {
namespace {

using torch::Tensor;

constexpr int kInterval = 100;                // steps between checkpoints, validations, new centres
constexpr int kDistillEvery = 4;              // steps between steps with distillation terms
constexpr double kDerivativeTime = 1e-6;      // time scale of the derivative term [s]
constexpr int kLawSamples[] = {39500, 8000};  // of the stretches with the device's law, in turn
constexpr double kLawShare = 0.8;             // their network steps per step of measured windows

// Losses of the last step, for the curve.
struct Terms {
  double data = 0, hidden = 0, gradient = 0, structure = 0, physics = 0;
};

// The data of one phase, at its decimation.
struct PhaseData {
  PhaseData(const NetworkConfig& config,
            const PhaseConfig& phase,
            const KnownStartProblem& problem,
            const KnownStartScales& scales)
      : training(*problem.data,
                 problem.data->split.train,
                 problem.prefix,
                 *problem.data->noise,
                 phase.decimation),
        validation(*problem.data,
                   problem.data->split.validation,
                   problem.prefix,
                   *problem.data->noise,
                   phase.decimation),
        whole(measured_batch(validation.whole(), scales)) {
    if (config.physics == 0 || !problem.law) return;
    law = std::make_unique<LawPool>(*problem.data, problem.data->split.train, *problem.law,
                                    training.log_conductance_max());
    Rng rng(1);
    constexpr int kWindows = 6;
    unmeasured = law->draw(kLawSamples[0], phase.decimation, kWindows, scales, rng);
  }

  WindowPool training, validation;
  KnownStartBatch whole, unmeasured;  // for validation
  std::unique_ptr<LawPool> law;
};

class KnownStartTraining {
 public:
  KnownStartTraining(const NetworkConfig& config,
                     const kernels::NetworkShape& shape,
                     const KnownStartProblem& problem)
      : config_(config),
        shape_(shape),
        problem_(problem),
        network_(shape),
        count_(static_cast<std::int64_t>(parameter_count(shape))),
        gates_(shape),
        soap_(parameter_matrices(shape)) {
    scales_.conductance = conductance_scale(*problem.data);
    for (const PhaseConfig& p : config.phases) total_ += p.steps;
    tie_step_ = static_cast<int>(std::lround(config.tie_after * total_ / kInterval)) * kInterval;
    if (problem.teacher == nullptr) return;
    teacher_ = std::make_unique<models::TapedRelaxation>(problem.teacher->shape);
    teacher_parameters_ = torch::tensor(problem.teacher->parameters, torch::kFloat32);
  }

  TrainingOutcome train(const std::vector<double>& start,
                        int seed,
                        const std::filesystem::path& file,
                        const std::string& fingerprint,
                        const Report& report);

 private:
  bool distils() const { return teacher_ && learns_from_teacher(config_); }
  // The distillation terms fade out: what remains at the end are the data.
  double fading(int step) const { return 1 - static_cast<double>(step) / total_; }

  std::string step(const PhaseConfig& phase, int in_phase);
  Tensor distillation(const models::Trajectory& student,
                      const Tensor& student_log,
                      const KnownStartBatch& batch,
                      const Tensor& flat);
  struct Judgement {
    double chi2 = 0, loss = 0;
  };
  Judgement judge(const std::vector<float>& parameters);
  void validate();
  std::string not_finite() const;

  const NetworkConfig& config_;
  const kernels::NetworkShape& shape_;
  const KnownStartProblem& problem_;
  models::TapedRelaxation network_;
  std::int64_t count_;
  KnownStartScales scales_;
  int total_ = 0, tie_step_ = 0;
  std::unique_ptr<models::TapedRelaxation> teacher_;
  Tensor teacher_parameters_;
  std::unique_ptr<PhaseData> data_;
  GateClusters gates_;
  Soap soap_;
  TrainingState state_;
  Terms terms_;
};

Tensor KnownStartTraining::distillation(const models::Trajectory& student,
                                        const Tensor& student_log,
                                        const KnownStartBatch& batch,
                                        const Tensor& flat) {
  equations::Response wanted;
  {
    const torch::NoGradGuard constant;
    const models::Trajectory teacher = run(*teacher_, teacher_parameters_, batch);
    wanted = response(teacher, log_conductance(teacher, batch));
  }
  const equations::Response found = response(student, student_log);
  const Tensor projection = projection_of(flat, count_, wanted.hidden.size(2));
  const Tensor hidden = equations::hidden_loss(found, wanted, projection);
  // Edges 0 and 1 are at one time; steps that pad a window have no duration either.
  const auto steps = batch.rho.size(0) - 1;
  const auto later = [&](const equations::Response& r) {
    return equations::Response{r.output.narrow(0, 1, steps + 1), r.hidden.narrow(0, 1, steps + 1)};
  };
  const Tensor dt =
      (batch.rho.narrow(0, 1, steps) * scales_.reference_step).clamp_min(scales_.reference_step);
  const Tensor gradient =
      equations::gradient_loss(later(found), later(wanted), projection, dt, kDerivativeTime);
  terms_.hidden = hidden.item<double>();
  terms_.gradient = gradient.item<double>();
  return fading(state_.step) *
         (config_.distillation.alpha * hidden + config_.distillation.beta * gradient);
}

std::string KnownStartTraining::not_finite() const {
  for (int l = 0; l < static_cast<int>(shape_.layers.size()); ++l) {
    for (float x : network_->hidden(l)) {
      if (!std::isfinite(x)) {
        return fmt::format("step {}: the outputs of layer {} are not finite", state_.step, l);
      }
    }
  }
  return fmt::format("step {}: the gradient is not finite, the outputs of all layers are",
                     state_.step);
}

// One step; returns why it could not be done, or nothing.
std::string KnownStartTraining::step(const PhaseConfig& phase, int in_phase) {
  const Tensor flat = torch::from_blob(state_.parameters.data(),
                                       {static_cast<std::int64_t>(state_.parameters.size())})
                          .clone()
                          .requires_grad_(true);
  const Tensor own = flat.narrow(0, 0, count_);
  const KnownStartBatch batch =
      measured_batch(data_->training.draw(state_.step, phase.samples, state_.rng), scales_);
  const models::Trajectory measured = run(network_, own, batch);
  const Tensor log_g = log_conductance(measured, batch);
  const Tensor share = batch.samples / batch.samples.sum();
  const Tensor data = (compressed(chi2_per_sample(log_g, batch)) * share).sum();
  terms_.data = data.item<double>();
  Tensor loss = data;
  if (distils() && state_.step % kDistillEvery == 0) {
    loss = loss + distillation(measured, log_g, batch, flat);
  }
  if (gates_.free(state_) && config_.distillation.gamma > 0) {
    const Tensor structure = gates_.structure(flat, state_);
    terms_.structure = structure.item<double>();
    loss = loss + config_.distillation.gamma * structure;
  }
  loss.backward();
  if (data_->law) {
    const int samples = kLawSamples[state_.step % 2];
    const int windows = std::max(
        1, static_cast<int>(std::lround(kLawShare * phase.samples * phase.decimation / samples)));
    const KnownStartBatch law =
        data_->law->draw(samples, phase.decimation, windows, scales_, state_.rng);
    const Tensor drift = law_drift(log_conductance(run(network_, own, law), law), law,
                                   *problem_.law, scales_.conductance);
    terms_.physics = drift.mean().item<double>();
    (config_.physics * compressed(drift).mean()).backward();
  }
  Tensor gradient = flat.grad().contiguous();
  std::span<float> numbers(gradient.data_ptr<float>(), static_cast<std::size_t>(gradient.numel()));
  gates_.tie_gradient(state_, numbers);
  const double rate = learning_rate(phase, in_phase);
  const double norm =
      config_.optimizer == "soap"
          ? soap_.step(state_, numbers, rate, config_.clip, config_.weight_decay)
          : optimizer_step(state_, numbers, rate, config_.clip, config_.weight_decay);
  gates_.tie(state_);
  return std::isfinite(norm) ? "" : not_finite();
}

// chi^2 per sample of `parameters` on the validation records, and what they are judged by: that and
// the device's law.
KnownStartTraining::Judgement KnownStartTraining::judge(const std::vector<float>& parameters) {
  const torch::NoGradGuard constant;
  const Tensor own = torch::tensor(parameters).narrow(0, 0, count_);
  Judgement out;
  out.chi2 =
      chi2_per_sample(log_conductance(run(network_, own, data_->whole), data_->whole), data_->whole)
          .mean()
          .item<double>() +
      data_->whole.misfit_inside / data_->whole.samples.sum().item<double>();
  out.loss = out.chi2;
  if (data_->law) {
    const Tensor log_g = log_conductance(run(network_, own, data_->unmeasured), data_->unmeasured);
    out.loss += config_.physics *
                compressed(law_drift(log_g, data_->unmeasured, *problem_.law, scales_.conductance))
                    .mean()
                    .item<double>();
  }
  return out;
}

void KnownStartTraining::validate() {
  const Judgement now = judge(state_.parameters);
  state_.curve.push_back({state_.step, terms_.data, now.chi2, terms_.hidden, terms_.gradient,
                          terms_.structure, terms_.physics});
  terms_ = {};  // a resumed training knows nothing of earlier steps either
  const auto propose = [&](const std::vector<float>& parameters, double loss) {
    if (!std::isfinite(loss) || !counts(config_, state_.step, total_)) return;
    if (!state_.best_parameters.empty() && loss >= state_.best_validation) return;
    state_.best_parameters = parameters;
    state_.best_validation = loss;
    state_.best_step = state_.step;
  };
  propose(state_.parameters, now.loss);
  propose(state_.average, judge(state_.average).loss);
}

TrainingOutcome KnownStartTraining::train(const std::vector<double>& start,
                                          int seed,
                                          const std::filesystem::path& file,
                                          const std::string& fingerprint,
                                          const Report& report) {
  const int width = distils() ? (*teacher_)->shape().layers.back().hidden : 0;
  state_ = begin_training(with_projection(start, shape_.layers.back().hidden, width, seed), seed);
  const std::size_t bases = config_.optimizer == "soap" ? soap_.remembered() : 0;
  take_up({file, fingerprint}, {state_.parameters.size(), bases, gates_.count(), config_.clusters},
          report, state_);
  int first = 0;
  TrainingOutcome outcome;
  for (const PhaseConfig& phase : config_.phases) {
    const int last = first + phase.steps;
    if (state_.step < last) {
      data_ = std::make_unique<PhaseData>(config_, phase, problem_, scales_);
      // Another decimation is another validation loss.
      if (state_.step == first) state_.best_parameters.clear();
    }
    while (state_.step < last && outcome.reason.empty()) {
      if (state_.step % kInterval == 0) {
        gates_.regroup(state_, state_.step >= tie_step_);
        if (state_.step > 0) save_training(file, state_, fingerprint);
        const CurvePoint last_point = state_.curve.empty() ? CurvePoint{} : state_.curve.back();
        report(static_cast<double>(state_.step) / total_,
               fmt::format("step {} of {}, validation {:.4g}, physics {:.4g}", state_.step, total_,
                           last_point.validation, last_point.physics));
      }
      outcome.reason = step(phase, state_.step - first);
      if (state_.step % kInterval == 0 || state_.step == last) validate();
    }
    first = last;
  }
  outcome.usable = outcome.reason.empty() && !state_.best_parameters.empty();
  if (outcome.usable) {
    outcome.parameters.assign(state_.best_parameters.begin(),
                              state_.best_parameters.begin() + count_);
  } else if (outcome.reason.empty()) {
    outcome.reason = "no validation loss was finite";
  }
  outcome.state = std::move(state_);
  return outcome;
}

}  // namespace

double conductance_scale(const Dataset& data) {
  std::vector<double> all;
  for (int r : data.split.train) {
    const Record& record = data.records[static_cast<std::size_t>(r)];
    all.push_back(fit::start_conductance(record, 0, static_cast<int>(record.size()), 1).value);
  }
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

TrainingOutcome train_known_start(const NetworkConfig& config,
                                  const kernels::NetworkShape& shape,
                                  const std::vector<double>& start,
                                  const KnownStartProblem& problem,
                                  int seed,
                                  const std::filesystem::path& file,
                                  const std::string& fingerprint,
                                  const Report& report) {
  return KnownStartTraining(config, shape, problem).train(start, seed, file, fingerprint, report);
}

}  // namespace psi_xlstm::training
