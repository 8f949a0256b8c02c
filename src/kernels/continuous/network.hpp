#pragma once

/// @file
/// Networks of the continuous cells: forward pass and exact reverse on plain arrays.
///
/// Axes: T steps, T + 1 edges, B sequences, I inputs, H units of a layer.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kernels/simd/instruction_set.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::kernels {

/// The states of every layer for B sequences; a value that can be copied and carried over. That of
/// an mLSTM with heads of D is [B][D + 1][heads D]: row k of C = sum k v^T of every head, then n.
template <class Real>
struct ContinuousState {
  int sequences = 0;
  std::vector<std::vector<Real>> layers;
  std::vector<std::vector<Real>> edges;  ///< Of one sequence: gates at the last edge, for step().
};

/// Sequences that run side by side. A shorter one is padded with steps of duration 0 and a repeated
/// input; nothing happens there.
template <class Real>
struct ContinuousBatch {
  int steps = 0;                      ///< T; 0: only the first edge.
  int sequences = 1;                  ///< B
  const Real* inputs = nullptr;       ///< At the edges, [T + 1][B][I].
  const Real* rho = nullptr;          ///< Duration of a step over dt0, [T][B].
  const Real* rest_inputs = nullptr;  ///< Start at rest under these, [B][I]; null: from a state.
};

/// A network dt-aware and continuous in time (equations/relaxation.hpp), evaluated by the `edges`
/// rule: gates at both ends of a step, predicted and corrected where they see the states.
template <class Real>
class ContinuousNetwork {
 public:
  /// Throws ShapeError where `shape` makes no sense or is of the other convention.
  explicit ContinuousNetwork(const NetworkShape& shape,
                             InstructionSet instruction_set = best_instruction_set());
  ~ContinuousNetwork();
  ContinuousNetwork(ContinuousNetwork&&) noexcept;
  ContinuousNetwork& operator=(ContinuousNetwork&&) noexcept;

  const NetworkShape& shape() const;

  /// Takes the trained numbers, in the order of parameter_blocks. Throws ShapeError for another
  /// count. All numbers are zero before.
  void set_parameters(std::span<const Real> parameters);

  /// Runs `batch`; where it does not start at rest, from `state`. Leaves the last states there.
  /// Returns y = output.weight h + output.bias at the edges, [T + 1][B], valid until the next call.
  std::span<const Real> forward(const ContinuousBatch<Real>& batch, ContinuousState<Real>& state);

  /// One step of one sequence: the right edge of forward() with T = B = 1, allocating nothing.
  /// `state` is what forward() with B = 1 (T = 0 for the first edge) or step() left of the same
  /// parameters; `input` [I] is that at the right edge. Returns y there. What the last forward()
  /// left stays. Throws ShapeError where `input` or `state` does not fit.
  Real step(std::span<const Real> input, Real rho, ContinuousState<Real>& state);

  /// The outputs of layer `l` of the last forward pass: [T + 1][B][stride], of which the first H
  /// numbers of a row count.
  std::span<const Real> hidden(int layer) const;

  /// Length of a row of hidden(layer).
  int hidden_stride(int layer) const;

  /// Derivatives of sum(d_output y) + sum over layers of sum(d_hidden[l] hidden(l)) by the trained
  /// numbers, through the last forward pass; the states it was given are constants, the rest it
  /// started from is not. `d_output` is [T + 1][B]; `d_hidden` is empty or has one entry per layer,
  /// null or in the layout of hidden(l). `gradient` is overwritten. Throws ShapeError for another
  /// count.
  void backward(std::span<const Real> d_output,
                const std::vector<const Real*>& d_hidden,
                std::span<Real> gradient);

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

extern template class ContinuousNetwork<float>;
extern template class ContinuousNetwork<double>;

}  // namespace psi_xlstm::kernels
