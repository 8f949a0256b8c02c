#pragma once

/// @file
/// What the loops of the relaxation convention work on: plain arrays of one layer and one batch.
///
/// Axes: T steps, T + 1 edges, B sequences, H units (a multiple of the vector length; what is
/// beyond the real units is zero), G = 4 H pre-activations in the order i, f, z, o.

namespace psi_xlstm::kernels {

/// Gates of one evaluation: rate l = softplus(-f~) (in units of 1/dt0), input gate i, z = tanh(z~),
/// and the derivatives dl, di by their pre-activations.
template <class Real>
struct GateArrays {
  Real *l = nullptr, *dl = nullptr, *i = nullptr, *di = nullptr, *z = nullptr;

  GateArrays at(long offset) const {
    return {l + offset, dl + offset, i + offset, di + offset, z + offset};
  }
};

/// One sLSTM layer. A step mixes the gates at its left edge with those at its right edge, first
/// with the states of the left edge (predicted), then with the predicted ones (corrected).
template <class Real>
struct SlstmRelaxation {
  int steps = 0, sequences = 0, units = 0;
  const Real* rho = nullptr;        ///< Duration of a step over dt0, [T][B].
  const Real* x = nullptr;          ///< Pre-activations without the recurrent part, [T + 1][B][G].
  const Real* recurrent = nullptr;  ///< R transposed, [H][G].
  const Real* recurrent_t = nullptr;     ///< R, [G][H]; of the backward pass.
  GateArrays<Real> edge;                 ///< At the edges, [T + 1][B][H].
  GateArrays<Real> predicted;            ///< At the right edge, states of the left one, [T][B][H].
  GateArrays<Real> corrected;            ///< At the right edge, predicted states, [T][B][H].
  Real *o = nullptr, *output = nullptr;  ///< Output gate, o h; [T + 1][B][H].
  Real *h = nullptr, *n = nullptr;       ///< States h = c / n and n, [T + 1][B][H]; 0 is given.
  Real *hp = nullptr, *np = nullptr;     ///< Predicted states, [T][B][H].
  Real *wp = nullptr, *w = nullptr;      ///< 1 - forget gate, predicted and corrected.
  Real* work = nullptr;                  ///< [2][B][G]
  // Backward pass.
  const Real* d_output = nullptr;       ///< [T + 1][B][H]
  Real* d_x = nullptr;                  ///< By x, [T + 1][B][G].
  Real* d_r = nullptr;                  ///< By R h at the edges, [T + 1][B][G].
  Real* d_rp = nullptr;                 ///< By R h of the predicted states, [T][B][G].
  Real *d_h = nullptr, *d_n = nullptr;  ///< By the states at edge 0, [B][H]; out.
};

/// The memory of one mLSTM layer with heads of D. Projections hold q, k (scaled), v, then the
/// pre-activations of the input and of the forget gates.
template <class Real>
struct MlstmRelaxation {
  int steps = 0, sequences = 0, heads = 0, dimension = 0;
  int width = 0;                     ///< Of a row of projections, P >= 3 heads D + 2 heads.
  const Real* rho = nullptr;         ///< [T][B]
  const Real* projection = nullptr;  ///< [T + 1][B][P]
  Real *l = nullptr, *dl = nullptr, *i = nullptr, *di = nullptr;  ///< Gates, [T + 1][B][heads].
  Real* forgotten = nullptr;    ///< 1 - forget gate of a step, [T][B][heads], and one vector more.
  Real* state = nullptr;        ///< C and n at the current edge, [B][heads][D D + D]; in and out.
  Real* checkpoints = nullptr;  ///< State at every kCheckpointSteps-th edge.
  Real* output = nullptr;       ///< [T + 1][B][heads D]
  Real* s = nullptr;            ///< n.q, [T + 1][B][heads]
  // Backward pass.
  const Real* d_output = nullptr;  ///< [T + 1][B][heads D]
  Real* d_projection = nullptr;    ///< [T + 1][B][P], overwritten.
  Real* d_state = nullptr;         ///< By the state at edge 0; in: zeros, out.
  Real* work = nullptr;            ///< kCheckpointSteps states
};

/// One step of one sLSTM layer along one sequence: what is known at the left edge becomes what is
/// known at the right one.
template <class Real>
struct SlstmRelaxationStep {
  int units = 0;
  Real rho = 0;
  const Real* x = nullptr;  ///< At the right edge, [G].
  /// R transposed: for each vector of units the columns of i, f and z, [H][3 lanes]; behind them
  /// for each vector of units those of o, [H][lanes].
  const Real* recurrent = nullptr;
  Real *h = nullptr, *n = nullptr;                ///< States, [H].
  Real *l = nullptr, *i = nullptr, *z = nullptr;  ///< Gates, [H].
  Real* r = nullptr;                              ///< R h of i, f and z, [3 H].
  Real* output = nullptr;                         ///< [H]
  Real* predicted = nullptr;                      ///< Scratch, [H].
};

/// a of the input gate i = exp(a tanh(i~ / a)).
inline constexpr int kInputGateBound = 5;

/// Edges between two stored states of a memory.
inline constexpr int kCheckpointSteps = 16;

/// What stands behind the memory of one mLSTM layer of H units: the map of a low-rank one to its
/// units, then the LayerNorm. Rows of H are padded to `units`.
///
/// Axes: E edges, H units, P padded units, M numbers read from the memory (heads of D).
template <class Real>
struct MemoryReadOut {
  long edges = 0;
  int hidden = 0, units = 0, heads = 0, dimension = 0;
  const Real* memory = nullptr;  ///< [E][M]
  const Real* left = nullptr;    ///< U by column, [D][P]; null: the memory is of full rank.
  const Real *weight = nullptr, *bias = nullptr, *mask = nullptr;  ///< [P]; mask is 1 below H.
  Real* normalised = nullptr;                                      ///< [E][P]
  Real* inverse_deviation = nullptr;                               ///< [E]
  Real* output = nullptr;                                          ///< [E][P]
  // Backward pass.
  const Real* d_output = nullptr;                                  ///< [E][P]
  Real* d_memory = nullptr;                                        ///< [E][M], overwritten.
  Real *d_left = nullptr, *d_weight = nullptr, *d_bias = nullptr;  ///< Added to.
  Real* work = nullptr;                                            ///< [2][P]
};

/// The loops for one instruction set.
template <class Real>
struct RelaxationLoops {
  void (*slstm_forward)(const SlstmRelaxation<Real>&);
  void (*slstm_backward)(const SlstmRelaxation<Real>&);
  void (*mlstm_forward)(const MlstmRelaxation<Real>&);
  void (*mlstm_backward)(const MlstmRelaxation<Real>&);
  void (*read_out)(const MemoryReadOut<Real>&);
  void (*read_out_backward)(const MemoryReadOut<Real>&);
  /// c[M, N] = a[M, K] b[K, N]; N a multiple of the padding.
  void (*multiply)(Real* c, const Real* a, const Real* b, int m, int k, int n);
  /// c[K, N] += a[M, K]^T b[M, N].
  void (*multiply_transposed)(Real* c, const Real* a, const Real* b, int m, int k, int n);
  void (*slstm_step)(const SlstmRelaxationStep<Real>&);
  /// T = B = 1, of which `output` holds the right edge only; no checkpoints, no s.
  void (*mlstm_step)(const MlstmRelaxation<Real>&);
  /// out[N] = bias[N] + x[K] w[K, N]
  void (*affine)(Real* out, const Real* x, const Real* w, const Real* bias, int k, int n);
  /// a.b of `count` numbers, a multiple of the padding.
  Real (*dot)(const Real* a, const Real* b, int count);
  int lanes;
};

/// The loops for vectors of `Bytes`, defined where they are compiled for one instruction set.
template <class Real, int Bytes>
const RelaxationLoops<Real>& relaxation_loops();

}  // namespace psi_xlstm::kernels
