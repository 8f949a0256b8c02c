#include "training/trajectory.hpp"

#include <fmt/format.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::models {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::span<const float> numbers(const Tensor& x) {
  return {x.data_ptr<float>(), static_cast<std::size_t>(x.numel())};
}

// The first `width` numbers of rows of `stride`, as [N, B, width].
Tensor rows(std::span<const float> values, std::int64_t batch, int stride, int width) {
  const auto all = static_cast<std::int64_t>(values.size()) / stride;
  return torch::from_blob(const_cast<float*>(values.data()), {all / batch, batch, stride})
      .narrow(2, 0, width)
      .clone(torch::MemoryFormat::Contiguous);
}

// What forward() of either network left behind: y and the hidden states of every layer.
template <class Network>
variable_list results(Network& network, std::span<const float> y, std::int64_t batch) {
  variable_list out;
  const auto samples = static_cast<std::int64_t>(y.size()) / batch;
  out.push_back(torch::from_blob(const_cast<float*>(y.data()), {samples, batch}).clone());
  const auto& layers = network.shape().layers;
  for (int l = 0; l < static_cast<int>(layers.size()); ++l) {
    out.push_back(rows(network.hidden(l), batch, network.hidden_stride(l),
                       layers[static_cast<std::size_t>(l)].hidden));
  }
  return out;
}

// The reverse pass for the derivatives by y and by the hidden states (undefined: zero).
template <class Network>
Tensor gradient(Network& network, const variable_list& by) {
  std::vector<Tensor> padded;
  std::vector<const float*> by_hidden;
  for (std::size_t l = 1; l < by.size(); ++l) {
    if (!by[l].defined()) {
      by_hidden.push_back(nullptr);
      continue;
    }
    const auto stride = network.hidden_stride(static_cast<int>(l) - 1);
    padded.push_back(torch::constant_pad_nd(by[l], {0, stride - by[l].size(2)}).contiguous());
    by_hidden.push_back(padded.back().template data_ptr<float>());
  }
  const Tensor by_output = by[0].contiguous();
  const Tensor out =
      torch::empty({static_cast<std::int64_t>(kernels::parameter_count(network.shape()))});
  network.backward(numbers(by_output), by_hidden,
                   {out.data_ptr<float>(), static_cast<std::size_t>(out.numel())});
  return out;
}

void expect_float(const char* what, const Tensor& x, std::int64_t dimensions) {
  if (x.scalar_type() == torch::kFloat32 && x.dim() == dimensions && x.is_contiguous()) return;
  throw ShapeError(fmt::format("{}: expected dense float32 numbers with {} axes, found {} with {}",
                               what, dimensions, torch::toString(x.scalar_type()), x.dim()));
}

// Holds the tape of a network in what autograd saves, and which of its uses this was.
template <class Network>
struct SavedUse : torch::CustomClassHolder {
  using Tape = typename TapedNetwork<Network>::Tape;

  explicit SavedUse(std::shared_ptr<Tape> own) : tape(std::move(own)), use(tape->uses) {}

  std::shared_ptr<Tape> tape;
  std::int64_t use;
};

template <class Network>
void save_use(AutogradContext* context,
              const std::shared_ptr<typename SavedUse<Network>::Tape>& t) {
  context->saved_data["use"] = c10::IValue::make_capsule(c10::make_intrusive<SavedUse<Network>>(t));
}

// The network of a saved use, for its backward pass.
template <class Network>
Network& saved_network(AutogradContext* context) {
  const auto held = context->saved_data["use"].toCapsule();
  auto& saved = static_cast<SavedUse<Network>&>(*held);
  if (saved.use != saved.tape->uses) {
    throw ShapeError(fmt::format(
        "backward pass: expected that of the last use of the network, found {} uses behind it",
        saved.tape->uses - saved.use));
  }
  return saved.tape->network;
}

struct PublishedFunction : torch::autograd::Function<PublishedFunction> {
  using Network = kernels::XlstmNetwork<float>;

  static variable_list forward(AutogradContext* context,
                               const Tensor& parameters,
                               const Tensor& inputs,
                               std::shared_ptr<TapedPublished::Tape> tape,
                               kernels::XlstmState<float>* state) {
    Network& network = tape->network;
    network.set_parameters(numbers(parameters));
    const auto y = network.forward({.steps = static_cast<int>(inputs.size(0)),
                                    .sequences = static_cast<int>(inputs.size(1)),
                                    .inputs = inputs.data_ptr<float>()},
                                   *state, true);
    save_use<Network>(context, tape);
    return results(network, y, inputs.size(1));
  }
  static variable_list backward(AutogradContext* context, variable_list by) {
    return {gradient(saved_network<Network>(context), by), Tensor(), Tensor(), Tensor()};
  }
};

struct RelaxationFunction : torch::autograd::Function<RelaxationFunction> {
  using Network = kernels::ContinuousNetwork<float>;

  static variable_list forward(AutogradContext* context,
                               const Tensor& parameters,
                               const Tensor& inputs,
                               const Tensor& rho,
                               const Tensor& rest_inputs,
                               std::shared_ptr<TapedRelaxation::Tape> tape) {
    Network& network = tape->network;
    network.set_parameters(numbers(parameters));
    kernels::ContinuousState<float> state;
    const auto y = network.forward({.steps = static_cast<int>(rho.size(0)),
                                    .sequences = static_cast<int>(inputs.size(1)),
                                    .inputs = inputs.data_ptr<float>(),
                                    .rho = rho.data_ptr<float>(),
                                    .rest_inputs = rest_inputs.data_ptr<float>()},
                                   state);
    save_use<Network>(context, tape);
    return results(network, y, inputs.size(1));
  }
  static variable_list backward(AutogradContext* context, variable_list by) {
    return {gradient(saved_network<Network>(context), by), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

Trajectory trajectory(const variable_list& results) {
  return {results.front(), {results.begin() + 1, results.end()}};
}

}  // namespace

Trajectory published_trajectory(TapedPublished& network,
                                const Tensor& parameters,
                                const Tensor& inputs,
                                kernels::XlstmState<float>& state) {
  expect_float("parameters", parameters, 1);
  expect_float("inputs", inputs, 3);
  network.use();
  return trajectory(PublishedFunction::apply(parameters, inputs, network.tape(), &state));
}

Trajectory relaxation_trajectory(TapedRelaxation& network,
                                 const Tensor& parameters,
                                 const Tensor& inputs,
                                 const Tensor& rho,
                                 const Tensor& rest_inputs) {
  expect_float("parameters", parameters, 1);
  expect_float("inputs", inputs, 3);
  expect_float("step durations", rho, 2);
  expect_float("inputs at rest", rest_inputs, 2);
  if (inputs.size(0) != rho.size(0) + 1 || inputs.size(1) != rho.size(1) ||
      rest_inputs.size(0) != inputs.size(1) || rest_inputs.size(1) != inputs.size(2)) {
    throw ShapeError(fmt::format(
        "trajectory: expected inputs at {} edges of {} sequences and as many at rest, found {} of "
        "{} and {}",
        rho.size(0) + 1, rho.size(1), inputs.size(0), inputs.size(1), rest_inputs.size(0)));
  }
  network.use();
  return trajectory(
      RelaxationFunction::apply(parameters, inputs, rho, rest_inputs, network.tape()));
}

}  // namespace psi_xlstm::models
