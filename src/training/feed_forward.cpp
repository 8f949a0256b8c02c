#include "training/feed_forward.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>

#include "equations/distillation.hpp"

namespace psi_xlstm::training {
namespace {

using torch::Tensor;

constexpr int kInterval = 200;  // steps between checkpoints and validations

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
  constexpr double kLargestLog = 20;
  return s.factor.defined() ? s.factor * x.clamp_max(kLargestLog).exp() : x;
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

}  // namespace

TrainingOutcome train_feed_forward(const NetworkConfig& config,
                                   const std::vector<int>& widths,
                                   const SampleSet& training,
                                   const SampleSet& validation,
                                   int seed,
                                   const std::filesystem::path& file,
                                   const std::string& fingerprint,
                                   const Report& report) {
  const Samples train = samples(training), judge = samples(validation);
  Rng rng(static_cast<std::uint32_t>(seed));
  TrainingState state = begin_training(random_start(widths, rng), seed);
  take_up({file, fingerprint}, {.parameters = state.parameters.size()}, report, state);
  int total = 0, first = 0;
  for (const PhaseConfig& p : config.phases) total += p.steps;
  TrainingOutcome outcome;
  double loss = 0;
  for (const PhaseConfig& phase : config.phases) {
    const int last = first + phase.steps;
    while (state.step < last && outcome.reason.empty()) {
      if (state.step % kInterval == 0) {
        if (state.step > 0) save_training(file, state, fingerprint);
        report(static_cast<double>(state.step) / total,
               fmt::format("step {} of {}, loss {:.4g}", state.step, total, loss));
      }
      Tensor index = torch::empty({phase.samples}, torch::kInt64);
      for (int i = 0; i < phase.samples; ++i) {
        index.data_ptr<std::int64_t>()[i] =
            static_cast<std::int64_t>(state.rng.index(training.first.size()));
      }
      const Samples batch = train.at(index);
      const Tensor flat = torch::tensor(state.parameters).requires_grad_(true);
      const Tensor error = equations::mean_squared_error(output(widths, flat, batch), batch.wanted);
      loss = error.item<double>();
      error.backward();
      const Tensor gradient = flat.grad().contiguous();
      const double norm = optimizer_step(
          state, {gradient.data_ptr<float>(), static_cast<std::size_t>(gradient.numel())},
          learning_rate(phase, state.step - first), config.clip, config.weight_decay);
      if (!std::isfinite(norm)) {
        outcome.reason = fmt::format("step {}: the gradient is not finite", state.step);
      }
      if (state.step % kInterval != 0 && state.step != last) continue;
      const torch::NoGradGuard constant;
      const double judged =
          equations::mean_squared_error(output(widths, torch::tensor(state.parameters), judge),
                                        judge.wanted)
              .item<double>();
      state.curve.push_back({.step = state.step, .training = loss, .validation = judged});
      if (std::isfinite(judged) && counts(config, state.step, total) &&
          (state.best_parameters.empty() || judged < state.best_validation)) {
        state.best_parameters = state.parameters;
        state.best_validation = judged;
        state.best_step = state.step;
      }
    }
    first = last;
  }
  outcome.usable = outcome.reason.empty() && !state.best_parameters.empty();
  outcome.parameters.assign(state.best_parameters.begin(), state.best_parameters.end());
  if (!outcome.usable && outcome.reason.empty()) {
    outcome.reason = "no validation loss was finite";
  }
  outcome.state = std::move(state);
  return outcome;
}

}  // namespace psi_xlstm::training
