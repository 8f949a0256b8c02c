#include "kernels/continuous/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "kernels/continuous/mlstm_layer.hpp"
#include "kernels/continuous/slstm_layer.hpp"
#include "kernels/simd/loops_of.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {

template <class Real>
class ContinuousNetwork<Real>::Body {
 public:
  Body(const NetworkShape& network, InstructionSet instruction_set)
      : shape(network),
        blocks(parameter_blocks(network)),
        loops(loops_of(instruction_set, []<int Bytes>() -> const ContinuousLoops<Real>& {
          return continuous_loops<Real, Bytes>();
        })) {
    if (shape.convention != Convention::kContinuous) {
      throw ShapeError(
          "continuous network: expected a shape of continuous cells, found one of xLSTM cells");
    }
    int below = shape.width;
    for (std::size_t l = 0; l < shape.layers.size(); ++l) {
      const LayerShape& layer = shape.layers[l];
      if (layer.kind == LayerKind::kSlstm) {
        layers.push_back(
            std::make_unique<ContinuousSlstmLayer<Real>>(layer, below, static_cast<int>(l), loops));
      } else {
        layers.push_back(
            std::make_unique<ContinuousMlstmLayer<Real>>(layer, below, static_cast<int>(l), loops));
      }
      below = layer.hidden;
    }
    values.assign(blocks.back().offset + blocks.back().size(), 0);
    head.assign(static_cast<std::size_t>(layers.back()->stride()), 0);
    d_head = head;
  }

  InputProjection<Real> input(Real* gradient) const {
    InputProjection<Real> out{shape.inputs, shape.width};
    const Parameters<const Real> here(blocks, values.data());
    out.weight = here("input.weight");
    out.bias = here("input.bias");
    if (gradient == nullptr) return out;
    const Parameters<Real> there(blocks, gradient);
    out.d_weight = there("input.weight");
    out.d_bias = there("input.bias");
    return out;
  }

  /// Weights and bias of the output, and `d`, from the derivatives by the outputs.
  void head_reverse(std::span<const Real> d_output, const Parameters<Real>& gradient) {
    const int edges = static_cast<int>(d_output.size()), stride = static_cast<int>(head.size());
    d.resize(d_output.size() * head.size());
    loops.multiply(d.data(), d_output.data(), head.data(), edges, 1, stride);
    std::fill(d_head.begin(), d_head.end(), Real(0));
    add_products(loops, d_head.data(), d_output.data(), layers.back()->output(), edges, 1, stride);
    std::copy_n(d_head.begin(), shape.layers.back().hidden, gradient("output.weight"));
    *gradient("output.bias") = std::accumulate(d_output.begin(), d_output.end(), Real(0));
  }

  NetworkShape shape;
  std::vector<ParameterBlock> blocks;
  const ContinuousLoops<Real>& loops;
  std::vector<std::unique_ptr<ContinuousLayer<Real>>> layers;
  std::vector<Real> values, inputs, rho, rest_inputs, outputs;
  std::vector<Real> head, d_head;  // weights of the output, padded
  std::vector<Real> d, d_below;    // by the outputs of a layer and of the one below
  Real head_bias = 0;
  int steps = 0, sequences = 0;
  bool from_rest = false;
};

template <class Real>
ContinuousNetwork<Real>::ContinuousNetwork(const NetworkShape& shape,
                                           InstructionSet instruction_set)
    : body_(std::make_unique<Body>(shape, instruction_set)) {
  set_parameters(body_->values);
}
template <class Real>
ContinuousNetwork<Real>::~ContinuousNetwork() = default;
template <class Real>
ContinuousNetwork<Real>::ContinuousNetwork(ContinuousNetwork&&) noexcept = default;
template <class Real>
ContinuousNetwork<Real>& ContinuousNetwork<Real>::operator=(ContinuousNetwork&&) noexcept = default;

template <class Real>
const NetworkShape& ContinuousNetwork<Real>::shape() const {
  return body_->shape;
}

template <class Real>
void ContinuousNetwork<Real>::set_parameters(std::span<const Real> parameters) {
  Body& body = *body_;
  if (parameters.size() != body.values.size()) {
    throw ShapeError(fmt::format("continuous network: expected {} trained numbers, found {}",
                                 body.values.size(), parameters.size()));
  }
  if (parameters.data() != body.values.data()) {
    std::copy(parameters.begin(), parameters.end(), body.values.begin());
  }
  const Parameters<const Real> values(body.blocks, body.values.data());
  const InputProjection<Real> input = body.input(nullptr);
  for (auto& layer : body.layers) layer->set_parameters(values, input);
  std::copy_n(values("output.weight"), body.shape.layers.back().hidden, body.head.begin());
  body.head_bias = *values("output.bias");
}

template <class Real>
std::span<const Real> ContinuousNetwork<Real>::forward(const ContinuousBatch<Real>& batch,
                                                       ContinuousState<Real>& state) {
  Body& body = *body_;
  const int B = batch.sequences, I = body.shape.inputs;
  body.steps = batch.steps;
  body.sequences = B;
  body.from_rest = batch.rest_inputs != nullptr;
  if (!body.from_rest && (state.sequences != B || state.layers.size() != body.layers.size())) {
    throw ShapeError(
        fmt::format("continuous network: expected the states of {} sequences, found those of {}", B,
                    state.sequences));
  }
  state.sequences = B;
  state.layers.resize(body.layers.size());
  state.edges.resize(B == 1 ? body.layers.size() : 0);
  const std::size_t edges = static_cast<std::size_t>(batch.steps + 1) * B;
  body.inputs.assign(batch.inputs, batch.inputs + edges * I);
  // The reverse pass reads both again, whatever the caller has done with its own since.
  body.rho.assign(batch.rho, batch.rho + static_cast<std::size_t>(batch.steps) * B);
  const Real* x = body.inputs.data();
  const Real* at_rest = nullptr;
  if (body.from_rest) {
    body.rest_inputs.assign(batch.rest_inputs, batch.rest_inputs + static_cast<std::size_t>(B) * I);
    at_rest = body.rest_inputs.data();
  }
  for (std::size_t l = 0; l < body.layers.size(); ++l) {
    ContinuousLayer<Real>& layer = *body.layers[l];
    if (body.from_rest) at_rest = layer.rest(at_rest, B);
    layer.forward({.steps = batch.steps,
                   .sequences = B,
                   .x = x,
                   .rho = body.rho.data(),
                   .from_rest = body.from_rest},
                  state.layers[l]);
    if (B == 1) layer.last_edge(state.edges[l]);
    x = layer.output();
  }
  const int stride = static_cast<int>(body.head.size());
  body.outputs.resize(edges);
  for (std::size_t e = 0; e < edges; ++e) {
    body.outputs[e] = body.head_bias + body.loops.dot(x + e * stride, body.head.data(), stride);
  }
  return body.outputs;
}

template <class Real>
Real ContinuousNetwork<Real>::step(std::span<const Real> input,
                                   Real rho,
                                   ContinuousState<Real>& state) {
  Body& body = *body_;
  const std::size_t count = body.layers.size();
  if (input.size() != static_cast<std::size_t>(body.shape.inputs) || state.sequences != 1 ||
      state.layers.size() != count || state.edges.size() != count) {
    throw ShapeError(
        fmt::format("continuous network: expected {} inputs and the state that a run of one "
                    "sequence left, found {} inputs and a state of {} sequences",
                    body.shape.inputs, input.size(), state.sequences));
  }
  const Real* x = input.data();
  for (std::size_t l = 0; l < count; ++l) {
    x = body.layers[l]->step(x, rho, state.layers[l], state.edges[l]);
  }
  return body.head_bias + body.loops.dot(x, body.head.data(), static_cast<int>(body.head.size()));
}

template <class Real>
std::span<const Real> ContinuousNetwork<Real>::hidden(int layer) const {
  const ContinuousLayer<Real>& wanted = *body_->layers.at(static_cast<std::size_t>(layer));
  const std::size_t edges = static_cast<std::size_t>(body_->steps + 1) * body_->sequences;
  return {wanted.output(), edges * wanted.stride()};
}

template <class Real>
int ContinuousNetwork<Real>::hidden_stride(int layer) const {
  return body_->layers.at(static_cast<std::size_t>(layer))->stride();
}

template <class Real>
void ContinuousNetwork<Real>::backward(std::span<const Real> d_output,
                                       const std::vector<const Real*>& d_hidden,
                                       std::span<Real> gradient) {
  Body& body = *body_;
  const std::size_t edges = static_cast<std::size_t>(body.steps + 1) * body.sequences;
  if (d_output.size() != edges || gradient.size() != body.values.size() ||
      (!d_hidden.empty() && d_hidden.size() != body.layers.size())) {
    throw ShapeError(fmt::format(
        "continuous network: expected derivatives by {} outputs and {} numbers, found {} and {}",
        edges, body.values.size(), d_output.size(), gradient.size()));
  }
  std::fill(gradient.begin(), gradient.end(), Real(0));
  const Parameters<Real> there(body.blocks, gradient.data());
  const std::size_t count = body.layers.size();
  std::vector<Real>&d = body.d, &below = body.d_below;
  std::vector<Real> d_rest, below_rest;
  body.head_reverse(d_output, there);
  const InputProjection<Real> input = body.input(gradient.data());
  for (std::size_t l = count; l-- > 0;) {
    ContinuousLayer<Real>& layer = *body.layers[l];
    if (!d_hidden.empty() && d_hidden[l] != nullptr) {
      const int width = body.shape.layers[l].hidden;
      for (std::size_t e = 0; e < edges; ++e) {
        for (int j = 0; j < width; ++j)
          d[e * layer.stride() + j] += d_hidden[l][e * layer.stride() + j];
      }
    }
    if (l > 0) {
      below.resize(edges * layer.input_stride());
      below_rest.resize(static_cast<std::size_t>(body.sequences) * layer.input_stride());
    }
    layer.backward(d.data(), d_rest.empty() ? nullptr : d_rest.data(),
                   l > 0 ? below.data() : nullptr, l > 0 ? below_rest.data() : nullptr);
    layer.collect(there, input);
    d.swap(below);
    if (body.from_rest) d_rest.swap(below_rest);
  }
}

template class ContinuousNetwork<float>;
template class ContinuousNetwork<double>;

}  // namespace psi_xlstm::kernels
