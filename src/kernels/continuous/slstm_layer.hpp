#pragma once

#include "kernels/continuous/layer.hpp"
#include "kernels/simd/buffers.hpp"

namespace psi_xlstm::kernels {

/// equations::slstm_relaxation_step over a batch.
template <class Real>
class ContinuousSlstmLayer : public ContinuousLayer<Real> {
 public:
  ContinuousSlstmLayer(const LayerShape& shape,
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
  /// Buffers of one pass, in the layout of ContinuousSlstm.
  struct Pass {
    ContinuousSlstm<Real> arguments;
    std::vector<Real> store, output, d_x;
    const Real* input = nullptr;
  };

  void prepare(Pass& pass, int steps, int sequences);
  void rest_reverse(const Real* d_h, const Real* d_n, const Real* d_rest, Real* dx_rest);
  void pack_step();
  void add_recurrent(const Real* h, const Real* d, int rows);

  int hidden_, below_, units_;
  std::string name_;
  const ContinuousLoops<Real>& loops_;
  Affine<Real> affine_;
  std::vector<Real> recurrent_, transposed_, d_recurrent_;  // [H][G], [G][H], [H][G]
  Pass run_, rest_;
  bool from_rest_ = false;
  std::vector<std::vector<Real>> rest_iterates_;  // h of every iteration, [B][H]
  // Streaming: the recurrent weights in the order of ContinuousSlstmStep, and the arrays of a step.
  AlignedBuffer<Real> packed_, scratch_;
  bool packed_ready_ = false;
};

}  // namespace psi_xlstm::kernels
