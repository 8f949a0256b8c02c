#pragma once

/// @file
/// Two parts of sequences in a row for any network, and everything that the equations give on them:
/// outputs, hidden and carried states, gradients.
///
/// Axes: T steps, B sequences, I inputs, H hidden units, P trained numbers.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/rng.hpp"
#include "equations/network.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm {

using equations::MlstmMemory;
using equations::MlstmState;
using equations::SlstmMemory;
using equations::SlstmState;
using kernels::Convention;
using kernels::NetworkShape;
using testing::full;
using testing::normal;
using torch::Tensor;

inline constexpr std::int64_t kSteps = 13;       ///< of each of the two parts of a sequence
inline constexpr double kReferenceStep = 50e-9;  ///< dt0 [s]

/// Everything that a run gives, by name.
using Blocks = std::map<std::string, Tensor>;

/// Two parts of B sequences, the second goes on from the states of the first and is ragged. All
/// numbers are in double, but such that single holds them.
struct Scenario {
  NetworkShape shape;
  Tensor parameters;                  // [P]
  Tensor rest;                        // Inputs at which a relaxation network starts [B, I].
  Tensor inputs[2], ratio[2];         // [T, B, I] or [T + 1, B, I]; dt/dt0 [T, B].
  Tensor output_weight;               // Of the outputs in the loss [T, B] or [T + 1, B].
  std::vector<Tensor> hidden_weight;  // Of the hidden states [..., H], per layer.

  std::int64_t batch() const { return rest.size(0); }
};

inline Tensor held_by_single(const Tensor& x) { return x.to(torch::kFloat32).to(torch::kFloat64); }

/// Numbers of the size at which training starts: weights of some tenths, forget gates around f~ =
/// 3, LayerNorms around 1.
inline Tensor trained_numbers(const NetworkShape& shape, Rng& rng) {
  auto flat = normal(rng, {static_cast<std::int64_t>(kernels::parameter_count(shape))}, 0.1);
  const auto p = equations::named_parameters(shape, flat);
  for (const auto& [name, numbers] : p) {
    if (name.ends_with("norm.weight")) numbers.add_(1);
    if (name.ends_with("forget_gate.bias")) numbers.add_(3);
    if (name.starts_with("input.")) numbers.mul_(4);
    if (name.ends_with("left") || name.ends_with("right")) numbers.mul_(5);
  }
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const auto bias = p.find(fmt::format("layers.{}.bias", l));
    const std::int64_t hidden = shape.layers[l].hidden;
    if (bias != p.end()) bias->second.slice(0, hidden, 2 * hidden).add_(3);
  }
  return held_by_single(flat);
}

/// Steps of 0.3 to 2 reference steps. Sequence b of the second part ends b steps early, half-way at
/// most: steps of no duration follow, where the inputs repeat.
inline Tensor ragged_steps(Rng& rng, Tensor& inputs, bool ragged) {
  const std::int64_t ahead = inputs.size(0) - kSteps, batch = inputs.size(1);
  auto ratio = full({kSteps, batch}, 0);
  for (std::int64_t t = 0; t < kSteps; ++t) {
    for (std::int64_t b = 0; b < batch; ++b) {
      const bool over = ragged && t >= kSteps - std::min(b, kSteps / 2);
      ratio[t][b] = over ? 0 : rng.uniform(0.3, 2);
      if (over) inputs[t + ahead][b].copy_(inputs[t + ahead - 1][b]);
    }
  }
  return held_by_single(ratio);
}

inline Scenario scenario(const NetworkShape& shape, std::int64_t batch) {
  Rng rng(static_cast<std::uint32_t>(100 + batch));
  const bool edges = shape.convention == Convention::kContinuous;
  const std::int64_t rows = kSteps + (edges ? 1 : 0), width = shape.inputs;
  Scenario s{.shape = shape,
             .parameters = trained_numbers(shape, rng),
             .rest = held_by_single(normal(rng, {batch, width})),
             .output_weight = held_by_single(normal(rng, {rows, batch}))};
  for (int part = 0; part < 2; ++part) {
    s.inputs[part] = held_by_single(normal(rng, {rows, batch, width}));
    if (part == 1 && edges) s.inputs[1][0].copy_(s.inputs[0][kSteps]);  // one edge, two parts
    s.ratio[part] = ragged_steps(rng, s.inputs[part], part == 1);
  }
  for (const auto& layer : shape.layers) {
    s.hidden_weight.push_back(held_by_single(normal(rng, {rows, batch, layer.hidden}, 0.2)));
  }
  return s;
}

inline SlstmState constant(const SlstmState& s) {
  return {s.c.detach(), s.n.detach(), s.m.detach(), s.y.detach()};
}
inline MlstmState constant(const MlstmState& s) {
  return {s.C.detach(), s.n.detach(), s.m.detach()};
}
inline SlstmMemory constant(const SlstmMemory& s) { return {s.c.detach(), s.n.detach()}; }
inline MlstmMemory constant(const MlstmMemory& s) { return {s.C.detach(), s.n.detach()}; }

template <class State>
void make_constant(State& state) {
  for (auto& layer : state) std::visit([](auto& cell) { cell = constant(cell); }, layer);
}

/// Row `row` of a published state becomes that of `fresh`.
inline void reset_row(equations::XlstmState& state,
                      const equations::XlstmState& fresh,
                      std::int64_t row) {
  const auto reset = [row](Tensor& x, const Tensor& start) {
    x = x.clone();
    x[row].copy_(start[row]);
  };
  for (std::size_t l = 0; l < state.size(); ++l) {
    if (auto* s = std::get_if<SlstmState>(&state[l])) {
      const auto& f = std::get<SlstmState>(fresh[l]);
      reset(s->c, f.c), reset(s->n, f.n), reset(s->m, f.m), reset(s->y, f.y);
    } else {
      auto& m = std::get<MlstmState>(state[l]);
      const auto& f = std::get<MlstmState>(fresh[l]);
      reset(m.C, f.C), reset(m.n, f.n), reset(m.m, f.m);
    }
  }
}

inline void add_state(Blocks& blocks, int part, const equations::XlstmState& state) {
  for (std::size_t l = 0; l < state.size(); ++l) {
    const auto add = [&](const char* name, const Tensor& x) {
      blocks[fmt::format("part {}, layer {}, state {}", part, l, name)] = x;
    };
    if (const auto* s = std::get_if<SlstmState>(&state[l])) {
      add("c", s->c), add("n", s->n), add("m", s->m), add("y", s->y);
    } else {
      const auto& m = std::get<MlstmState>(state[l]);
      add("c", m.C.transpose(-1, -2)), add("n", m.n), add("m", m.m);  // a kernel's rows are keys
    }
  }
}

/// Outputs, hidden states, and the gradient of the loss by `parameters`.
template <class Run>
void add_run(
    Blocks& blocks, const Scenario& s, int part, const Run& run, const Tensor& parameters) {
  const std::string name = fmt::format("part {}, ", part);
  Tensor loss = (s.output_weight * run.output).sum();
  blocks[name + "output"] = run.output.detach();
  for (std::size_t l = 0; l < run.hidden.size(); ++l) {
    loss = loss + (s.hidden_weight[l] * run.hidden[l]).sum();
    blocks[fmt::format("{}hidden {}", name, l)] = run.hidden[l].detach();
  }
  const auto gradient = torch::autograd::grad({loss}, {parameters})[0];
  for (const auto& [block, numbers] : equations::named_parameters(s.shape, gradient)) {
    blocks[name + "gradient of " + block] = numbers;
  }
}

inline Blocks by_equations(const Scenario& s) {
  Blocks blocks;
  const auto parameters = testing::variable(s.parameters);
  if (s.shape.convention == Convention::kXlstm) {
    const auto start = equations::empty_state(s.shape, s.batch(), testing::in_double());
    auto state = start;
    for (int part = 0; part < 2; ++part) {
      const auto run =
          equations::published_network(s.shape, parameters, s.inputs[part], s.ratio[part], state);
      add_run(blocks, s, part, run, parameters);
      state = run.state;
      make_constant(state);
      if (part == 0) reset_row(state, start, s.batch() / 2);
      add_state(blocks, part, state);
    }
  } else {
    auto state = equations::rest_state(s.shape, parameters, s.rest);
    for (int part = 0; part < 2; ++part) {
      const auto dt = s.ratio[part] * kReferenceStep;
      const auto run = equations::relaxation_network(s.shape, parameters, s.inputs[part], dt,
                                                     kReferenceStep, state);
      add_run(blocks, s, part, run, parameters);
      state = run.state;
      make_constant(state);
    }
  }
  return blocks;
}

}  // namespace psi_xlstm
