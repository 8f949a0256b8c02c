#include <fmt/format.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <variant>

#include "bench/torch/benchmark_subjects.hpp"
#include "devices/published_recipe.hpp"
#include "equations/network.hpp"
#include "kernels/simd/adamw.hpp"
#include "kernels/xlstm/network.hpp"
#include "training/initialization.hpp"

namespace psi_xlstm {
namespace {

using torch::Tensor;

constexpr double kRate = 1e-4, kDecay = 1e-5, kClip = 1;

std::span<const float> numbers(const Tensor& x) {
  return {x.data_ptr<float>(), static_cast<std::size_t>(x.numel())};
}

class KernelTraining : public TrainingSubject {
 public:
  KernelTraining(const TrainingProblem& problem, kernels::InstructionSet set)
      : problem_(problem),
        network_(problem.shape, set),
        state_(network_.initial_state(problem.sequences())),
        parameters_(problem.start),
        gradient_(parameters_.size()),
        first_(parameters_.size()),
        second_(parameters_.size()),
        d_output_(static_cast<std::size_t>(problem.targets.numel())) {}

  void step() override {
    network_.set_parameters(parameters_);
    const std::span<const float> y = network_.forward({.steps = problem_.steps(),
                                                       .sequences = problem_.sequences(),
                                                       .inputs = problem_.inputs.data_ptr<float>()},
                                                      state_, true);
    const float* const wanted = problem_.targets.data_ptr<float>();
    const float scale = 2.0F / static_cast<float>(y.size());
    for (std::size_t k = 0; k < y.size(); ++k) d_output_[k] = scale * (y[k] - wanted[k]);
    network_.backward(d_output_, {}, gradient_);
    const kernels::InstructionSet set = network_.instruction_set();
    const double norm = kernels::gradient_norm<float>(gradient_, set);
    kernels::adamw_step<float>(parameters_, gradient_, {first_, second_},
                               {.learning_rate = kRate,
                                .weight_decay = kDecay,
                                .gradient_scale = kernels::clip_factor(norm, kClip),
                                .step = ++steps_},
                               set);
  }

  std::vector<float> gradient() const override { return gradient_; }

 private:
  TrainingProblem problem_;
  kernels::XlstmNetwork<float> network_;
  kernels::XlstmState<float> state_;
  std::vector<float> parameters_, gradient_, first_, second_, d_output_;
  long steps_ = 0;
};

equations::SlstmState constant(const equations::SlstmState& s) {
  return {s.c.detach(), s.n.detach(), s.m.detach(), s.y.detach()};
}
equations::MlstmState constant(const equations::MlstmState& s) {
  return {s.C.detach(), s.n.detach(), s.m.detach()};
}

// The forward pass of a loop over all steps. Leaves the last states in `state`.
using LibtorchLoop = Tensor (*)(const TrainingProblem& problem,
                                const Tensor& parameters,
                                equations::XlstmState& state);

Tensor batched_loop(const TrainingProblem& problem,
                    const Tensor& parameters,
                    equations::XlstmState& state) {
  auto run = equations::published_network(problem.shape, parameters, problem.inputs, {}, state);
  state = std::move(run.state);
  return run.output;
}

// One sample through one layer after the other, each with the linear maps of its own.
class PlainStep {
 public:
  PlainStep(const kernels::NetworkShape& shape, const Tensor& parameters)
      : shape_(shape), p_(equations::named_parameters(shape, parameters)) {}

  Tensor operator()(const Tensor& input, equations::XlstmState& state) const {
    Tensor x = linear("input", input);
    for (std::size_t l = 0; l < shape_.layers.size(); ++l) {
      const std::string name = fmt::format("layers.{}", l);
      x = std::visit([&](auto& s) { return layer(name, shape_.layers[l], x, s); }, state[l]);
    }
    return linear("output", x).squeeze(-1);
  }

 private:
  Tensor linear(const std::string& name, const Tensor& x) const {
    return torch::linear(x, p_.at(name + ".weight"), p_.at(name + ".bias"));
  }
  Tensor layer(const std::string& name,
               const kernels::LayerShape&,
               const Tensor& x,
               equations::SlstmState& state) const {
    state = equations::slstm_step(state, linear(name, x), p_.at(name + ".recurrent"));
    return state.y;
  }
  Tensor layer(const std::string& name,
               const kernels::LayerShape& shape,
               const Tensor& x,
               equations::MlstmState& state) const {
    const auto heads = [&](const char* part) {
      return linear(name + part, x).unflatten(-1, {shape.heads, shape.hidden / shape.heads});
    };
    const equations::MlstmInput input{.q = heads(".query"),
                                      .k = equations::scaled_key(heads(".key")),
                                      .v = heads(".value"),
                                      .i = linear(name + ".input_gate", x),
                                      .f = linear(name + ".forget_gate", x)};
    state = equations::mlstm_update(state, input);
    return torch::layer_norm(equations::mlstm_readout(state, input.q).flatten(-2), {shape.hidden},
                             p_.at(name + ".norm.weight"), p_.at(name + ".norm.bias"),
                             equations::kLayerNormEps);
  }

  const kernels::NetworkShape& shape_;
  equations::NamedParameters p_;
};

Tensor plain_loop(const TrainingProblem& problem,
                  const Tensor& parameters,
                  equations::XlstmState& state) {
  const PlainStep step(problem.shape, parameters);
  std::vector<Tensor> output;
  for (const Tensor& input : problem.inputs.unbind(0)) output.push_back(step(input, state));
  return torch::stack(output);
}

class LibtorchTraining : public TrainingSubject {
 public:
  LibtorchTraining(const TrainingProblem& problem, LibtorchLoop loop)
      : problem_(problem),
        loop_(loop),
        state_(equations::empty_state(problem.shape, problem.sequences())),
        parameters_(torch::tensor(problem.start).requires_grad_(true)),
        optimizer_({parameters_}, torch::optim::AdamWOptions(kRate).weight_decay(kDecay)) {}

  void step() override {
    optimizer_.zero_grad();
    const Tensor output = loop_(problem_, parameters_, state_);
    torch::mse_loss(output, problem_.targets).backward();
    gradient_ = parameters_.grad().clone();
    torch::nn::utils::clip_grad_norm_(parameters_, kClip);
    optimizer_.step();
    for (auto& layer : state_) std::visit([](auto& s) { s = constant(s); }, layer);
  }

  std::vector<float> gradient() const override {
    const auto values = numbers(gradient_);
    return {values.begin(), values.end()};
  }

 private:
  TrainingProblem problem_;
  LibtorchLoop loop_;
  equations::XlstmState state_;
  Tensor parameters_, gradient_;
  torch::optim::AdamW optimizer_;
};

}  // namespace

TrainingProblem training_problem(int steps, int sequences) {
  TrainingProblem problem;
  problem.shape = kernels::teacher_shape(kernels::Convention::kXlstm);
  Rng rng(42);
  for (const double p : models::published_start(problem.shape, rng)) {
    problem.start.push_back(static_cast<float>(p + 0.05 * rng.normal()));  // nothing is zero
  }
  const std::vector<double> time = published_times();
  std::vector<float> inputs, targets;
  for (int k = 0; k < steps; ++k) {
    for (int b = 0; b < sequences; ++b) {
      const PublishedTones tones = published_tones(b % kPublishedSequences);
      const double t = time[static_cast<std::size_t>(3000 + 500 * b + k)];
      const double voltage = published_drive(t, tones.low, tones.high);
      inputs.push_back(static_cast<float>(voltage));
      inputs.push_back(static_cast<float>(t / kPublishedDuration));
      targets.push_back(static_cast<float>(voltage * (1 + 0.5 * std::tanh(voltage))));
    }
  }
  problem.inputs = torch::tensor(inputs).view({steps, sequences, 2});
  problem.targets = torch::tensor(targets).view({steps, sequences});
  return problem;
}

std::unique_ptr<TrainingSubject> kernel_trainer(const TrainingProblem& problem,
                                                kernels::InstructionSet set) {
  return std::make_unique<KernelTraining>(problem, set);
}

std::unique_ptr<TrainingSubject> plain_libtorch_trainer(const TrainingProblem& problem) {
  return std::make_unique<LibtorchTraining>(problem, plain_loop);
}

std::unique_ptr<TrainingSubject> batched_libtorch_trainer(const TrainingProblem& problem) {
  return std::make_unique<LibtorchTraining>(problem, batched_loop);
}

double gradient_difference(const kernels::NetworkShape& shape,
                           const std::vector<float>& found,
                           const std::vector<float>& wanted) {
  double worst = 0;
  for (const kernels::ParameterBlock& block : kernels::parameter_blocks(shape)) {
    double difference = 0, size = 0;
    for (std::size_t i = block.offset; i < block.offset + block.size(); ++i) {
      const double exact = static_cast<double>(wanted[i]);
      difference = std::max(difference, std::abs(static_cast<double>(found[i]) - exact));
      size = std::max(size, std::abs(exact));
    }
    worst = std::max(worst, difference / size);
  }
  return worst;
}

}  // namespace psi_xlstm
