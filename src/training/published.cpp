#include "training/published.hpp"

#include <fmt/format.h>
#include <torch/types.h>

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

constexpr double kPublishedDerivativeTime = 1e-6;  // time scale of the derivative term [s]

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

class PublishedObjective : public Objective {
 public:
  PublishedObjective(const NetworkConfig& config,
                     const kernels::NetworkShape& shape,
                     const std::vector<double>& start,
                     const Dataset& data,
                     const PublishedScales& scales,
                     const PublishedTeacher* teacher,
                     int seed)
      : config_(config),
        shape_(shape),
        start_(start),
        seed_(seed),
        network_(shape),
        gates_(shape),
        count_(static_cast<std::int64_t>(parameter_count(shape))) {
    training_ = sequences(data, data.split.train, scales);
    validation_ = sequences(data, data.split.validation, scales);
    const Record& first = data.records.front();
    time_step_ = first.time[1] - first.time[0];
    tie_epoch_ = static_cast<int>(std::lround(config.tie_after * total_units(config.phases)));
    if (teacher == nullptr || !learns_from_teacher(config)) return;
    teacher_ = std::make_unique<models::TapedPublished>(teacher->shape);
    teacher_parameters_ = torch::tensor(teacher->parameters, torch::kFloat32);
  }

  TrainingState begin() const override {
    const int width = teacher_ ? (*teacher_)->shape().layers.back().hidden : 0;
    return begin_training(with_projection(start_, shape_.layers.back().hidden, width, seed_),
                          seed_);
  }
  CheckpointSizes sizes() const override {
    return {.parameters = begin().parameters.size(),
            .gates = gates_.count(),
            .clusters = config_.clusters};
  }
  std::size_t network_numbers() const override { return static_cast<std::size_t>(count_); }
  void regroup(TrainingState& state) override { gates_.regroup(state, state.done >= tie_epoch_); }
  std::string advance(const PhaseConfig& phase, int in_phase, TrainingState& state) override;
  Judgement judge(const TrainingState& state) override;

 private:
  Tensor distillation(const models::Trajectory& student,
                      const Tensor& inputs,
                      const Tensor& flat,
                      kernels::XlstmState<float>& state);
  std::string not_finite(int epoch, int window) const;

  const NetworkConfig& config_;
  const kernels::NetworkShape& shape_;
  const std::vector<double>& start_;
  int seed_, tie_epoch_ = 0;
  models::TapedPublished network_;
  GateClusters gates_;
  std::int64_t count_;
  Sequences training_, validation_;
  double time_step_ = 0;
  std::unique_ptr<models::TapedPublished> teacher_;
  Tensor teacher_parameters_;
  double data_ = 0, hidden_ = 0, gradient_ = 0, structure_ = 0;
};

Tensor PublishedObjective::distillation(const models::Trajectory& student,
                                        const Tensor& inputs,
                                        const Tensor& flat,
                                        kernels::XlstmState<float>& state) {
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
  const Tensor gradient =
      equations::gradient_loss(found, wanted, projection, dt, kPublishedDerivativeTime);
  hidden_ = hidden.item<double>();
  gradient_ = gradient.item<double>();
  return config_.distillation.alpha * hidden + config_.distillation.beta * gradient;
}

std::string PublishedObjective::not_finite(int epoch, int window) const {
  for (int l = 0; l < static_cast<int>(shape_.layers.size()); ++l) {
    for (float x : network_->hidden(l)) {
      if (!std::isfinite(x)) {
        return fmt::format("epoch {}, window {}: the outputs of layer {} are not finite", epoch,
                           window, l);
      }
    }
  }
  return fmt::format("epoch {}, window {}: the gradient is not finite", epoch, window);
}

// One pass over all windows of the training sequences.
std::string PublishedObjective::advance(const PhaseConfig& phase,
                                        int in_phase,
                                        TrainingState& trained) {
  const auto all = training_.inputs.size(0), batch = training_.inputs.size(1);
  const int windows = static_cast<int>((all + phase.samples - 1) / phase.samples);
  PhaseConfig by_window = phase;
  by_window.steps = phase.steps * windows;
  auto state = network_->initial_state(static_cast<int>(batch));
  kernels::XlstmState<float> teacher_state;
  if (teacher_) teacher_state = (*teacher_)->initial_state(static_cast<int>(batch));
  double sum = 0;
  hidden_ = gradient_ = structure_ = 0;
  for (int w = 0; w < windows; ++w) {
    const auto first = static_cast<std::int64_t>(w) * phase.samples;
    const auto length = std::min<std::int64_t>(phase.samples, all - first);
    const Tensor inputs = training_.inputs.narrow(0, first, length);
    const Tensor flat = torch::from_blob(trained.parameters.data(),
                                         {static_cast<std::int64_t>(trained.parameters.size())})
                            .clone()
                            .requires_grad_(true);
    const models::Trajectory found =
        models::published_trajectory(network_, flat.narrow(0, 0, count_), inputs, state);
    const Tensor data =
        equations::mean_squared_error(found.output, training_.currents.narrow(0, first, length));
    sum += data.item<double>() * static_cast<double>(length);
    Tensor loss = data;
    if (teacher_ && length > 1) loss = loss + distillation(found, inputs, flat, teacher_state);
    if (gates_.free(trained) && config_.distillation.gamma > 0) {
      const Tensor structure = gates_.structure(flat, trained);
      structure_ = structure.item<double>();
      loss = loss + config_.distillation.gamma * structure;
    }
    loss.backward();
    Tensor gradient = flat.grad().contiguous();
    std::span<float> numbers(gradient.data_ptr<float>(),
                             static_cast<std::size_t>(gradient.numel()));
    gates_.tie_gradient(trained, numbers);
    const double norm =
        optimizer_step(trained, numbers, learning_rate(by_window, in_phase * windows + w),
                       config_.clip, config_.weight_decay);
    if (!std::isfinite(norm)) return not_finite(trained.done, w);
  }
  data_ = sum / static_cast<double>(all);
  return "";
}

Judgement PublishedObjective::judge(const TrainingState& trained) {
  auto& network = network_.use();
  network.set_parameters({trained.parameters.data(), static_cast<std::size_t>(count_)});
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
  const double loss = sum / static_cast<double>(y.size());
  return {.point = {.training = data_,
                    .validation = loss,
                    .hidden = hidden_,
                    .gradient = gradient_,
                    .structure = structure_},
          .candidates = {{&trained.parameters, loss}}};
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

TrainingOutcome train_published(const TrainingRun& run,
                                const kernels::NetworkShape& shape,
                                const std::vector<double>& start,
                                const Dataset& data,
                                const PublishedScales& scales,
                                const PublishedTeacher* teacher) {
  PublishedObjective objective(run.config, shape, start, data, scales, teacher, run.seed);
  const Schedule schedule{
      .phases = run.config.phases, .judge_after = run.config.judge_after, .unit = "epoch"};
  return optimise(objective, schedule, run.checkpoint, run.progress);
}

}  // namespace psi_xlstm::training
