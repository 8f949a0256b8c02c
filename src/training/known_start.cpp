#include "training/known_start.hpp"

#include <fmt/format.h>
#include <torch/types.h>

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

class KnownStartObjective : public Objective {
 public:
  KnownStartObjective(const NetworkConfig& config,
                      const kernels::NetworkShape& shape,
                      const std::vector<double>& start,
                      const KnownStartProblem& problem,
                      int seed)
      : config_(config),
        shape_(shape),
        start_(start),
        problem_(problem),
        seed_(seed),
        total_(total_units(config.phases)),
        network_(shape),
        count_(static_cast<std::int64_t>(parameter_count(shape))),
        gates_(shape),
        soap_(parameter_matrices(shape)) {
    scales_.conductance = conductance_scale(*problem.data);
    tie_step_ = static_cast<int>(std::lround(config.tie_after * total_ / kInterval)) * kInterval;
    if (problem.teacher == nullptr) return;
    teacher_ = std::make_unique<models::TapedRelaxation>(problem.teacher->shape);
    teacher_parameters_ = torch::tensor(problem.teacher->parameters, torch::kFloat32);
  }

  TrainingState begin() const override {
    const int width = distils() ? (*teacher_)->shape().layers.back().hidden : 0;
    return begin_training(with_projection(start_, shape_.layers.back().hidden, width, seed_),
                          seed_);
  }
  CheckpointSizes sizes() const override {
    return {.parameters = begin().parameters.size(),
            .bases = config_.optimizer == NetworkOptimizer::kSoap ? soap_.remembered() : 0,
            .gates = gates_.count(),
            .clusters = config_.clusters};
  }
  std::size_t network_numbers() const override { return static_cast<std::size_t>(count_); }
  void enter(const PhaseConfig& phase) override {
    data_ = std::make_unique<PhaseData>(config_, phase, problem_, scales_);
  }
  void regroup(TrainingState& state) override { gates_.regroup(state, state.done >= tie_step_); }
  std::string advance(const PhaseConfig& phase, int in_phase, TrainingState& state) override;
  Judgement judge(const TrainingState& state) override;

 private:
  bool distils() const { return teacher_ && learns_from_teacher(config_); }
  // The distillation terms fade out: what remains at the end are the data.
  double fading(int step) const { return 1 - static_cast<double>(step) / total_; }

  Tensor distillation(const models::Trajectory& student,
                      const Tensor& student_log,
                      const KnownStartBatch& batch,
                      const Tensor& flat,
                      int step);
  struct Losses {
    double chi2 = 0, judged = 0;
  };
  Losses losses(const std::vector<float>& parameters);
  std::string not_finite(int step) const;

  const NetworkConfig& config_;
  const kernels::NetworkShape& shape_;
  const std::vector<double>& start_;
  const KnownStartProblem& problem_;
  int seed_, total_, tie_step_ = 0;
  models::TapedRelaxation network_;
  std::int64_t count_;
  KnownStartScales scales_;
  std::unique_ptr<models::TapedRelaxation> teacher_;
  Tensor teacher_parameters_;
  std::unique_ptr<PhaseData> data_;
  GateClusters gates_;
  Soap soap_;
  Terms terms_;
};

Tensor KnownStartObjective::distillation(const models::Trajectory& student,
                                         const Tensor& student_log,
                                         const KnownStartBatch& batch,
                                         const Tensor& flat,
                                         int step) {
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
  return fading(step) *
         (config_.distillation.alpha * hidden + config_.distillation.beta * gradient);
}

std::string KnownStartObjective::not_finite(int step) const {
  for (int l = 0; l < static_cast<int>(shape_.layers.size()); ++l) {
    for (float x : network_->hidden(l)) {
      if (!std::isfinite(x)) {
        return fmt::format("step {}: the outputs of layer {} are not finite", step, l);
      }
    }
  }
  return fmt::format("step {}: the gradient is not finite, the outputs of all layers are", step);
}

std::string KnownStartObjective::advance(const PhaseConfig& phase,
                                         int in_phase,
                                         TrainingState& state) {
  const Tensor flat = torch::from_blob(state.parameters.data(),
                                       {static_cast<std::int64_t>(state.parameters.size())})
                          .clone()
                          .requires_grad_(true);
  const Tensor own = flat.narrow(0, 0, count_);
  const KnownStartBatch batch =
      measured_batch(data_->training.draw(state.step, phase.samples, state.rng), scales_);
  const models::Trajectory measured = run(network_, own, batch);
  const Tensor log_g = log_conductance(measured, batch);
  const Tensor share = batch.samples / batch.samples.sum();
  const Tensor data = (compressed(chi2_per_sample(log_g, batch)) * share).sum();
  terms_.data = data.item<double>();
  Tensor loss = data;
  if (distils() && state.step % kDistillEvery == 0) {
    loss = loss + distillation(measured, log_g, batch, flat, state.step);
  }
  if (gates_.free(state) && config_.distillation.gamma > 0) {
    const Tensor structure = gates_.structure(flat, state);
    terms_.structure = structure.item<double>();
    loss = loss + config_.distillation.gamma * structure;
  }
  loss.backward();
  if (data_->law) {
    const int samples = kLawSamples[state.step % 2];
    const int windows = std::max(
        1, static_cast<int>(std::lround(kLawShare * phase.samples * phase.decimation / samples)));
    const KnownStartBatch law =
        data_->law->draw(samples, phase.decimation, windows, scales_, state.rng);
    const Tensor drift = law_drift(log_conductance(run(network_, own, law), law), law,
                                   *problem_.law, scales_.conductance);
    terms_.physics = drift.mean().item<double>();
    (config_.physics * compressed(drift).mean()).backward();
  }
  Tensor gradient = flat.grad().contiguous();
  std::span<float> numbers(gradient.data_ptr<float>(), static_cast<std::size_t>(gradient.numel()));
  gates_.tie_gradient(state, numbers);
  const double rate = learning_rate(phase, in_phase);
  const double norm =
      config_.optimizer == NetworkOptimizer::kSoap
          ? soap_.step(state, numbers, rate, config_.clip, config_.weight_decay)
          : optimizer_step(state, numbers, rate, config_.clip, config_.weight_decay);
  gates_.tie(state);
  return std::isfinite(norm) ? "" : not_finite(state.step);
}

// chi^2 per sample of `parameters` on the validation records, and what they are judged by: that and
// the device's law.
KnownStartObjective::Losses KnownStartObjective::losses(const std::vector<float>& parameters) {
  const torch::NoGradGuard constant;
  const Tensor own = torch::tensor(parameters).narrow(0, 0, count_);
  Losses out;
  out.chi2 =
      chi2_per_sample(log_conductance(run(network_, own, data_->whole), data_->whole), data_->whole)
          .mean()
          .item<double>() +
      data_->whole.misfit_inside / data_->whole.samples.sum().item<double>();
  out.judged = out.chi2;
  if (data_->law) {
    const Tensor log_g = log_conductance(run(network_, own, data_->unmeasured), data_->unmeasured);
    out.judged += config_.physics * compressed(law_drift(log_g, data_->unmeasured, *problem_.law,
                                                         scales_.conductance))
                                        .mean()
                                        .item<double>();
  }
  return out;
}

Judgement KnownStartObjective::judge(const TrainingState& state) {
  const Losses now = losses(state.parameters);
  Judgement out{.point = {.training = terms_.data,
                          .validation = now.chi2,
                          .hidden = terms_.hidden,
                          .gradient = terms_.gradient,
                          .structure = terms_.structure,
                          .physics = terms_.physics}};
  terms_ = {};  // a resumed training knows nothing of earlier steps either
  out.candidates = {{&state.parameters, now.judged},
                    {&state.average, losses(state.average).judged}};
  return out;
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

TrainingOutcome train_known_start(const TrainingRun& run,
                                  const kernels::NetworkShape& shape,
                                  const std::vector<double>& start,
                                  const KnownStartProblem& problem) {
  KnownStartObjective objective(run.config, shape, start, problem, run.seed);
  // Another decimation is another validation loss.
  const Schedule schedule{.phases = run.config.phases,
                          .judge_after = run.config.judge_after,
                          .interval = kInterval,
                          .fresh_phases = true};
  return optimise(objective, schedule, run.checkpoint, run.progress);
}

}  // namespace psi_xlstm::training
