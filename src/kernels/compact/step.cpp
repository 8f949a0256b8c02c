#include "kernels/compact/step.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/compact/arguments.hpp"
#include "kernels/simd/buffers.hpp"
#include "kernels/simd/loops_of.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

void require_length(const char* what, std::size_t expected, std::size_t found) {
  if (expected == found) return;
  throw ShapeError(fmt::format("compact step: expected {} {}, found {}", expected, what, found));
}

void require_shape(const CompactWeights& w) {
  const std::size_t features = w.bias.size(), states = w.readout.size();
  require_length("weights of the voltage", features, w.by_voltage.size());
  if (!w.by_state.empty()) {
    require_length("weights of the states", features * states, w.by_state.size());
  }
  if (!w.rate.empty()) require_length("weights of the rates", features * states, w.rate.size());
  require_length("biases of the rates", states, w.rate_bias.size());
  require_length("weights of the targets", features * states, w.target.size());
  require_length("biases of the targets", states, w.target_bias.size());
  require_length("weights of the curve", w.curve_bias.size(), w.curve_by_voltage.size());
  require_length("gains of the curve", w.curve_bias.size(), w.curve_gain.size());
}

}  // namespace

template <class Real>
class CompactStep<Real>::Body {
 public:
  Body(const CompactWeights& weights, InstructionSet set)
      : loops_(loops_of(set, []<int Bytes>() -> const CompactLoops<Real>& {
          return compact_loops<Real, Bytes>();
        })) {
    require_shape(weights);
    const auto whole = [&](std::size_t count) {
      return rounded_up(static_cast<int>(count), std::max(loops_.lanes, kCompactGroup));
    };
    const int features = whole(weights.bias.size());
    const int curve = whole(weights.curve_bias.size());
    stored_ = static_cast<int>(weights.readout.size());
    width_ = rounded_up(stored_, loops_.lanes);
    a_.feature_vectors = features / loops_.lanes;
    a_.state_vectors = width_ / loops_.lanes;
    a_.curve_vectors = curve / loops_.lanes;
    a_.states = stored_;
    a_.features = rounded_up(static_cast<int>(weights.bias.size()), kCompactGroup);
    a_.feedback = !weights.by_state.empty();
    a_.head = static_cast<int>(weights.head);
    a_.readout_bias = static_cast<Real>(weights.readout_bias);
    numbers_.reserve(static_cast<std::size_t>((4 + stored_) * features + 2 * features * width_ +
                                              12 * width_ + 3 * curve));
    free_ = numbers_.data();
    pack_features(weights, features);
    pack_gates(weights, features);
    a_.curve_by_voltage = row(weights.curve_by_voltage, curve);
    a_.curve_bias = row(weights.curve_bias, curve);
    a_.curve_gain = row(weights.curve_gain, curve);
    a_.readout = row(weights.readout, width_);
    for (Real** part : {&a_.c, &a_.rest, &a_.predicted, &a_.left.rate, &a_.left.target,
                        &a_.right.rate, &a_.right.target}) {
      *part = take(width_);
    }
    loops_.start(a_, Real(0));
  }

  Real start(std::span<const double> states, double voltage) {
    require_length("states", static_cast<std::size_t>(stored_), states.size());
    std::fill_n(a_.rest, width_, Real(0));
    for (int s = 0; s < width_; ++s) {
      const int from = stored_ == 1 ? 0 : s;
      a_.c[s] =
          from < stored_ ? static_cast<Real>(states[static_cast<std::size_t>(from)]) : Real(0);
    }
    return loops_.start(a_, static_cast<Real>(voltage));
  }

  Real step(double rho, double voltage) {
    return loops_.step(a_, static_cast<Real>(rho), static_cast<Real>(voltage));
  }

  std::vector<double> states() const {
    std::vector<double> out;
    for (int s = 0; s < stored_; ++s) {
      out.push_back(static_cast<double>(a_.c[s]) + static_cast<double>(a_.rest[s]));
    }
    return out;
  }

 private:
  // Room for `count` zeros.
  Real* take(int count) {
    Real* const mine = free_;
    free_ += count;
    return mine;
  }

  const Real* row(const std::vector<double>& values, int width) {
    Real* const out = take(width);
    std::transform(values.begin(), values.end(), out,
                   [](double x) { return static_cast<Real>(x); });
    return out;
  }

  // [rows, columns], possibly empty, to [columns][width]; a single row goes to every lane.
  const Real* transposed(
      const std::vector<double>& values, int columns, int padded_columns, bool spread, int width) {
    Real* const out = take(padded_columns * width);
    if (values.empty()) return out;
    const int rows = static_cast<int>(values.size()) / columns;
    for (int c = 0; c < columns; ++c) {
      for (int r = 0; r < width; ++r) {
        const int from = spread ? 0 : r;
        if (from >= rows) continue;
        out[c * width + r] =
            static_cast<Real>(values[static_cast<std::size_t>(from * columns + c)]);
      }
    }
    return out;
  }

  void pack_features(const CompactWeights& w, int features) {
    a_.by_voltage = row(w.by_voltage, features);
    a_.bias = row(w.bias, features);
    a_.by_state = transposed(w.by_state, stored_, stored_, false, features);
    a_.base = take(features);
    a_.phi = take(features);
  }

  void pack_gates(const CompactWeights& w, int features) {
    const int count = static_cast<int>(w.bias.size());
    const bool single = stored_ == 1;
    a_.rate = transposed(w.rate, count, features, single, width_);
    a_.target = transposed(w.target, count, features, single, width_);
    a_.rate_bias = transposed(w.rate_bias, 1, 1, single, width_);
    a_.target_bias = transposed(w.target_bias, 1, 1, single, width_);
  }

  const CompactLoops<Real>& loops_;
  AlignedBuffer<Real> numbers_;
  Real* free_ = nullptr;
  CompactArguments<Real> a_;
  int stored_ = 0, width_ = 0;  // S and S padded
};

template <class Real>
CompactStep<Real>::CompactStep(const CompactWeights& weights, InstructionSet instruction_set)
    : body_(std::make_unique<Body>(weights, instruction_set)) {}
template <class Real>
CompactStep<Real>::~CompactStep() = default;
template <class Real>
CompactStep<Real>::CompactStep(CompactStep&&) noexcept = default;
template <class Real>
CompactStep<Real>& CompactStep<Real>::operator=(CompactStep&&) noexcept = default;

template <class Real>
Real CompactStep<Real>::start(std::span<const double> states, double voltage) {
  return body_->start(states, voltage);
}
template <class Real>
Real CompactStep<Real>::step(double rho, double voltage) {
  return body_->step(rho, voltage);
}
template <class Real>
std::vector<double> CompactStep<Real>::states() const {
  return body_->states();
}

template class CompactStep<float>;
template class CompactStep<double>;

}  // namespace psi_xlstm::kernels
