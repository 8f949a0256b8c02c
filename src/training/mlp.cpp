#include "training/mlp.hpp"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>

#include "equations/distillation.hpp"

namespace psi_xlstm::training {
namespace {

using torch::Tensor;

constexpr int kMlpInterval = 200;  // steps between checkpoints and validations

struct Samples {
  Tensor inputs, factor, wanted;  // [N, 2], [N] or undefined, [N]

  Samples at(const Tensor& index) const {
    return {inputs.index_select(0, index),
            factor.defined() ? factor.index_select(0, index) : Tensor(),
            wanted.index_select(0, index)};
  }
};

Samples samples(const SampleSet& set) {
  return {torch::stack({torch::tensor(set.first), torch::tensor(set.second)}, 1),
          set.factor.empty() ? Tensor() : torch::tensor(set.factor), torch::tensor(set.wanted)};
}

Tensor output(const std::vector<int>& widths, const Tensor& flat, const Samples& s) {
  Tensor x = s.inputs;
  std::int64_t at = 0;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    const std::int64_t in = widths[l], out = widths[l + 1];
    const Tensor weight = flat.narrow(0, at, in * out).view({out, in});
    x = torch::linear(x, weight, flat.narrow(0, at + in * out, out));
    if (l + 2 < widths.size()) x = torch::tanh(x);
    at += (in + 1) * out;
  }
  x = x.squeeze(1);
  constexpr double kLargestExponent = 20;
  return s.factor.defined() ? s.factor * x.clamp_max(kLargestExponent).exp() : x;
}

std::vector<double> random_start(const std::vector<int>& widths, Rng& rng) {
  std::vector<double> out;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    const double deviation = 1 / std::sqrt(static_cast<double>(widths[l]));
    for (int i = 0; i < widths[l] * widths[l + 1]; ++i) out.push_back(deviation * rng.normal());
    out.insert(out.end(), static_cast<std::size_t>(widths[l + 1]), 0.0);
  }
  return out;
}

class MlpObjective : public Objective {
 public:
  MlpObjective(const NetworkConfig& config,
               const std::vector<int>& widths,
               const SampleSet& training,
               const SampleSet& validation,
               int seed)
      : config_(config),
        widths_(widths),
        training_(samples(training)),
        validation_(samples(validation)),
        seed_(seed) {}

  TrainingState begin() const override {
    Rng rng(static_cast<std::uint32_t>(seed_));
    return begin_training(random_start(widths_, rng), seed_);
  }
  CheckpointSizes sizes() const override { return {.parameters = network_numbers()}; }
  std::size_t network_numbers() const override { return begin().parameters.size(); }

  std::string advance(const PhaseConfig& phase, int in_phase, TrainingState& state) override {
    Tensor index = torch::empty({phase.samples}, torch::kInt64);
    for (int i = 0; i < phase.samples; ++i) {
      index.data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(
          state.rng.index(static_cast<std::size_t>(training_.wanted.numel())));
    }
    const Samples batch = training_.at(index);
    const Tensor flat = torch::tensor(state.parameters).requires_grad_(true);
    const Tensor error = equations::mean_squared_error(output(widths_, flat, batch), batch.wanted);
    loss_ = error.item<double>();
    error.backward();
    const Tensor gradient = flat.grad().contiguous();
    const double norm = optimizer_step(
        state, {gradient.data_ptr<float>(), static_cast<std::size_t>(gradient.numel())},
        learning_rate(phase, in_phase), config_.clip, config_.weight_decay);
    if (std::isfinite(norm)) return "";
    return fmt::format("step {}: the gradient is not finite", state.step);
  }

  Judgement judge(const TrainingState& state) override {
    const torch::NoGradGuard constant;
    const Tensor found = output(widths_, torch::tensor(state.parameters), validation_);
    const double loss = equations::mean_squared_error(found, validation_.wanted).item<double>();
    return {.point = {.training = loss_, .validation = loss},
            .candidates = {{&state.parameters, loss}}};
  }

 private:
  const NetworkConfig& config_;
  const std::vector<int>& widths_;
  Samples training_, validation_;
  int seed_;
  double loss_ = 0;
};

}  // namespace

TrainingOutcome train_mlp(const TrainingRun& run,
                          const std::vector<int>& widths,
                          const SampleSet& training,
                          const SampleSet& validation) {
  MlpObjective objective(run.config, widths, training, validation, run.seed);
  const Schedule schedule{
      .phases = run.config.phases, .judge_after = run.config.judge_after, .interval = kMlpInterval};
  return optimise(objective, schedule, run.checkpoint, run.progress);
}

}  // namespace psi_xlstm::training
