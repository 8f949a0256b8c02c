#include "training/trajectory.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdint>
#include <span>

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

struct PublishedFunction : torch::autograd::Function<PublishedFunction> {
  static variable_list forward(AutogradContext* context,
                               const Tensor& parameters,
                               const Tensor& inputs,
                               std::int64_t network_address,
                               std::int64_t state_address) {
    auto& network = *reinterpret_cast<kernels::XlstmNetwork<float>*>(network_address);
    auto& state = *reinterpret_cast<kernels::XlstmState<float>*>(state_address);
    network.set_parameters(numbers(parameters));
    const auto y = network.forward({.steps = static_cast<int>(inputs.size(0)),
                                    .sequences = static_cast<int>(inputs.size(1)),
                                    .inputs = inputs.data_ptr<float>()},
                                   state, true);
    context->saved_data["network"] = network_address;
    return results(network, y, inputs.size(1));
  }
  static variable_list backward(AutogradContext* context, variable_list by) {
    auto& network =
        *reinterpret_cast<kernels::XlstmNetwork<float>*>(context->saved_data["network"].toInt());
    return {gradient(network, by), Tensor(), Tensor(), Tensor()};
  }
};

struct RelaxationFunction : torch::autograd::Function<RelaxationFunction> {
  static variable_list forward(AutogradContext* context,
                               const Tensor& parameters,
                               const Tensor& inputs,
                               const Tensor& rho,
                               const Tensor& rest_inputs,
                               std::int64_t network_address) {
    auto& network = *reinterpret_cast<kernels::ContinuousNetwork<float>*>(network_address);
    network.set_parameters(numbers(parameters));
    kernels::ContinuousState<float> state;
    const auto y = network.forward({.steps = static_cast<int>(rho.size(0)),
                                    .sequences = static_cast<int>(inputs.size(1)),
                                    .inputs = inputs.data_ptr<float>(),
                                    .rho = rho.data_ptr<float>(),
                                    .rest_inputs = rest_inputs.data_ptr<float>()},
                                   state);
    context->saved_data["network"] = network_address;
    return results(network, y, inputs.size(1));
  }
  static variable_list backward(AutogradContext* context, variable_list by) {
    auto& network = *reinterpret_cast<kernels::ContinuousNetwork<float>*>(
        context->saved_data["network"].toInt());
    return {gradient(network, by), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

Trajectory trajectory(const variable_list& results) {
  return {results.front(), {results.begin() + 1, results.end()}};
}

}  // namespace

Trajectory published_trajectory(kernels::XlstmNetwork<float>& network,
                                const Tensor& parameters,
                                const Tensor& inputs,
                                kernels::XlstmState<float>& state) {
  expect_float("parameters", parameters, 1);
  expect_float("inputs", inputs, 3);
  return trajectory(PublishedFunction::apply(parameters, inputs,
                                             reinterpret_cast<std::int64_t>(&network),
                                             reinterpret_cast<std::int64_t>(&state)));
}

Trajectory relaxation_trajectory(kernels::ContinuousNetwork<float>& network,
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
  return trajectory(RelaxationFunction::apply(parameters, inputs, rho, rest_inputs,
                                              reinterpret_cast<std::int64_t>(&network)));
}

}  // namespace psi_xlstm::models
