#pragma once

/// @file
/// What the loops of the continuous cells work on: plain arrays of one layer and one batch.
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
struct ContinuousSlstm {
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
/// pre-activations of the input and of the forget gates. A memory is [D + 1][heads D]: row x of C
/// of every head, C = sum k v^T, then n of every head.
///
/// Arrays of heads are [T + 1][B][heads], those of steps [T][B][heads]; behind each stands at least
/// a vector that may be overwritten.
template <class Real>
struct ContinuousMlstm {
  int steps = 0, sequences = 0, heads = 0, dimension = 0;
  int width = 0;                     ///< Of a row of projections, P >= 3 heads D + 2 heads.
  int stride = 0;                    ///< Of a row of outputs, S >= heads D.
  const Real* rho = nullptr;         ///< [T][B]
  const Real* projection = nullptr;  ///< [T + 1][B][P]
  Real *l = nullptr, *dl = nullptr, *i = nullptr, *di = nullptr;  ///< Gates.
  Real* half = nullptr;                                           ///< - rho / 2, of steps.
  Real* forgotten = nullptr;                                      ///< 1 - forget gate, of steps.
  Real *g0 = nullptr, *g1 = nullptr;      ///< Weights of k v^T at both edges, of steps.
  Real *s = nullptr, *inverse = nullptr;  ///< n.q and 1 / sqrt(s^2 + 1), of heads.
  Real* state = nullptr;                  ///< At the current edge, [B] memories; in and out.
  Real* checkpoints = nullptr;            ///< State at every kCheckpointSteps-th edge.
  Real* output = nullptr;                 ///< [T + 1][B][S]
  // Backward pass.
  const Real* d_output = nullptr;  ///< [T + 1][B][S]
  Real* d_projection = nullptr;    ///< [T + 1][B][P]; set, but for what is behind the gates.
  /// By the forget gate and the two weights of step k in row k + 1, [T + 2][B][heads]; work.
  Real *by_kept = nullptr, *by_g0 = nullptr, *by_g1 = nullptr;
  Real *d_i = nullptr, *d_f = nullptr;  ///< By the pre-activations of the gates, of heads.
  Real* d_state = nullptr;              ///< By the state at edge 0.
  Real* work = nullptr;                 ///< kCheckpointSteps + 1 memories of one head.
};

/// One step of one sLSTM layer along one sequence: what is known at the left edge becomes what is
/// known at the right one.
template <class Real>
struct ContinuousSlstmStep {
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

/// The LayerNorm of the H units of an mLSTM layer. Rows of H are padded to `units`.
///
/// Axes: E edges, H units, P padded units.
template <class Real>
struct ContinuousNorm {
  long edges = 0;
  int hidden = 0, units = 0;
  const Real* h = nullptr;  ///< [E][P], zero from H on; may be `normalised`.
  const Real *weight = nullptr, *bias = nullptr, *mask = nullptr;  ///< [P]; mask is 1 below H.
  Real* normalised = nullptr;                                      ///< [E][P]
  Real* inverse_deviation = nullptr;                               ///< [E]
  Real* output = nullptr;                                          ///< [E][P]
  // Backward pass.
  const Real* d_output = nullptr;               ///< [E][P]
  Real* d_h = nullptr;                          ///< [E][P], overwritten.
  Real *d_weight = nullptr, *d_bias = nullptr;  ///< Added to.
};

/// The loops for one instruction set.
template <class Real>
struct ContinuousLoops {
  void (*slstm_forward)(const ContinuousSlstm<Real>&);
  void (*slstm_backward)(const ContinuousSlstm<Real>&);
  void (*mlstm_forward)(const ContinuousMlstm<Real>&);
  void (*mlstm_backward)(const ContinuousMlstm<Real>&);
  void (*layer_norm)(const ContinuousNorm<Real>&);
  void (*layer_norm_backward)(const ContinuousNorm<Real>&);
  /// c[M, N] = a[M, K] b[K, N]; N a multiple of the padding.
  void (*multiply)(Real* c, const Real* a, const Real* b, int m, int k, int n);
  /// The same + bias[N].
  void (*affine_rows)(Real* c, const Real* a, const Real* b, const Real* bias, int m, int k, int n);
  /// c[K, N] += a[M, K]^T b[M, N].
  void (*multiply_transposed)(Real* c, const Real* a, const Real* b, int m, int k, int n);
  void (*slstm_step)(const ContinuousSlstmStep<Real>&);
  /// T = B = 1; `output`, `s` and `inverse` hold the right edge only; no checkpoints.
  void (*mlstm_step)(const ContinuousMlstm<Real>&);
  /// out[N] = bias[N] + x[K] w[K, N]
  void (*affine)(Real* out, const Real* x, const Real* w, const Real* bias, int k, int n);
  /// a.b of `count` numbers, a multiple of the padding.
  Real (*dot)(const Real* a, const Real* b, int count);
  int lanes;
};

/// The loops for vectors of `Bytes`, defined where they are compiled for one instruction set.
template <class Real, int Bytes>
const ContinuousLoops<Real>& continuous_loops();

}  // namespace psi_xlstm::kernels
