#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/continuous/mlstm_layer.hpp"

namespace psi_xlstm::kernels {
namespace {

// The three projections of a memory: which of left (U) and right (V) a low-rank one is seen
// through, and whether it is scaled by 1 / sqrt(D).
struct Part {
  const char* name;
  bool by_left, scaled;
};
constexpr std::array<Part, 3> kParts = {
    {{".query", false, false}, {".key", false, true}, {".value", true, false}}};

}  // namespace

template <class Real>
void ContinuousMlstmLayer<Real>::set_parameters(const Parameters<const Real>& values,
                                                const InputProjection<Real>& input) {
  const int d = dimension();
  if (rank_ > 0) {
    const std::size_t size = static_cast<std::size_t>(hidden_) * rank_;
    left_.assign(values(name_ + ".left"), values(name_ + ".left") + size);
    right_.assign(values(name_ + ".right"), values(name_ + ".right") + size);
  }
  for (int unit = 0; unit < hidden_; ++unit) {
    for (int a = 0; a < rank_; ++a) {
      const int read = unit / head_size_ * rank_ + a;
      output_map_[read * units_ + unit] = left_[unit * rank_ + a];
      transposed_map_[unit * stride_ + read] = left_[unit * rank_ + a];
    }
  }
  norm_weight_.assign(units_, 0);
  norm_bias_.assign(units_, 0);
  std::copy_n(values(name_ + ".norm.weight"), hidden_, norm_weight_.begin());
  std::copy_n(values(name_ + ".norm.bias"), hidden_, norm_bias_.begin());
  std::fill(affine_.weight.begin(), affine_.weight.end(), Real(0));
  std::fill(affine_.bias.begin(), affine_.bias.end(), Real(0));
  for (std::size_t p = 0; p < kParts.size(); ++p) {
    const Real* weight = values(name_ + kParts[p].name + ".weight");
    const Real* bias = values(name_ + kParts[p].name + ".bias");
    const Real scale = kParts[p].scaled ? 1 / std::sqrt(Real(head_size_)) : Real(1);
    const std::vector<Real>& through = kParts[p].by_left ? left_ : right_;
    for (int unit = 0; unit < hidden_; ++unit) {
      const int head = unit / head_size_;
      for (int a = 0; a < (rank_ > 0 ? rank_ : 1); ++a) {
        const int row = static_cast<int>(p) * heads_ * d + (rank_ > 0 ? head * d + a : unit);
        const Real factor = scale * (rank_ > 0 ? through[unit * rank_ + a] : Real(1));
        affine_.bias[row] += factor * bias[unit];
        for (int k = 0; k < below_; ++k) {
          affine_.weight[row * below_ + k] += factor * weight[unit * below_ + k];
        }
      }
    }
  }
  for (int gate = 0; gate < 2; ++gate) {
    const std::string gate_name = name_ + (gate == 0 ? ".input_gate" : ".forget_gate");
    for (int head = 0; head < heads_; ++head) {
      const int row = 3 * heads_ * d + gate * heads_ + head;
      affine_.bias[row] = values(gate_name + ".bias")[head];
      std::copy_n(values(gate_name + ".weight") + head * below_, below_,
                  affine_.weight.data() + row * below_);
    }
  }
  affine_.pack(input);
  const Real* blocks[3] = {values(name_ + ".query.weight"), values(name_ + ".key.weight"),
                           values(name_ + ".value.weight")};
  std::vector<Real>* kept[3] = {&query_weight_, &key_weight_, &value_weight_};
  for (int p = 0; p < 3; ++p) {  // weight then bias, as they stand in the flat array
    kept[p]->assign(blocks[p], blocks[p] + hidden_ * (below_ + 1));
  }
}

template <class Real>
void ContinuousMlstmLayer<Real>::collect(const Parameters<Real>& gradient,
                                         const InputProjection<Real>& input) {
  affine_.unpack(input);
  const int d = dimension();
  std::vector<Real> d_right(static_cast<std::size_t>(hidden_) * rank_, 0), d_left(d_right);
  for (int unit = 0; unit < hidden_; ++unit) {
    for (int a = 0; a < rank_; ++a) {
      const int read = unit / head_size_ * rank_ + a;
      d_left[unit * rank_ + a] = d_output_map_[read * units_ + unit];
    }
  }
  const std::vector<Real>* kept[3] = {&query_weight_, &key_weight_, &value_weight_};
  for (std::size_t p = 0; p < kParts.size(); ++p) {
    Real* weight = gradient(name_ + kParts[p].name + ".weight");
    Real* bias = gradient(name_ + kParts[p].name + ".bias");
    const Real* own = kept[p]->data();
    const Real scale = kParts[p].scaled ? 1 / std::sqrt(Real(head_size_)) : Real(1);
    const std::vector<Real>& through = kParts[p].by_left ? left_ : right_;
    std::vector<Real>& d_through = kParts[p].by_left ? d_left : d_right;
    for (int unit = 0; unit < hidden_; ++unit) {
      bias[unit] = 0;
      std::fill_n(weight + unit * below_, below_, Real(0));
      for (int a = 0; a < (rank_ > 0 ? rank_ : 1); ++a) {
        const int row =
            static_cast<int>(p) * heads_ * d + (rank_ > 0 ? unit / head_size_ * d + a : unit);
        const Real factor = scale * (rank_ > 0 ? through[unit * rank_ + a] : Real(1));
        const Real* by = affine_.d_weight.data() + row * below_;
        Real along = affine_.d_bias[row] * own[hidden_ * below_ + unit];
        bias[unit] += factor * affine_.d_bias[row];
        for (int k = 0; k < below_; ++k) {
          weight[unit * below_ + k] += factor * by[k];
          along += by[k] * own[unit * below_ + k];
        }
        if (rank_ > 0) d_through[unit * rank_ + a] += scale * along;
      }
    }
  }
  for (int gate = 0; gate < 2; ++gate) {
    const std::string gate_name = name_ + (gate == 0 ? ".input_gate" : ".forget_gate");
    for (int head = 0; head < heads_; ++head) {
      const int row = 3 * heads_ * d + gate * heads_ + head;
      gradient(gate_name + ".bias")[head] = affine_.d_bias[row];
      std::copy_n(affine_.d_weight.data() + row * below_, below_,
                  gradient(gate_name + ".weight") + head * below_);
    }
  }
  if (rank_ > 0) {
    std::copy(d_left.begin(), d_left.end(), gradient(name_ + ".left"));
    std::copy(d_right.begin(), d_right.end(), gradient(name_ + ".right"));
    std::fill(d_output_map_.begin(), d_output_map_.end(), Real(0));
  }
  std::copy_n(d_norm_weight_.begin(), hidden_, gradient(name_ + ".norm.weight"));
  std::copy_n(d_norm_bias_.begin(), hidden_, gradient(name_ + ".norm.bias"));
  std::fill(d_norm_weight_.begin(), d_norm_weight_.end(), Real(0));
  std::fill(d_norm_bias_.begin(), d_norm_bias_.end(), Real(0));
}

template void ContinuousMlstmLayer<float>::set_parameters(const Parameters<const float>&,
                                                          const InputProjection<float>&);
template void ContinuousMlstmLayer<double>::set_parameters(const Parameters<const double>&,
                                                           const InputProjection<double>&);
template void ContinuousMlstmLayer<float>::collect(const Parameters<float>&,
                                                   const InputProjection<float>&);
template void ContinuousMlstmLayer<double>::collect(const Parameters<double>&,
                                                    const InputProjection<double>&);

}  // namespace psi_xlstm::kernels
