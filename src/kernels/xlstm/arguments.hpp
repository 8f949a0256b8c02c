#pragma once

/// @file
/// What the loops of the published xLSTM cells work on: plain arrays of one layer and some steps of
/// one batch. Aggregates without functions: files for one instruction set include them.
///
/// Axes: T steps, B sequences, H units (rounded up to whole vectors of W lanes; what is beyond the
/// real units is zero), K inputs. A row is one step of one sequence, rows are ordered [T][B].

#include "kernels/simd/gemm.hpp"

namespace psi_xlstm::kernels {

/// What an sLSTM keeps of a row, each a vector for W units: [H / W][slots][W].
enum SlstmSlot {
  kCell,        ///< c
  kNormaliser,  ///< n
  kGates,       ///< The smaller of the gates J and F; the other is 1. Sign bit set: F is the 1.
  kInput,       ///< tanh(z~)
  kOutput,      ///< sigmoid(o~)
  kSlope,       ///< d lf / d f~
  kDrive,       ///< d ii / d f~; missing where no durations are given
  kSlstmSlots
};

/// An sLSTM. Its 4 H pre-activations are ordered [H / W][gate i, f, z, o][W].
template <class Real>
struct SlstmScan {
  int steps, sequences, padded;  // padded: H
  int inputs, units;             // K and the real number of units
  const Real* rho;               // [T][B] or null
  const Real* x;                 // [T][B][x_stride]
  long x_stride;
  const Real* weight;  // [H / W][K + units][4 W]: of the inputs, then recurrent
  const Real* bias;    // [4 H]
  Real* y;             // [T + 1][B][H]; the first B rows are given
  Real* kept;          // [T + 1][B][H slots]; c and n of the first B rows are given
  Real* m;             // [B][H], in and out
  bool upwards;        // Direction in which the first step reads the weights.
  // backward
  const Real* recurrent;  // R: [H / W][4 H][W]
  Real* d_y;              // [T][B][H], by y without the recurrent part
  Real* d_gates;     // [T + 1][B][gate_stride], by the pre-activations; the last B rows are given
  long gate_stride;  // of its rows: 4 H and some more
  Real *d_c, *d_n;   // [B][H], by F c and F n; in and out
  Real* d_pass;      // [B][H], by the output that a step of duration 0 repeats; in and out
};

/// The gates of an mLSTM for all heads and sequences: [T][L], L = B heads rounded up.
template <class Real>
struct MlstmGates {
  int steps, sequences, heads;
  long lanes;              // L
  const Real* rho;         // [T][B] or null
  const Real* projection;  // at the pre-activations of the input gates; those of f follow
  long projection_stride;
  Real *input, *forget;  // J and F
  Real *slope, *drive;   // d lf / d f~, d ii / d f~
  Real* floor;           // exp(-m)
  Real* m;               // [L], in and out
  // backward
  const Real* d_input;  // k.dk, [T][L]
  Real* d_forget;       // q.dq - k.dk, [T][L]; overwritten
  double* d_sum;        // [L], sum of d_forget over later steps, in and out
  Real* d_projection;   // as projection
};

/// How heads of D entries lie in vectors. A group is one head in as many lanes as it needs, rounded
/// up to whole vectors, or as many small heads as fit into one vector: head h of the group in the
/// lanes h D to h D + D - 1.
template <class Real>
struct HeadLanes {
  using Integer = typename IntegerOf<Real>::Type;
  int heads, dimension;  // dimension: D
  int heads_per_group, groups, lanes;
  // Of small heads: the head of a lane within its group, [groups][W], and the lane of entry r of
  // that head, [D][W]; lanes without a head point to the first head and to themselves.
  const Integer *head_of, *entry_of;
};

/// S <- F S + a (J b)^T, out = S^T w of every sequence and every group of heads, in either
/// direction of time: a and w have D entries for the rows of S, b and out have `lanes` entries.
template <class Real>
struct MemoryScan {
  HeadLanes<Real> in;
  int steps, sequences;
  long step_rows;                     // rows from one step to the next: B, or -B to go back in time
  const Real *a, *b, *w;              // first row of the first step
  long a_stride, b_stride, w_stride;  // of a row
  Real* out;
  long out_stride;
  const Real *forget, *input;    // [.][L]: F and J, first step
  long forget_step, input_step;  // from one step to the next; 0 for J: the same row of ones
  const Real* start;             // S before the first step, [B][groups][D][lanes]
  Real* state;                   // and after the last one; may be the same
  // One more row of S with entries of a and w of its own, or null: none.
  Real* extra;                    // [B][groups][lanes], in and out
  const Real *extra_a, *extra_w;  // [.][L], as forget and input
  long extra_a_step, extra_w_step;
};

/// n <- F n + J b and n.w of every sequence and group.
template <class Real>
struct VectorScan {
  HeadLanes<Real> in;
  int steps, sequences;
  const Real *b, *w;  // as in MemoryScan; w has `lanes` entries
  long b_stride, w_stride;
  const Real *forget, *input;  // [T][L]
  long gate_lanes;             // L
  Real* dot;                   // [T][L]: n.w of each head
  Real* state;                 // n, [B][groups][lanes]
};

/// Row-wise work between the memory of an mLSTM and the layer's output: h = C q / (max(|n.q|,
/// exp(-m)) + 1e-6), equation 21 of arXiv:2405.04517 in the form of mlstm_readout() of
/// equations/cells.hpp, and the gradients of the gates.
template <class Real>
struct MlstmRows {
  HeadLanes<Real> in;
  int rows, sequences;  // row r belongs to sequence r % B and step r / B
  long gate_lanes;      // L
  // normalise: denominators [T][L] to factors, and h <- factor h
  const Real *dot, *floor;
  Real* factor;  // 1 / (max(|dot|, floor) + eps)
  Real* sign;    // of dot where |dot| > floor, else 0
  Real* h;       // [rows][groups lanes]
  // backward: d_h by h, replaced by that by the numerator; d_dot by the denominators
  Real* d_h;
  Real* d_dot;
  // gate_gradients: dk <- J dk, dv <- J dv and the dot products
  const Real* q;
  const Real* k;
  long stride;  // of q, k, dq, dk, dv
  Real *dq, *dk, *dv;
  const Real* input;         // J, [T][L]
  Real *d_input, *d_forget;  // [T][L]
};

/// y = w.h + b of every row, and its reverse.
template <class Real>
struct HeadRows {
  int rows, padded;
  const Real* h;
  const Real* weight;
  Real bias;
  Real* y;
  const Real* d_y;
  bool accumulate;  // d_h += instead of d_h =
  Real* d_h;
  Real* d_weight;  // added to
};

/// LayerNorm over `units` of `padded` entries of a row (arXiv:1607.06450): y = weight (x - mean) /
/// sqrt(variance + 1e-5) + bias. What comes before and after it may be done
/// in the same pass, while a row is in the first-level cache.
template <class Real>
struct LayerNormRows {
  int rows, units, padded;
  const Real* mask;  // [padded], 1 for units, 0 beyond
  const Real *weight, *bias;
  const Real* x;
  Real* y;
  Real* statistics;  // [rows][2]: mean, 1 / standard deviation
  const Real* d_y;
  Real* d_x;
  Real *d_weight, *d_bias;  // added to
  // x is h of these rows: times factor before, and d_x, their d_h, times factor after. Or null.
  const MlstmRows<Real>* heads;
  // y is h of this output, and d_y its d_h, which need not be stored. Or null.
  const HeadRows<Real>* head;
};

/// The loops for one instruction set.
template <class Real>
struct XlstmLoops {
  int lanes;  // W
  void (*pack)(Real* to, const Real* from, long row, long column, int k, int columns, int padded);
  void (*transpose)(
      Real* to, long to_stride, const Real* from, long from_stride, int rows, int columns);
  int (*panels)(int n);
  int (*panel_begin)(int n, int panel);
  void (*multiply)(const MatrixProduct<Real>&);
  void (*multiply_transposed)(const MatrixProduct<Real>&);
  void (*slstm_forward)(const SlstmScan<Real>&);
  void (*slstm_backward)(const SlstmScan<Real>&);
  void (*gates_forward)(const MlstmGates<Real>&);
  void (*gates_backward)(const MlstmGates<Real>&);
  void (*memory_scan)(const MemoryScan<Real>&);
  void (*vector_scan)(const VectorScan<Real>&);
  void (*normalise)(const MlstmRows<Real>&);
  void (*normalise_backward)(const MlstmRows<Real>&);
  void (*gate_gradients)(const MlstmRows<Real>&);
  void (*norm_forward)(const LayerNormRows<Real>&);
  void (*norm_backward)(const LayerNormRows<Real>&);
  void (*head_forward)(const HeadRows<Real>&);
  void (*head_backward)(const HeadRows<Real>&);
};

/// The loops for vectors of `Bytes`; defined in the file of that instruction set.
template <class Real, int Bytes>
const XlstmLoops<Real>& xlstm_loops();

}  // namespace psi_xlstm::kernels
