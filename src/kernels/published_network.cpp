#include "psi_xlstm/kernels/published_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "instruction_table.hpp"
#include "psi_xlstm/core/error.hpp"
#include "published_layer.hpp"

namespace psi_xlstm::kernels {
namespace {

// Rows of a block of steps: what a block reads and writes in between should stay in the second
// level of cache, and a block should not be so short that its fixed costs count.
constexpr int kBlockRows = 192;
constexpr int kBlockSteps = 16;
constexpr int kWindow = 8;  // steps of a stream

// Numbers too small for the normal format are zero while one of these lives: what decays through
// time would otherwise become a hundred times slower before it vanishes.
class FlushToZero {
 public:
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;
#if defined(__x86_64__)
  FlushToZero() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(before_ | kFlags); }
  ~FlushToZero() { __builtin_ia32_ldmxcsr(before_); }

 private:
  static constexpr unsigned kFlags = 0x8040;  // results and arguments
  unsigned before_;
#else
  FlushToZero() = default;
#endif
};

const NetworkShape& require_published(const NetworkShape& shape) {
  if (shape.convention == Convention::kPublished) return shape;
  throw ShapeError(
      "published network: expected a network of the published convention, found one of the "
      "relaxation convention");
}

void require_count(const char* what, std::size_t expected, std::size_t found) {
  if (expected == found) return;
  throw ShapeError(
      fmt::format("published network: expected {} {}, found {}", expected, what, found));
}

}  // namespace

template <class Real>
class PublishedNetwork<Real>::Body {
 public:
  using State = PublishedState<Real>;

  Body(const NetworkShape& shape, InstructionSet set)
      : shape_(require_published(shape)),
        set_(require_available(set)),
        loops_(published_loops_of<Real>(set)),
        blocks_(parameter_blocks(shape)),
        parameters_(parameter_count(shape)),
        fold_(shape.inputs, shape.width, loops_) {
    for (std::size_t l = 0; l < shape.layers.size(); ++l) {
      const int index = static_cast<int>(l);
      FoldedInput<Real>* fold = l == 0 ? &fold_ : nullptr;
      layers_.push_back(shape.layers[l].kind == LayerKind::kSlstm
                            ? make_slstm_layer(shape, index, fold, loops_)
                            : make_mlstm_layer(shape, index, fold, loops_));
      batch_.push_back(layers_.back()->make_trace());
      single_.push_back(layers_.back()->make_trace());
    }
    d_y_.resize(layers_.size());
    head_.reserve(static_cast<std::size_t>(layers_.back()->padded()));
    set_parameters(parameters_);
    begin_stream(initial_state(1));
  }

  void set_parameters(std::span<const Real> parameters) {
    require_count("parameters", parameters_.size(), parameters.size());
    if (parameters.data() != parameters_.data()) {
      std::copy(parameters.begin(), parameters.end(), parameters_.begin());
    }
    fold_.set_parameters(at("input.weight"), at("input.bias"));
    for (auto& layer : layers_) layer->set_parameters(parameters_.data());
    std::copy_n(at("output.weight"), shape_.layers.back().hidden, head_.data());
    head_bias_ = *at("output.bias");
    run_.keep = false;  // what was kept belongs to other parameters
  }

  State initial_state(int sequences) const {
    State state{sequences, {}};
    for (const auto& layer : layers_) state.layers.push_back(layer->initial_state(sequences));
    return state;
  }

  void reset_row(State& state, int row) const {
    require_state(state, state.sequences);
    if (row < 0 || row >= state.sequences) {
      throw ShapeError(fmt::format("published network: expected a sequence of 0 to {}, found {}",
                                   state.sequences - 1, row));
    }
    const State start = initial_state(1);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      for (const auto part : {&LayerState::c, &LayerState::n, &LayerState::m, &LayerState::y}) {
        const std::vector<Real>& from = start.layers[l].*part;
        std::copy(from.begin(), from.end(),
                  (state.layers[l].*part).begin() + static_cast<long>(from.size()) * row);
      }
    }
  }

  std::span<const Real> forward(const PublishedBatch<Real>& batch, State& state, bool keep) {
    if (batch.steps < 0 || batch.sequences < 1) {
      throw ShapeError(fmt::format(
          "published network: expected a batch of at least one sequence, found {} steps of {}",
          batch.steps, batch.sequences));
    }
    require_state(state, batch.sequences);
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
    run(batch_, run_, batch.inputs, state, output_.data());
    return {output_.data(), rows};
  }

  std::span<const Real> hidden(int layer) const {
    require_layer(layer);
    const std::size_t border = static_cast<std::size_t>(run_.sequences) * layers_[layer]->padded();
    return {batch_[layer]->y.data() + border, border * run_.steps};
  }

  int hidden_stride(int layer) const {
    require_layer(layer);
    return layers_[layer]->padded();
  }

  void backward(std::span<const Real> d_output,
                const std::vector<const Real*>& d_hidden,
                std::span<Real> gradient) {
    if (!run_.keep) {
      throw ShapeError(
          "published network: expected a forward pass that keeps before a reverse one");
    }
    const std::size_t rows = static_cast<std::size_t>(run_.steps) * run_.sequences;
    require_count("derivatives by the output", rows, d_output.size());
    require_count("entries of the gradient", parameters_.size(), gradient.size());
    if (!d_hidden.empty()) require_count("layers of derivatives", layers_.size(), d_hidden.size());
    std::fill(gradient.begin(), gradient.end(), Real(0));
    const int top = static_cast<int>(layers_.size()) - 1;
    d_head_.clear(static_cast<std::size_t>(layers_[top]->padded()));
    fold_.d_e.clear(static_cast<std::size_t>(fold_.width) * fold_.columns);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l]->begin_backward(run_);
      d_y_[l].reserve(static_cast<std::size_t>(run_.block) * run_.sequences * layers_[l]->padded());
    }
    const FlushToZero guard;
    const int blocks = run_.steps == 0 ? 0 : (run_.steps - 1) / run_.block + 1;
    for (int b = blocks - 1; b >= 0; --b) {
      backward_block(block_of(run_, b * run_.block), d_output, d_hidden);
    }
    for (auto& layer : layers_) layer->end_backward(parameters_.data(), gradient.data());
    fold_.unpack(at("input.weight", gradient.data()), at("input.bias", gradient.data()));
    std::copy_n(d_head_.data(), shape_.layers.back().hidden, at("output.weight", gradient.data()));
    double sum = 0;
    for (const Real d : d_output) sum += static_cast<double>(d);
    *at("output.bias", gradient.data()) = static_cast<Real>(sum);
  }

  void begin_stream(const State& state) {
    require_state(state, 1);
    stream_ = state;
    position_ = 0;
    open_window(false);
  }

  Real step(std::span<const Real> input, Real step_ratio) {
    require_count("inputs", static_cast<std::size_t>(shape_.inputs), input.size());
    const bool durations = step_ratio != 1;
    if (position_ == window_.steps || durations != (window_.rho != nullptr)) {
      close_window();
      open_window(durations);
    }
    window_ratios_[static_cast<std::size_t>(position_)] = step_ratio;
    const RunBlock at{.first = 0,
                      .steps = 1,
                      .rows = 1,
                      .row = position_,
                      .kept_row = position_,
                      .kept_step = 0,
                      .index = 0};
    Real y = 0;
    const FlushToZero guard;
    forward_block(single_, window_, at, input.data(), &y);
    ++position_;
    return y;
  }

  State stream_state() {
    close_window();
    open_window(window_.rho != nullptr);
    return stream_;
  }

  const NetworkShape shape_;
  const InstructionSet set_;

 private:
  using LayerState = PublishedLayerState<Real>;
  using Traces = std::vector<std::unique_ptr<PublishedTrace<Real>>>;

  const Real* at(const char* name) { return parameters_.data() + block(blocks_, name).offset; }
  Real* at(const char* name, Real* flat) { return flat + block(blocks_, name).offset; }

  void require_state(const State& state, int sequences) const {
    require_count("sequences in the state", static_cast<std::size_t>(sequences),
                  static_cast<std::size_t>(state.sequences));
    require_count("layers in the state", layers_.size(), state.layers.size());
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto sizes = layers_[l]->state_sizes(sequences);
      require_count("numbers c in the state", sizes.c, state.layers[l].c.size());
      require_count("numbers n in the state", sizes.n, state.layers[l].n.size());
      require_count("numbers m in the state", sizes.m, state.layers[l].m.size());
      require_count("numbers y in the state", sizes.y, state.layers[l].y.size());
    }
  }

  void require_layer(int layer) const {
    if (layer >= 0 && layer < static_cast<int>(layers_.size())) return;
    throw ShapeError(fmt::format("published network: expected a layer of 0 to {}, found {}",
                                 layers_.size() - 1, layer));
  }

  // The rows of the inputs of layer l in a run: those of the network or the outputs below.
  std::pair<const Real*, long> below(const Traces& traces,
                                     const PublishedRun<Real>& run,
                                     std::size_t l,
                                     const Real* inputs) const {
    if (l == 0) return {inputs, shape_.inputs};
    const long padded = layers_[l - 1]->padded();
    return {traces[l - 1]->y.data() + run.sequences * padded, padded};
  }

  void run(Traces& traces,
           const PublishedRun<Real>& run,
           const Real* inputs,
           State& state,
           Real* output) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l]->begin(*traces[l], run, state.layers[l]);
    }
    for (int first = 0; first < run.steps; first += run.block) {
      const RunBlock at = block_of(run, first);
      forward_block(traces, run, at, inputs + at.row * shape_.inputs, output + at.row);
    }
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l]->end(*traces[l], run, state.layers[l]);
    }
  }

  // `inputs` and `output` are those of the first row of the block.
  void forward_block(Traces& traces,
                     const PublishedRun<Real>& run,
                     const RunBlock& at,
                     const Real* inputs,
                     Real* output) {
    const bool inside = layers_.back()->makes_output(run);
    HeadRows<Real> head{};
    head.rows = at.rows;
    head.padded = layers_.back()->padded();
    head.h = traces.back()->y.data() + (at.row + run.sequences) * head.padded;
    head.weight = head_.data();
    head.bias = head_bias_;
    head.y = output;
    const Real* x = inputs;
    long stride = shape_.inputs;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l]->forward(*traces[l], run, at, x, stride,
                          inside && l + 1 == layers_.size() ? &head : nullptr);
      stride = layers_[l]->padded();
      x = traces[l]->y.data() + (at.row + run.sequences) * stride;
    }
    if (!inside) loops_.head_forward(head);
  }

  // A stream goes through a window of rows, so that its state is moved once per window only.
  void open_window(bool durations) {
    position_ = 0;
    window_.rho = durations ? window_ratios_.data() : nullptr;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l]->begin(*single_[l], window_, stream_.layers[l]);
    }
  }
  void close_window() {
    PublishedRun<Real> done = window_;
    done.steps = position_;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l]->end(*single_[l], done, stream_.layers[l]);
    }
  }

  void backward_block(const RunBlock& at,
                      std::span<const Real> d_output,
                      const std::vector<const Real*>& d_hidden) {
    std::vector<bool> given(layers_.size());
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      given[l] = !d_hidden.empty() && d_hidden[l] != nullptr;
      if (!given[l]) continue;
      // Only the real units: what lies beyond them may be anything.
      const long padded = layers_[l]->padded();
      copy_rows<Real>(d_y_[l].data(), padded, d_hidden[l] + at.row * padded, padded, at.rows,
                      shape_.layers[l].hidden);
    }
    const std::size_t top = layers_.size() - 1;
    HeadRows<Real> head{};
    head.rows = at.rows;
    head.padded = layers_[top]->padded();
    head.h = batch_[top]->y.data() + (at.row + run_.sequences) * head.padded;
    head.weight = head_.data();
    head.d_y = d_output.data() + at.row;
    head.accumulate = given[top];
    head.d_h = d_y_[top].data();
    head.d_weight = d_head_.data();
    const bool inside = layers_[top]->makes_output(run_);
    if (!inside) loops_.head_backward(head);
    for (std::size_t l = layers_.size(); l-- > 0;) {
      const auto [x, stride] = below(batch_, run_, l, inputs_.data());
      layers_[l]->backward(*batch_[l], run_, at, x + at.row * stride, stride, d_y_[l].data(),
                           l > 0 ? d_y_[l - 1].data() : nullptr, stride, l > 0 && given[l - 1],
                           inside && l == top ? &head : nullptr);
    }
  }

  const PublishedLoops<Real>& loops_;
  std::vector<ParameterBlock> blocks_;
  std::vector<Real> parameters_;
  FoldedInput<Real> fold_;
  std::vector<std::unique_ptr<PublishedLayer<Real>>> layers_;
  Traces batch_, single_;
  AlignedBuffer<Real> head_, d_head_;
  Real head_bias_ = 0;
  // The stream, as it was before the steps of the window.
  State stream_;
  PublishedRun<Real> window_{kWindow, 1, nullptr, false, kWindow};
  std::array<Real, kWindow> window_ratios_{};
  int position_ = 0;
  // The last forward pass.
  PublishedRun<Real> run_;
  std::vector<Real> rho_, inputs_, output_;
  std::vector<AlignedBuffer<Real>> d_y_;  // of each layer, a block of rows
};

template <class Real>
PublishedNetwork<Real>::PublishedNetwork(const NetworkShape& shape, InstructionSet instruction_set)
    : body_(std::make_unique<Body>(shape, instruction_set)) {}
template <class Real>
PublishedNetwork<Real>::~PublishedNetwork() = default;
template <class Real>
PublishedNetwork<Real>::PublishedNetwork(PublishedNetwork&&) noexcept = default;
template <class Real>
PublishedNetwork<Real>& PublishedNetwork<Real>::operator=(PublishedNetwork&&) noexcept = default;

template <class Real>
const NetworkShape& PublishedNetwork<Real>::shape() const {
  return body_->shape_;
}
template <class Real>
InstructionSet PublishedNetwork<Real>::instruction_set() const {
  return body_->set_;
}
template <class Real>
void PublishedNetwork<Real>::set_parameters(std::span<const Real> parameters) {
  body_->set_parameters(parameters);
}
template <class Real>
PublishedState<Real> PublishedNetwork<Real>::initial_state(int sequences) const {
  return body_->initial_state(sequences);
}
template <class Real>
void PublishedNetwork<Real>::reset_row(PublishedState<Real>& state, int row) const {
  body_->reset_row(state, row);
}
template <class Real>
std::span<const Real> PublishedNetwork<Real>::forward(const PublishedBatch<Real>& batch,
                                                      PublishedState<Real>& state,
                                                      bool keep) {
  return body_->forward(batch, state, keep);
}
template <class Real>
std::span<const Real> PublishedNetwork<Real>::hidden(int layer) const {
  return body_->hidden(layer);
}
template <class Real>
int PublishedNetwork<Real>::hidden_stride(int layer) const {
  return body_->hidden_stride(layer);
}
template <class Real>
void PublishedNetwork<Real>::backward(std::span<const Real> d_output,
                                      const std::vector<const Real*>& d_hidden,
                                      std::span<Real> gradient) {
  body_->backward(d_output, d_hidden, gradient);
}
template <class Real>
void PublishedNetwork<Real>::begin_stream(const PublishedState<Real>& state) {
  body_->begin_stream(state);
}
template <class Real>
Real PublishedNetwork<Real>::step(std::span<const Real> input, Real step_ratio) {
  return body_->step(input, step_ratio);
}
template <class Real>
PublishedState<Real> PublishedNetwork<Real>::stream_state() {
  return body_->stream_state();
}

template class PublishedNetwork<float>;
template class PublishedNetwork<double>;

}  // namespace psi_xlstm::kernels
