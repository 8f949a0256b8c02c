#include "equations/network.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "equations/shape_check.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::equations {
namespace {

using kernels::Convention;
using kernels::LayerKind;
using kernels::LayerShape;
using kernels::NetworkShape;
using torch::Tensor;

// The numbers of one layer, by the last part of their names.
class LayerParameters {
 public:
  LayerParameters(const NamedParameters& all, std::size_t layer)
      : all_(all), prefix_(fmt::format("layers.{}.", layer)) {}

  const Tensor& operator()(std::string_view name) const {
    return all_.at(prefix_ + std::string(name));
  }

 private:
  const NamedParameters& all_;
  std::string prefix_;
};

bool is_vector(std::string_view name) {
  return name.ends_with(".bias") || name.ends_with(".norm.weight");
}

void expect_convention(const NetworkShape& shape, Convention convention) {
  if (shape.convention == convention) return;
  throw ShapeError(fmt::format("network: expected the {} convention, found the other",
                               convention == Convention::kXlstm ? "published" : "relaxation"));
}

template <class State>
void expect_layers(const NetworkShape& shape, const State& state) {
  if (state.size() == shape.layers.size()) return;
  throw ShapeError(fmt::format("network state: expected {} layers, found {}", shape.layers.size(),
                               state.size()));
}

// The state of layer l, which is to be of the `Wanted` kind.
template <class Wanted, class State>
const Wanted& layer_state(const State& state, std::size_t l) {
  if (const Wanted* wanted = std::get_if<Wanted>(&state[l])) return *wanted;
  const bool holds_slstm = state[l].index() == 0;
  throw ShapeError(fmt::format("network state: layer {}: expected that of an {}, found an {}", l,
                               holds_slstm ? "mLSTM" : "sLSTM", holds_slstm ? "sLSTM" : "mLSTM"));
}

Tensor linear_input(const NamedParameters& p, const Tensor& inputs) {
  return torch::linear(inputs, p.at("input.weight"), p.at("input.bias"));
}

Tensor linear_output(const NamedParameters& p, const Tensor& hidden) {
  return torch::linear(hidden, p.at("output.weight"), p.at("output.bias")).squeeze(-1);
}

Tensor slstm_drive(const LayerParameters& p, const Tensor& x) {
  return torch::linear(x, p("weight"), p("bias"));
}

// An mLSTM's input from x [..., I], all steps in one product; low-rank ones are projected.
MlstmInput mlstm_input(const LayerShape& layer, const LayerParameters& p, const Tensor& x) {
  const auto weight = torch::cat({p("query.weight"), p("key.weight"), p("value.weight"),
                                  p("input_gate.weight"), p("forget_gate.weight")});
  const auto bias = torch::cat({p("query.bias"), p("key.bias"), p("value.bias"),
                                p("input_gate.bias"), p("forget_gate.bias")});
  const std::int64_t hidden = layer.hidden, heads = layer.heads;
  const auto parts =
      torch::linear(x, weight, bias).split_with_sizes({hidden, hidden, hidden, heads, heads}, -1);
  const auto by_head = [&](const Tensor& part) {
    return part.unflatten(-1, {heads, hidden / heads});  // [..., N, D]
  };
  const MlstmInput input{.q = by_head(parts[0]),
                         .k = scaled_key(by_head(parts[1])),
                         .v = by_head(parts[2]),
                         .i = parts[3],
                         .f = parts[4]};
  if (layer.rank == 0) return input;
  return low_rank_input(input, p("left").view({heads, hidden / heads, layer.rank}),
                        p("right").view({heads, hidden / heads, layer.rank}));
}

// Hidden output [..., H] from h of the heads: back from low rank, heads side by side, LayerNorm.
Tensor mlstm_output(const LayerShape& layer, const LayerParameters& p, const Tensor& h) {
  const std::int64_t hidden = layer.hidden, heads = layer.heads;
  const auto full =
      layer.rank == 0 ? h : low_rank_output(h, p("left").view({heads, hidden / heads, layer.rank}));
  return torch::layer_norm(full.flatten(-2), {hidden}, p("norm.weight"), p("norm.bias"),
                           kLayerNormEps);
}

// Input of an mLSTM cut into time steps. Unbinding once keeps the backward pass linear in T.
std::vector<MlstmInput> time_steps(const MlstmInput& input) {
  const auto q = input.q.unbind(0), k = input.k.unbind(0), v = input.v.unbind(0);
  const auto i = input.i.unbind(0), f = input.f.unbind(0);
  std::vector<MlstmInput> steps;
  for (std::size_t t = 0; t < q.size(); ++t) steps.push_back({q[t], k[t], v[t], i[t], f[t]});
  return steps;
}

// Hidden outputs [T, B, H] of a layer; `state` goes from the first to the last step.
Tensor run_published(const LayerShape&,
                     const LayerParameters& p,
                     const Tensor& x,
                     const std::vector<Tensor>& step_ratio,
                     SlstmState& state) {
  const auto drive = slstm_drive(p, x).unbind(0);
  std::vector<Tensor> y;
  for (std::size_t t = 0; t < drive.size(); ++t) {
    state = slstm_step(state, drive[t], p("recurrent"), step_ratio[t]);
    y.push_back(state.y);
  }
  return torch::stack(y);
}

Tensor run_published(const LayerShape& layer,
                     const LayerParameters& p,
                     const Tensor& x,
                     const std::vector<Tensor>& step_ratio,
                     MlstmState& state) {
  const auto steps = time_steps(mlstm_input(layer, p, x));
  std::vector<Tensor> h;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    state = mlstm_update(state, steps[t], step_ratio[t]);
    h.push_back(mlstm_readout(state, steps[t].q));
  }
  return mlstm_output(layer, p, torch::stack(h));
}

// Hidden outputs at the edges [T + 1, B, H]; `memory` goes from the first to the last edge.
Tensor run_relaxation(const LayerShape&,
                      const LayerParameters& p,
                      const Tensor& x,
                      const std::vector<Tensor>& dt,
                      double dt0,
                      SlstmMemory& memory) {
  const auto drive = slstm_drive(p, x).unbind(0);
  const Tensor& recurrent = p("recurrent");
  std::vector<Tensor> y;
  for (std::size_t k = 0; k < drive.size(); ++k) {
    if (k > 0) memory = slstm_relax(memory, drive[k - 1], drive[k], recurrent, dt[k - 1], dt0);
    const auto gates = slstm_gates(drive[k], recurrent, memory.c / memory.n, dt0);
    y.push_back(slstm_output(memory, gates));
  }
  return torch::stack(y);
}

Tensor run_relaxation(const LayerShape& layer,
                      const LayerParameters& p,
                      const Tensor& x,
                      const std::vector<Tensor>& dt,
                      double dt0,
                      MlstmMemory& memory) {
  const auto edges = time_steps(mlstm_input(layer, p, x));
  std::vector<Tensor> h;
  for (std::size_t k = 0; k < edges.size(); ++k) {
    if (k > 0) memory = mlstm_relax(memory, edges[k - 1], edges[k], dt[k - 1], dt0);
    h.push_back(mlstm_smooth_readout(memory, edges[k].q));
  }
  return mlstm_output(layer, p, torch::stack(h));
}

}  // namespace

NamedParameters named_parameters(const NetworkShape& shape, const Tensor& parameters) {
  const auto blocks = kernels::parameter_blocks(shape);
  expect_shape("network parameters", parameters,
               {static_cast<std::int64_t>(kernels::parameter_count(shape))});
  expect_type("network parameters", parameters, parameters);
  std::vector<std::int64_t> sizes;
  for (const auto& block : blocks) sizes.push_back(static_cast<std::int64_t>(block.size()));
  const auto parts = parameters.split_with_sizes(sizes);
  NamedParameters named;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto& [name, rows, columns, offset] = blocks[b];
    named[name] = is_vector(name) ? parts[b] : parts[b].view({rows, columns});
  }
  return named;
}

XlstmState empty_state(const NetworkShape& shape,
                       std::int64_t batch,
                       const torch::TensorOptions& options) {
  XlstmState state;
  for (const LayerShape& layer : shape.layers) {
    if (layer.kind == LayerKind::kSlstm) {
      state.emplace_back(empty_slstm_state(batch, layer.hidden, options));
    } else {
      const int width = layer.rank > 0 ? layer.rank : layer.hidden / layer.heads;
      state.emplace_back(empty_mlstm_state(batch, layer.heads, width, options));
    }
  }
  return state;
}

PublishedRun published_network(const NetworkShape& shape,
                               const Tensor& parameters,
                               const Tensor& inputs,
                               const Tensor& step_ratio,
                               const XlstmState& state) {
  expect_convention(shape, Convention::kXlstm);
  expect_layers(shape, state);
  const auto p = named_parameters(shape, parameters);
  expect_shape("network inputs", inputs, {kAny, kAny, shape.inputs});
  expect_type("network inputs", inputs, parameters);
  const auto steps = inputs.size(0), batch = inputs.size(1);
  if (steps < 1) throw ShapeError("network inputs: expected at least one time step, found none");
  std::vector<Tensor> ratios(static_cast<std::size_t>(steps));
  if (step_ratio.defined()) {
    expect_shape("step ratio", step_ratio, {steps, batch});
    expect_type("step ratio", step_ratio, parameters);
    ratios = step_ratio.unbind(0);
  }

  PublishedRun run;
  auto x = linear_input(p, inputs);
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const LayerParameters own(p, l);
    const auto run_layer = [&](auto layer_start) {
      x = run_published(shape.layers[l], own, x, ratios, layer_start);
      run.state.emplace_back(std::move(layer_start));
    };
    if (shape.layers[l].kind == LayerKind::kSlstm) {
      run_layer(layer_state<SlstmState>(state, l));
    } else {
      run_layer(layer_state<MlstmState>(state, l));
    }
    run.hidden.push_back(x);
  }
  run.output = linear_output(p, x);
  return run;
}

ContinuousState rest_state(const NetworkShape& shape,
                           const Tensor& parameters,
                           const Tensor& inputs) {
  expect_convention(shape, Convention::kContinuous);
  const auto p = named_parameters(shape, parameters);
  expect_shape("network inputs at rest", inputs, {kAny, shape.inputs});
  expect_type("network inputs at rest", inputs, parameters);
  ContinuousState state;
  auto x = linear_input(p, inputs);
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const LayerParameters own(p, l);
    if (shape.layers[l].kind == LayerKind::kSlstm) {
      const auto drive = slstm_drive(own, x);
      const SlstmMemory memory = slstm_rest(drive, own("recurrent"));
      x = slstm_output(memory, slstm_gates(drive, own("recurrent"), memory.c / memory.n, 1));
      state.emplace_back(memory);
    } else {
      const MlstmInput input = mlstm_input(shape.layers[l], own, x);
      const MlstmMemory memory = mlstm_rest(input);
      x = mlstm_output(shape.layers[l], own, mlstm_smooth_readout(memory, input.q));
      state.emplace_back(memory);
    }
  }
  return state;
}

RelaxationRun relaxation_network(const NetworkShape& shape,
                                 const Tensor& parameters,
                                 const Tensor& inputs,
                                 const Tensor& dt,
                                 double dt0,
                                 const ContinuousState& state) {
  expect_convention(shape, Convention::kContinuous);
  expect_layers(shape, state);
  const auto p = named_parameters(shape, parameters);
  expect_shape("network inputs", inputs, {kAny, kAny, shape.inputs});
  expect_type("network inputs", inputs, parameters);
  if (inputs.size(0) < 1)
    throw ShapeError("network inputs: expected at least one edge, found none");
  expect_shape("network steps", dt, {inputs.size(0) - 1, inputs.size(1)});
  expect_type("network steps", dt, parameters);
  const auto steps = dt.unbind(0);

  RelaxationRun run;
  auto x = linear_input(p, inputs);
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const LayerParameters own(p, l);
    const auto run_layer = [&](auto layer_start) {
      x = run_relaxation(shape.layers[l], own, x, steps, dt0, layer_start);
      run.state.emplace_back(std::move(layer_start));
    };
    if (shape.layers[l].kind == LayerKind::kSlstm) {
      run_layer(layer_state<SlstmMemory>(state, l));
    } else {
      run_layer(layer_state<MlstmMemory>(state, l));
    }
    run.hidden.push_back(x);
  }
  run.output = linear_output(p, x);
  return run;
}

}  // namespace psi_xlstm::equations
