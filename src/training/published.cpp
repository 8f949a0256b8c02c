#include "training/published.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "equations/distillation.hpp"
#include "metrics/statistics.hpp"
#include "training/gate_clusters.hpp"
#include "training/projection.hpp"
#include "training/trajectory.hpp"

namespace psi_xlstm::training {
namespace {

using torch::Tensor;

constexpr double kDerivativeTime = 1e-6;  // time scale of the derivative term [s]

// Records side by side: inputs [T, B, 2] and scaled currents [T, B].
struct Sequences {
  Tensor inputs, currents;
};

Sequences sequences(const Dataset& data,
                    const std::vector<int>& records,
                    const PublishedScales& scales) {
  std::vector<Tensor> inputs, currents;
  for (int r : records) {
    const Record& record = data.records[static_cast<std::size_t>(r)];
    inputs.push_back(torch::stack(
        {torch::tensor(record.voltage[0]), torch::tensor(record.time) / scales.time}, 1));
    currents.push_back(torch::tensor(record.current[0]) / scales.current);
  }
  return {torch::stack(inputs, 1).to(torch::kFloat32).contiguous(),
          torch::stack(currents, 1).to(torch::kFloat32).contiguous()};
}

class PublishedTraining {
 public:
  PublishedTraining(const NetworkConfig& config,
                    const kernels::NetworkShape& shape,
                    const Dataset& data,
                    const PublishedScales& scales,
                    const PublishedTeacher* teacher)
      : config_(config),
        shape_(shape),
        network_(shape),
        gates_(shape),
        count_(static_cast<std::int64_t>(parameter_count(shape))) {
    training_ = sequences(data, data.split.train, scales);
    validation_ = sequences(data, data.split.validation, scales);
    const Record& first = data.records.front();
    time_step_ = first.time[1] - first.time[0];
    for (const PhaseConfig& p : config.phases) total_ += p.steps;
    if (teacher == nullptr || !learns_from_teacher(config)) return;
    teacher_ = std::make_unique<models::TapedPublished>(teacher->shape);
    teacher_parameters_ = torch::tensor(teacher->parameters, torch::kFloat32);
  }

  TrainingOutcome train(const std::vector<double>& start,
                        int seed,
                        const std::filesystem::path& file,
                        const std::string& fingerprint,
                        const Report& report);

 private:
  std::string epoch(const PhaseConfig& phase, int in_phase);
  Tensor distillation(const models::Trajectory& student,
                      const Tensor& inputs,
                      const Tensor& flat,
                      kernels::PublishedState<float>& state);
  double validation_loss();
  std::string not_finite(int window) const;

  const NetworkConfig& config_;
  const kernels::NetworkShape& shape_;
  models::TapedPublished network_;
  GateClusters gates_;
  std::int64_t count_;
  Sequences training_, validation_;
  double time_step_ = 0;
  int total_ = 0;  // epochs
  std::unique_ptr<models::TapedPublished> teacher_;
  Tensor teacher_parameters_;
  TrainingState state_;
  int epochs_ = 0;
  double data_ = 0, hidden_ = 0, gradient_ = 0, structure_ = 0;
};

Tensor PublishedTraining::distillation(const models::Trajectory& student,
                                       const Tensor& inputs,
                                       const Tensor& flat,
                                       kernels::PublishedState<float>& state) {
  equations::Response wanted;
  {
    const torch::NoGradGuard constant;
    const models::Trajectory t =
        models::published_trajectory(*teacher_, teacher_parameters_, inputs, state);
    wanted = {t.output, t.hidden.back()};
  }
  const equations::Response found{student.output, student.hidden.back()};
  const Tensor projection = projection_of(flat, count_, wanted.hidden.size(2));
  const Tensor hidden = equations::hidden_loss(found, wanted, projection);
  const Tensor dt =
      torch::full({found.output.size(0) - 1, found.output.size(1)}, time_step_, torch::kFloat32);
  const Tensor gradient = equations::gradient_loss(found, wanted, projection, dt, kDerivativeTime);
  hidden_ = hidden.item<double>();
  gradient_ = gradient.item<double>();
  return config_.distillation.alpha * hidden + config_.distillation.beta * gradient;
}

std::string PublishedTraining::not_finite(int window) const {
  for (int l = 0; l < static_cast<int>(shape_.layers.size()); ++l) {
    for (float x : network_->hidden(l)) {
      if (!std::isfinite(x)) {
        return fmt::format("epoch {}, window {}: the outputs of layer {} are not finite", epochs_,
                           window, l);
      }
    }
  }
  return fmt::format("epoch {}, window {}: the gradient is not finite", epochs_, window);
}

// One pass over all windows of the training sequences; returns why it stopped, or nothing.
std::string PublishedTraining::epoch(const PhaseConfig& phase, int in_phase) {
  const auto all = training_.inputs.size(0), batch = training_.inputs.size(1);
  const int windows = static_cast<int>((all + phase.samples - 1) / phase.samples);
  PhaseConfig by_window = phase;
  by_window.steps = phase.steps * windows;
  auto state = network_->initial_state(static_cast<int>(batch));
  kernels::PublishedState<float> teacher_state;
  if (teacher_) teacher_state = (*teacher_)->initial_state(static_cast<int>(batch));
  double sum = 0;
  hidden_ = gradient_ = structure_ = 0;
  for (int w = 0; w < windows; ++w) {
    const auto first = static_cast<std::int64_t>(w) * phase.samples;
    const auto length = std::min<std::int64_t>(phase.samples, all - first);
    const Tensor inputs = training_.inputs.narrow(0, first, length);
    const Tensor flat = torch::from_blob(state_.parameters.data(),
                                         {static_cast<std::int64_t>(state_.parameters.size())})
                            .clone()
                            .requires_grad_(true);
    const models::Trajectory found =
        models::published_trajectory(network_, flat.narrow(0, 0, count_), inputs, state);
    const Tensor data =
        equations::mean_squared_error(found.output, training_.currents.narrow(0, first, length));
    sum += data.item<double>() * static_cast<double>(length);
    Tensor loss = data;
    if (teacher_ && length > 1) loss = loss + distillation(found, inputs, flat, teacher_state);
    if (gates_.free(state_) && config_.distillation.gamma > 0) {
      const Tensor structure = gates_.structure(flat, state_);
      structure_ = structure.item<double>();
      loss = loss + config_.distillation.gamma * structure;
    }
    loss.backward();
    Tensor gradient = flat.grad().contiguous();
    std::span<float> numbers(gradient.data_ptr<float>(),
                             static_cast<std::size_t>(gradient.numel()));
    gates_.tie_gradient(state_, numbers);
    const double norm =
        optimizer_step(state_, numbers, learning_rate(by_window, in_phase * windows + w),
                       config_.clip, config_.weight_decay);
    if (!std::isfinite(norm)) return not_finite(w);
  }
  data_ = sum / static_cast<double>(all);
  return "";
}

double PublishedTraining::validation_loss() {
  auto& network = network_.use();
  network.set_parameters({state_.parameters.data(), static_cast<std::size_t>(count_)});
  const Tensor& inputs = validation_.inputs;
  auto state = network.initial_state(static_cast<int>(inputs.size(1)));
  const auto y = network.forward({.steps = static_cast<int>(inputs.size(0)),
                                  .sequences = static_cast<int>(inputs.size(1)),
                                  .inputs = inputs.data_ptr<float>()},
                                 state, false);
  const float* wanted = validation_.currents.data_ptr<float>();
  double sum = 0;
  for (std::size_t k = 0; k < y.size(); ++k) {
    const double e = static_cast<double>(y[k]) - static_cast<double>(wanted[k]);
    sum += e * e;
  }
  return sum / static_cast<double>(y.size());
}

TrainingOutcome PublishedTraining::train(const std::vector<double>& start,
                                         int seed,
                                         const std::filesystem::path& file,
                                         const std::string& fingerprint,
                                         const Report& report) {
  const int width = teacher_ ? (*teacher_)->shape().layers.back().hidden : 0;
  state_ = begin_training(with_projection(start, shape_.layers.back().hidden, width, seed), seed);
  take_up({file, fingerprint}, {state_.parameters.size(), 0, gates_.count(), config_.clusters},
          report, state_);
  epochs_ = static_cast<int>(state_.curve.size());  // one point each
  const int tie_epoch = static_cast<int>(std::lround(config_.tie_after * total_));
  TrainingOutcome outcome;
  int first = 0;
  for (const PhaseConfig& phase : config_.phases) {
    while (epochs_ < first + phase.steps && outcome.reason.empty()) {
      gates_.regroup(state_, epochs_ >= tie_epoch);
      if (epochs_ > 0) save_training(file, state_, fingerprint);
      outcome.reason = epoch(phase, epochs_ - first);
      if (!outcome.reason.empty()) break;
      const double validation = validation_loss();
      ++epochs_;
      state_.curve.push_back({epochs_, data_, validation, hidden_, gradient_, structure_, 0});
      if (std::isfinite(validation) && counts(config_, epochs_, total_) &&
          (state_.best_parameters.empty() || validation < state_.best_validation)) {
        state_.best_parameters = state_.parameters;
        state_.best_validation = validation;
        state_.best_step = epochs_;
      }
      report(static_cast<double>(epochs_) / total_,
             fmt::format("epoch {} of {}, loss {:.4g}, validation {:.4g}", epochs_, total_, data_,
                         validation));
    }
    first += phase.steps;
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

double current_scale(const Dataset& data) {
  std::vector<double> all;
  for (int r : data.split.train) {
    const auto& current = data.records[static_cast<std::size_t>(r)].current[0];
    all.insert(all.end(), current.begin(), current.end());
  }
  return standard_deviation(all).value_or(1);
}

TrainingOutcome train_published(const NetworkConfig& config,
                                const kernels::NetworkShape& shape,
                                const std::vector<double>& start,
                                const Dataset& data,
                                const PublishedScales& scales,
                                const PublishedTeacher* teacher,
                                int seed,
                                const std::filesystem::path& file,
                                const std::string& fingerprint,
                                const Report& report) {
  return PublishedTraining(config, shape, data, scales, teacher)
      .train(start, seed, file, fingerprint, report);
}

}  // namespace psi_xlstm::training
