#pragma once

#include "kernels/continuous/layer.hpp"

namespace psi_xlstm::kernels {

/// equations::mlstm_relaxation_step over a batch, followed by its LayerNorm. A low-rank memory is a
/// full one of dimension r: `right` and `left` go into the projections, `left` behind the memory.
template <class Real>
class ContinuousMlstmLayer : public ContinuousLayer<Real> {
 public:
  ContinuousMlstmLayer(const LayerShape& shape,
                       int below,
                       int index,
                       const ContinuousLoops<Real>& loops);
  int stride() const override { return units_; }
  int input_stride() const override { return affine_.columns(); }
  void set_parameters(const Parameters<const Real>& values,
                      const InputProjection<Real>& input) override;
  const Real* rest(const Real* x, int sequences) override;
  void forward(const ContinuousRun<Real>& run, std::vector<Real>& state) override;
  const Real* output() const override { return run_.output.data(); }
  void last_edge(std::vector<Real>& edge) const override;
  const Real* step(const Real* x,
                   Real rho,
                   std::vector<Real>& state,
                   std::vector<Real>& edge) override;
  void backward(const Real* d_output, const Real* d_rest, Real* dx, Real* dx_rest) override;
  void collect(const Parameters<Real>& gradient, const InputProjection<Real>& input) override;

 private:
  /// Buffers of one pass, in the layout of ContinuousMlstm.
  struct Pass {
    ContinuousMlstm<Real> arguments;
    std::vector<Real> store, projection, d_projection, state, d_state;
    std::vector<Real> memory, d_memory;   // what is read of it, [E][S]
    std::vector<Real> normalised;         // before weight and bias of the norm, [E][P]
    std::vector<Real> d_units;            // by what the norm sees of a low-rank memory, [E][P]
    std::vector<Real> inverse_deviation;  // [E]
    std::vector<Real> output;             // [E][P]
    const Real* input = nullptr;
  };

  int dimension() const { return rank_ > 0 ? rank_ : head_size_; }
  int state_size() const { return heads_ * (dimension() * dimension() + dimension()); }
  void prepare(Pass& pass, int steps, int sequences);
  ContinuousNorm<Real> layer_norm(Pass& pass);
  ContinuousNorm<Real> layer_norm() const;
  void read_out(Pass& pass);
  void reverse(Pass& pass, const Real* d_output);
  void rest_state();
  void rest_state_reverse(const std::vector<Real>& d_state);

  int hidden_, heads_, head_size_, rank_, below_, units_, width_, stride_;
  std::string name_;
  const ContinuousLoops<Real>& loops_;
  Affine<Real> affine_;
  std::vector<Real> left_, right_;  // [heads D, r]
  // From what is read of a low-rank memory to the units: `left` in blocks, [S][P]; then [P][S].
  std::vector<Real> output_map_, transposed_map_, d_output_map_;
  std::vector<Real> mask_;
  std::vector<Real> norm_weight_, norm_bias_;
  std::vector<Real> value_weight_, query_weight_, key_weight_;  // before left and right, with bias
  std::vector<Real> d_norm_weight_, d_norm_bias_;
  Pass run_, rest_;
  bool from_rest_ = false;
  std::vector<Real> step_;  // the arrays of a streaming step
};

}  // namespace psi_xlstm::kernels
