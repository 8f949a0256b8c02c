#include <torch/types.h>

#include "bench/torch/benchmark_subjects.hpp"
#include "equations/network.hpp"
#include "ir/streaming.hpp"
#include "training/initialization.hpp"

namespace psi_xlstm {
namespace {

torch::Tensor as_float(const std::vector<double>& values, torch::IntArrayRef shape) {
  return torch::tensor(values, torch::kFloat32).view(shape);
}

LibtorchStep feed_forward_step(const StoredNetwork& network) {
  std::vector<torch::Tensor> parts;
  for (const kernels::ParameterBlock& block : stored_blocks(network)) {
    const auto first = network.parameters.begin() + static_cast<std::ptrdiff_t>(block.offset);
    const std::vector<double> values(first, first + static_cast<std::ptrdiff_t>(block.size()));
    const bool vector = block.columns == 1 && block.name.ends_with("bias");
    parts.push_back(vector ? as_float(values, {block.rows})
                           : as_float(values, {block.rows, block.columns}));
  }
  const torch::Tensor input = torch::full({1, 2}, 0.1F);
  return [parts, input](float voltage) {
    input.data_ptr<float>()[0] = voltage;
    torch::Tensor x = input;
    for (std::size_t l = 0; l < parts.size(); l += 2) {
      x = torch::linear(x, parts[l], parts[l + 1]);
      if (l + 2 < parts.size()) x = torch::tanh(x);
    }
    return x.item<float>();
  };
}

LibtorchStep published_step(const StoredNetwork& network, const torch::Tensor& parameters) {
  const torch::Tensor input = torch::full({1, 1, 2}, 0.1F);
  auto state = equations::empty_state(network.shape, 1);
  return [shape = network.shape, parameters, input, state](float voltage) mutable {
    input.data_ptr<float>()[0] = voltage;
    auto run = equations::published_network(shape, parameters, input, {}, state);
    state = std::move(run.state);
    return run.output.item<float>();
  };
}

LibtorchStep relaxation_step(const StoredNetwork& network, const torch::Tensor& parameters) {
  const torch::Tensor inputs = torch::full({2, 1, 2}, 0.1F);  // at the left and at the right edge
  const torch::Tensor dt = torch::full({1, 1}, static_cast<float>(network.reference_step));
  inputs.select(2, 0).zero_();  // at rest at 0 V
  auto state = equations::rest_state(network.shape, parameters, inputs[0]);
  return [shape = network.shape, dt0 = network.reference_step, parameters, inputs, dt,
          state](float voltage) mutable {
    float* const edges = inputs.data_ptr<float>();
    edges[0] = edges[2];
    edges[2] = voltage;
    auto run = equations::relaxation_network(shape, parameters, inputs, dt, dt0, state);
    state = std::move(run.state);
    return run.output[1].item<float>();
  };
}

// A compact student (kernels/compact_step.hpp) in tensors, head exp.
struct CompactTensors {
  explicit CompactTensors(const kernels::CompactWeights& w) {
    const auto features = static_cast<std::int64_t>(w.bias.size());
    const auto states = static_cast<std::int64_t>(w.readout.size());
    by_voltage = as_float(w.by_voltage, {features});
    bias = as_float(w.bias, {features});
    by_state = as_float(w.by_state, {features, states});
    rate = as_float(w.rate, {states, features});
    rate_bias = as_float(w.rate_bias, {states});
    target = as_float(w.target, {states, features});
    target_bias = as_float(w.target_bias, {states});
    readout = as_float(w.readout, {states});
    readout_bias = static_cast<float>(w.readout_bias);
    c = torch::zeros({states});
    move_edge(0);
  }

  struct Gates {
    torch::Tensor l, z;
  };

  Gates gates(float voltage, const torch::Tensor& states) const {
    const torch::Tensor phi =
        torch::tanh(torch::addmv(bias + voltage * by_voltage, by_state, states));
    return {torch::softplus(torch::addmv(rate_bias, rate, phi)),
            torch::tanh(torch::addmv(target_bias, target, phi))};
  }

  void move_edge(float voltage) { left = gates(voltage, c); }

  // Steps of the reference duration.
  float step(float voltage) {
    const Gates right = gates(voltage, c - torch::expm1(-left.l) * (left.z - c));
    const torch::Tensor sum = left.l + right.l;
    c = c - torch::expm1(-0.5 * sum) * ((left.l * left.z + right.l * right.z) / sum - c);
    move_edge(voltage);
    return torch::exp(torch::dot(readout, c) + readout_bias).item<float>();
  }

  torch::Tensor by_voltage, bias, by_state, rate, rate_bias, target, target_bias, readout, c;
  Gates left;
  float readout_bias = 0;
};

}  // namespace

StoredNetwork untrained_network(NetworkKind kind, kernels::Convention convention) {
  using kernels::Convention;
  constexpr double kReferenceStep = 50e-9;  // dt0 [s]
  StoredNetwork network;
  network.model = kind;
  network.protocol =
      convention == Convention::kXlstm ? NetworkProtocol::kPublished : NetworkProtocol::kKnownStart;
  network.reference_step = kReferenceStep;
  network.shape = kind == NetworkKind::kTeacher      ? kernels::teacher_shape(convention)
                  : kind == NetworkKind::kClustering ? kernels::clustering_student_shape(convention)
                                                     : kernels::low_rank_student_shape(convention);
  Rng rng(7);
  network.parameters = convention == Convention::kXlstm
                           ? models::published_start(network.shape, rng)
                           : models::relaxation_start(network.shape, kReferenceStep, rng);
  for (double& p : network.parameters) p += 0.02 * rng.normal();  // nothing is zero
  return network;
}

LibtorchStep libtorch_step(const StoredNetwork& network) {
  if (!network.layer_widths.empty()) return feed_forward_step(network);
  const torch::Tensor parameters = torch::tensor(network.parameters, torch::kFloat32);
  return network.shape.convention == kernels::Convention::kXlstm
             ? published_step(network, parameters)
             : relaxation_step(network, parameters);
}

LibtorchStep libtorch_step(const ir::Network& network) {
  return [student = CompactTensors(ir::compact_weights(network))](float voltage) mutable {
    return student.step(voltage);
  };
}

}  // namespace psi_xlstm
