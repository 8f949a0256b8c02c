#pragma once

/// @file
/// The layers of a network of the published xLSTM cells and its output, without a walk through
/// time: what batches and streams have in common.

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "kernels/xlstm/layer.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {

/// Throws ShapeError where `found` is not `expected`.
inline void require_count(const char* what, std::size_t expected, std::size_t found) {
  if (expected == found) return;
  throw ShapeError(fmt::format("xLSTM network: expected {} {}, found {}", expected, what, found));
}

/// What every layer keeps of a run.
template <class Real>
using XlstmTraces = std::vector<std::unique_ptr<XlstmTrace<Real>>>;

template <class Real>
struct XlstmStack {
  using State = XlstmState<Real>;
  using Traces = XlstmTraces<Real>;

  /// `fold` and `table` must live as long as this.
  XlstmStack(const NetworkShape& shape, FoldedInput<Real>* fold, const XlstmLoops<Real>& table)
      : inputs(shape.inputs), loops(table) {
    for (std::size_t l = 0; l < shape.layers.size(); ++l) {
      const XlstmLayerPlan<Real> plan{.shape = shape.layers[l],
                                      .inputs = l == 0 ? shape.width : shape.layers[l - 1].hidden,
                                      .name = fmt::format("layers.{}", l),
                                      .blocks = parameter_blocks(shape),
                                      .fold = l == 0 ? fold : nullptr,
                                      .loops = loops};
      layers.push_back(plan.shape.kind == LayerKind::kSlstm ? make_slstm_layer(plan)
                                                            : make_mlstm_layer(plan));
    }
    head_weight.reserve(static_cast<std::size_t>(layers.back()->padded()));
  }

  Traces make_traces() const {
    Traces traces;
    for (const auto& layer : layers) traces.push_back(layer->make_trace());
    return traces;
  }

  State initial_state(int sequences) const {
    State state{sequences, {}};
    for (const auto& layer : layers) state.layers.push_back(layer->initial_state(sequences));
    return state;
  }

  /// Throws ShapeError where `state` is not one of `sequences` sequences.
  void require_state(const State& state, int sequences) const {
    require_count("sequences in the state", static_cast<std::size_t>(sequences),
                  static_cast<std::size_t>(state.sequences));
    require_count("layers in the state", layers.size(), state.layers.size());
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const auto sizes = layers[l]->state_sizes(sequences);
      require_count("numbers c in the state", sizes.c, state.layers[l].c.size());
      require_count("numbers n in the state", sizes.n, state.layers[l].n.size());
      require_count("numbers m in the state", sizes.m, state.layers[l].m.size());
      require_count("numbers y in the state", sizes.y, state.layers[l].y.size());
    }
  }

  /// `state` may be worked on from here to end().
  void begin(Traces& traces, const XlstmRun<Real>& run, State& state) const {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      layers[l]->begin(*traces[l], run, state.layers[l]);
    }
  }
  void end(Traces& traces, const XlstmRun<Real>& run, State& state) const {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      layers[l]->end(*traces[l], run, state.layers[l]);
    }
  }

  /// `x` and `output` are those of the first row of the block.
  void forward_block(Traces& traces,
                     const XlstmRun<Real>& run,
                     const RunBlock& at,
                     const Real* x,
                     Real* output) const {
    const bool inside = layers.back()->makes_output(run);
    HeadRows<Real> head{};
    head.rows = at.rows;
    head.padded = layers.back()->padded();
    head.h = traces.back()->y.data() + (at.row + run.sequences) * head.padded;
    head.weight = head_weight.data();
    head.bias = head_bias;
    head.y = output;
    long stride = inputs;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const bool last = inside && l + 1 == layers.size();
      layers[l]->forward(*traces[l], run, at,
                         {.x = x, .x_stride = stride, .head = last ? &head : nullptr});
      stride = layers[l]->padded();
      x = traces[l]->y.data() + (at.row + run.sequences) * stride;
    }
    if (!inside) loops.head_forward(head);
  }

  int inputs;
  const XlstmLoops<Real>& loops;
  std::vector<std::unique_ptr<XlstmLayer<Real>>> layers;
  AlignedBuffer<Real> head_weight;  ///< Weights of the output, [padded units of the last layer].
  Real head_bias = 0;
};

}  // namespace psi_xlstm::kernels
