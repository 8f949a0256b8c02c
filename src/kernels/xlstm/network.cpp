#include "kernels/xlstm/network.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/simd/flush_to_zero.hpp"
#include "kernels/simd/loops_of.hpp"
#include "kernels/xlstm/stack.hpp"
#include "kernels/xlstm/stream.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

// Rows of a block of steps: what a block reads and writes in between should stay in the second
// level of cache, and a block should not be so short that its fixed costs count.
constexpr int kBlockRows = 192;
constexpr int kBlockSteps = 16;

const NetworkShape& require_xlstm(const NetworkShape& shape) {
  if (shape.convention == Convention::kXlstm) return shape;
  throw ShapeError(
      "xLSTM network: expected a shape of xLSTM cells, found one of continuous "
      "cells");
}

}  // namespace

template <class Real>
class XlstmNetwork<Real>::Body {
 public:
  using State = XlstmState<Real>;

  Body(const NetworkShape& shape, InstructionSet set)
      : shape_(require_xlstm(shape)),
        set_(set),
        loops_(loops_of(
            set,
            []<int Bytes>() -> const XlstmLoops<Real>& { return xlstm_loops<Real, Bytes>(); })),
        blocks_(parameter_blocks(shape)),
        parameters_(parameter_count(shape)),
        fold_(shape.inputs, shape.width, loops_),
        stack_(shape, &fold_, loops_),
        stream_(stack_),
        batch_(stack_.make_traces()),
        d_y_(stack_.layers.size()) {
    set_parameters(parameters_);
    stream_.begin(stack_.initial_state(1));
  }

  void set_parameters(std::span<const Real> parameters) {
    require_count("parameters", parameters_.size(), parameters.size());
    if (parameters.data() != parameters_.data()) {
      std::copy(parameters.begin(), parameters.end(), parameters_.begin());
    }
    fold_.set_parameters(at("input.weight"), at("input.bias"));
    for (auto& layer : stack_.layers) layer->set_parameters(parameters_.data());
    std::copy_n(at("output.weight"), shape_.layers.back().hidden, stack_.head_weight.data());
    stack_.head_bias = *at("output.bias");
    run_.keep = false;  // what was kept belongs to other parameters
  }

  State initial_state(int sequences) const { return stack_.initial_state(sequences); }

  std::span<const Real> forward(const XlstmBatch<Real>& batch, State& state, bool keep) {
    if (batch.steps < 0 || batch.sequences < 1) {
      throw ShapeError(fmt::format(
          "xLSTM network: expected a batch of at least one sequence, found {} steps of {}",
          batch.steps, batch.sequences));
    }
    stack_.require_state(state, batch.sequences);
    run_.steps = batch.steps;
    run_.sequences = batch.sequences;
    run_.keep = keep;
    run_.block = std::clamp(std::max(kBlockRows / batch.sequences, kBlockSteps), 1,
                            std::max(1, batch.steps));
    const std::size_t rows = static_cast<std::size_t>(batch.steps) * batch.sequences;
    if (batch.step_ratio) {
      rho_.assign(batch.step_ratio, batch.step_ratio + rows);
      const bool all_one = std::all_of(rho_.begin(), rho_.end(), [](Real r) { return r == 1; });
      run_.rho = all_one ? nullptr : rho_.data();
    } else {
      run_.rho = nullptr;
    }
    if (keep) inputs_.assign(batch.inputs, batch.inputs + rows * shape_.inputs);
    if (output_.size() < rows) output_.resize(rows);
    const FlushToZero guard;
    run(batch.inputs, state);
    return {output_.data(), rows};
  }

  std::span<const Real> hidden(int layer) const {
    require_layer(layer);
    const std::size_t border =
        static_cast<std::size_t>(run_.sequences) * stack_.layers[layer]->padded();
    return {batch_[layer]->y.data() + border, border * run_.steps};
  }

  int hidden_stride(int layer) const {
    require_layer(layer);
    return stack_.layers[layer]->padded();
  }

  void backward(std::span<const Real> d_output,
                const std::vector<const Real*>& d_hidden,
                std::span<Real> gradient) {
    if (!run_.keep) {
      throw ShapeError("xLSTM network: expected a forward pass that keeps before a reverse one");
    }
    const std::size_t rows = static_cast<std::size_t>(run_.steps) * run_.sequences;
    require_count("derivatives by the output", rows, d_output.size());
    require_count("entries of the gradient", parameters_.size(), gradient.size());
    if (!d_hidden.empty()) {
      require_count("layers of derivatives", stack_.layers.size(), d_hidden.size());
    }
    std::fill(gradient.begin(), gradient.end(), Real(0));
    const int top = static_cast<int>(stack_.layers.size()) - 1;
    d_head_.clear(static_cast<std::size_t>(stack_.layers[top]->padded()));
    fold_.d_e.clear(static_cast<std::size_t>(fold_.width) * fold_.columns);
    for (std::size_t l = 0; l < stack_.layers.size(); ++l) {
      stack_.layers[l]->begin_backward(run_);
      d_y_[l].reserve(static_cast<std::size_t>(run_.block) * run_.sequences *
                      stack_.layers[l]->padded());
    }
    const FlushToZero guard;
    const int blocks = run_.steps == 0 ? 0 : (run_.steps - 1) / run_.block + 1;
    for (int b = blocks - 1; b >= 0; --b) {
      backward_block(block_of(run_, b * run_.block), d_output, d_hidden);
    }
    for (auto& layer : stack_.layers) layer->end_backward(parameters_.data(), gradient.data());
    fold_.unpack(at("input.weight", gradient.data()), at("input.bias", gradient.data()));
    std::copy_n(d_head_.data(), shape_.layers.back().hidden, at("output.weight", gradient.data()));
    double sum = 0;
    for (const Real d : d_output) sum += static_cast<double>(d);
    *at("output.bias", gradient.data()) = static_cast<Real>(sum);
  }

  XlstmStream<Real>& stream() { return stream_; }

  const NetworkShape shape_;
  const InstructionSet set_;

 private:
  const Real* at(const char* name) { return parameters_.data() + block(blocks_, name).offset; }
  Real* at(const char* name, Real* flat) { return flat + block(blocks_, name).offset; }

  void require_layer(int layer) const {
    if (layer >= 0 && layer < static_cast<int>(stack_.layers.size())) return;
    throw ShapeError(fmt::format("xLSTM network: expected a layer of 0 to {}, found {}",
                                 stack_.layers.size() - 1, layer));
  }

  // The rows of the inputs of layer l: those of the network or the outputs below.
  std::pair<const Real*, long> below(std::size_t l) const {
    if (l == 0) return {inputs_.data(), shape_.inputs};
    const long padded = stack_.layers[l - 1]->padded();
    return {batch_[l - 1]->y.data() + run_.sequences * padded, padded};
  }

  void run(const Real* inputs, State& state) {
    stack_.begin(batch_, run_, state);
    for (int first = 0; first < run_.steps; first += run_.block) {
      const RunBlock at = block_of(run_, first);
      stack_.forward_block(batch_, run_, at, inputs + at.row * shape_.inputs,
                           output_.data() + at.row);
    }
    stack_.end(batch_, run_, state);
  }

  void backward_block(const RunBlock& at,
                      std::span<const Real> d_output,
                      const std::vector<const Real*>& d_hidden) {
    std::vector<bool> given(stack_.layers.size());
    for (std::size_t l = 0; l < stack_.layers.size(); ++l) {
      given[l] = !d_hidden.empty() && d_hidden[l] != nullptr;
      if (!given[l]) continue;
      // Only the real units: what lies beyond them may be anything.
      const long padded = stack_.layers[l]->padded();
      copy_rows<Real>(d_y_[l].data(), padded, d_hidden[l] + at.row * padded, padded, at.rows,
                      shape_.layers[l].hidden);
    }
    const std::size_t top = stack_.layers.size() - 1;
    HeadRows<Real> head{};
    head.rows = at.rows;
    head.padded = stack_.layers[top]->padded();
    head.h = batch_[top]->y.data() + (at.row + run_.sequences) * head.padded;
    head.weight = stack_.head_weight.data();
    head.d_y = d_output.data() + at.row;
    head.accumulate = given[top];
    head.d_h = d_y_[top].data();
    head.d_weight = d_head_.data();
    const bool inside = stack_.layers[top]->makes_output(run_);
    if (!inside) loops_.head_backward(head);
    for (std::size_t l = stack_.layers.size(); l-- > 0;) {
      const auto [x, stride] = below(l);
      stack_.layers[l]->backward(*batch_[l], run_, at,
                                 {.x = x + at.row * stride,
                                  .x_stride = stride,
                                  .head = inside && l == top ? &head : nullptr,
                                  .d_y = d_y_[l].data(),
                                  .d_x = l > 0 ? d_y_[l - 1].data() : nullptr,
                                  .d_x_stride = stride,
                                  .accumulate = l > 0 && given[l - 1]});
    }
  }

  const XlstmLoops<Real>& loops_;
  std::vector<ParameterBlock> blocks_;
  std::vector<Real> parameters_;
  FoldedInput<Real> fold_;
  XlstmStack<Real> stack_;
  XlstmStream<Real> stream_;
  AlignedBuffer<Real> d_head_;
  // The last forward pass.
  XlstmRun<Real> run_;
  XlstmTraces<Real> batch_;
  std::vector<Real> rho_, inputs_, output_;
  std::vector<AlignedBuffer<Real>> d_y_;  // of each layer, a block of rows
};

template <class Real>
XlstmNetwork<Real>::XlstmNetwork(const NetworkShape& shape, InstructionSet instruction_set)
    : body_(std::make_unique<Body>(shape, instruction_set)) {}
template <class Real>
XlstmNetwork<Real>::~XlstmNetwork() = default;
template <class Real>
XlstmNetwork<Real>::XlstmNetwork(XlstmNetwork&&) noexcept = default;
template <class Real>
XlstmNetwork<Real>& XlstmNetwork<Real>::operator=(XlstmNetwork&&) noexcept = default;

template <class Real>
const NetworkShape& XlstmNetwork<Real>::shape() const {
  return body_->shape_;
}
template <class Real>
InstructionSet XlstmNetwork<Real>::instruction_set() const {
  return body_->set_;
}
template <class Real>
void XlstmNetwork<Real>::set_parameters(std::span<const Real> parameters) {
  body_->set_parameters(parameters);
}
template <class Real>
XlstmState<Real> XlstmNetwork<Real>::initial_state(int sequences) const {
  return body_->initial_state(sequences);
}
template <class Real>
std::span<const Real> XlstmNetwork<Real>::forward(const XlstmBatch<Real>& batch,
                                                  XlstmState<Real>& state,
                                                  bool keep) {
  return body_->forward(batch, state, keep);
}
template <class Real>
std::span<const Real> XlstmNetwork<Real>::hidden(int layer) const {
  return body_->hidden(layer);
}
template <class Real>
int XlstmNetwork<Real>::hidden_stride(int layer) const {
  return body_->hidden_stride(layer);
}
template <class Real>
void XlstmNetwork<Real>::backward(std::span<const Real> d_output,
                                  const std::vector<const Real*>& d_hidden,
                                  std::span<Real> gradient) {
  body_->backward(d_output, d_hidden, gradient);
}
template <class Real>
void XlstmNetwork<Real>::begin_stream(const XlstmState<Real>& state) {
  body_->stream().begin(state);
}
template <class Real>
Real XlstmNetwork<Real>::step(std::span<const Real> input, Real step_ratio) {
  return body_->stream().step(input, step_ratio);
}
template <class Real>
XlstmState<Real> XlstmNetwork<Real>::stream_state() {
  return body_->stream().state();
}

template class XlstmNetwork<float>;
template class XlstmNetwork<double>;

}  // namespace psi_xlstm::kernels
