#include "ir/recurrent.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "ir/dynamics.hpp"
#include "ir/recurrent_layers.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {
namespace {

using kernels::LayerKind;

int states_of(const kernels::LayerShape& layer) {
  if (layer.kind == LayerKind::kSlstm) return 2 * layer.hidden;
  const int D = layer.rank > 0 ? layer.rank : layer.hidden / layer.heads;
  return layer.heads * (D * D + D);
}

void check(const RecurrentNumbers& numbers) {
  if (numbers.shape.convention != kernels::Convention::kContinuous || numbers.shape.inputs != 2) {
    throw ShapeError(fmt::format(
        "recurrent network: expected the relaxation convention and two inputs, found "
        "{} and {}",
        numbers.shape.convention == kernels::Convention::kContinuous ? "it" : "the published",
        numbers.shape.inputs));
  }
  const std::size_t count = kernels::parameter_count(numbers.shape);
  if (numbers.parameters.size() != count) {
    throw ShapeError(fmt::format("recurrent network: expected {} parameters, found {}", count,
                                 numbers.parameters.size()));
  }
}

// How far the states move: at rest under the voltages of the box, seen from the start at gs.
std::vector<double> excursions(const Network& network, std::size_t layers) {
  constexpr int kPoints = 9;
  constexpr double kLeast = 1e-2;  // of the widest
  const Network started = at_start(network, network.conductance().scale);
  const std::vector<double> start = initial_state(started, network.conductance().scale);
  Evaluator evaluator(started);
  std::vector<double> widest(start.size(), 0.0);
  for (int i = 0; i < kPoints; ++i) {
    const TrainingBox& box = network.box;
    const double v =
        box.voltage_min[0] + (box.voltage_max[0] - box.voltage_min[0]) * i / (kPoints - 1);
    std::vector<double> c = start;
    for (std::size_t pass = 0; pass < layers; ++pass) {
      evaluator.evaluate(Part::kDynamics, {&v, 1}, c);
      for (std::size_t s = 0; s < c.size(); ++s) {
        const double limit = network.state_limit[s];
        c[s] = std::clamp(evaluator.target(static_cast<int>(s)), -limit, limit);
      }
    }
    for (std::size_t s = 0; s < c.size(); ++s) {
      widest[s] = std::max(widest[s], std::abs(c[s] - start[s]));
    }
  }
  const double least = kLeast * std::max(*std::max_element(widest.begin(), widest.end()), 1e-6);
  for (double& x : widest) x = std::max(x, least);
  return widest;
}

}  // namespace

Network recurrent_network(const RecurrentNumbers& numbers, const std::string& name) {
  check(numbers);
  Network network;
  network.name = name;
  network.start = Start::kNode;
  network.role = ConductanceRole{.scale = numbers.conductance_scale, .head = Head::kExp};
  network.reference_step = numbers.reference_step;
  network.box = numbers.box;
  network.voltage_scale =
      std::max({std::abs(numbers.box.voltage_min[0]), std::abs(numbers.box.voltage_max[0]), 1e-3});
  for (const kernels::LayerShape& layer : numbers.shape.layers) {
    network.rate_of_state.resize(network.rate_of_state.size() +
                                 static_cast<std::size_t>(states_of(layer)));
  }
  RecurrentBuilder build(network, numbers);
  for (std::size_t l = 0; l < numbers.shape.layers.size(); ++l) build.layer(static_cast<int>(l));
  build.finish();
  network.state_excursion.assign(network.state_limit.size(), 1.0);
  network.state_excursion = excursions(network, numbers.shape.layers.size());
  validate(network);
  return network;
}

}  // namespace psi_xlstm::ir
