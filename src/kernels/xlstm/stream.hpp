#pragma once

/// @file
/// One sequence through the layers of a network of the published xLSTM cells, step by step. It goes
/// through a window of rows, so that its state is moved once per window only.

#include <array>
#include <span>

#include "kernels/simd/flush_to_zero.hpp"
#include "kernels/xlstm/stack.hpp"

namespace psi_xlstm::kernels {

template <class Real>
class XlstmStream {
 public:
  using State = XlstmState<Real>;

  /// `stack` must live as long as this. begin() comes before everything else.
  explicit XlstmStream(const XlstmStack<Real>& stack)
      : stack_(stack), traces_(stack.make_traces()) {}
  // the window has a pointer to its own durations
  XlstmStream(const XlstmStream&) = delete;
  XlstmStream& operator=(const XlstmStream&) = delete;

  void begin(const State& state) {
    stack_.require_state(state, 1);
    state_ = state;
    open_window(false);
  }

  Real step(std::span<const Real> input, Real step_ratio) {
    require_count("inputs", static_cast<std::size_t>(stack_.inputs), input.size());
    const bool durations = step_ratio != 1;
    if (position_ == window_.steps || durations != (window_.rho != nullptr)) {
      close_window();
      open_window(durations);
    }
    ratios_[static_cast<std::size_t>(position_)] = step_ratio;
    const RunBlock at{.first = 0,
                      .steps = 1,
                      .rows = 1,
                      .row = position_,
                      .kept_row = position_,
                      .kept_step = 0,
                      .index = 0};
    Real y = 0;
    const FlushToZero guard;
    stack_.forward_block(traces_, window_, at, input.data(), &y);
    ++position_;
    return y;
  }

  State state() {
    close_window();
    open_window(window_.rho != nullptr);
    return state_;
  }

 private:
  static constexpr int kWindow = 8;  // steps

  void open_window(bool durations) {
    position_ = 0;
    window_.rho = durations ? ratios_.data() : nullptr;
    stack_.begin(traces_, window_, state_);
  }
  void close_window() {
    XlstmRun<Real> done = window_;
    done.steps = position_;
    stack_.end(traces_, done, state_);
  }

  const XlstmStack<Real>& stack_;
  XlstmTraces<Real> traces_;
  State state_;  // as it was before the steps of the window
  XlstmRun<Real> window_{kWindow, 1, nullptr, false, kWindow};
  std::array<Real, kWindow> ratios_{};
  int position_ = 0;
};

}  // namespace psi_xlstm::kernels
