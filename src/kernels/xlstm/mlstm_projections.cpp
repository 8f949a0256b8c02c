#include <algorithm>
#include <cmath>

#include "kernels/xlstm/mlstm_layout.hpp"

namespace psi_xlstm::kernels {

MlstmLayout::MlstmLayout(const LayerShape& shape, int vector_lanes)
    : heads(shape.heads), dimension(shape.rank > 0 ? shape.rank : shape.hidden / shape.heads) {
  heads_per_group = std::clamp(vector_lanes / dimension, 1, heads);
  groups = (heads + heads_per_group - 1) / heads_per_group;
  lanes = rounded_up(dimension, vector_lanes);
  width = groups * lanes;
  gates = 3 * width;
  columns = gates + rounded_up(2 * heads, vector_lanes);
  for (int part = 0; part < 3; ++part) {
    for (int h = 0; h < heads; ++h) {
      for (int i = 0; i < dimension; ++i) column_of.push_back(part * width + column(h, i));
    }
  }
  for (int g = 0; g < 2 * heads; ++g) column_of.push_back(gates + g);
  for (int group = 0; group < groups; ++group) {
    const int count = std::min(heads_per_group, heads - group * heads_per_group);
    for (int l = 0; l < vector_lanes; ++l) {
      head_of.push_back(l / dimension < count ? l / dimension : 0);
    }
  }
  for (int r = 0; r < dimension; ++r) {
    for (int l = 0; l < vector_lanes; ++l) {
      const int head = l / dimension;
      entry_of.push_back(head < heads_per_group ? head * dimension + r : l);
    }
  }
}

template <class Real>
MlstmProjections<Real>::MlstmProjections(int inputs,
                                         const LayerShape& shape,
                                         const std::vector<ParameterBlock>& blocks,
                                         const std::string& name)
    : inputs_(inputs),
      shape_(shape),
      rows_(shape.rank > 0 ? shape.heads * shape.rank : shape.hidden) {
  const auto part = [&](const char* kind, const char* factor, double scale) {
    Part result{block(blocks, name + kind + ".weight"),
                block(blocks, name + kind + ".bias"),
                {},
                static_cast<Real>(scale)};
    if (shape.rank > 0 && *factor != '\0') result.factor = block(blocks, name + factor);
    return result;
  };
  const int head_size = shape.hidden / shape.heads;
  const double scale = 1 / std::sqrt(static_cast<double>(head_size));
  parts_ = {part(".query", ".right", 1), part(".key", ".right", scale), part(".value", ".left", 1)};
  gates_ = {part(".input_gate", "", 1), part(".forget_gate", "", 1)};
  const std::size_t outputs = static_cast<std::size_t>(3 * rows_ + 2 * shape.heads);
  weight_.resize(outputs * static_cast<std::size_t>(inputs));
  bias_.resize(outputs);
  d_weight_.resize(weight_.size());
  d_bias_.resize(bias_.size());
}

template <class Real>
void MlstmProjections<Real>::set_parameters(const Real* parameters) {
  Real* weight = weight_.data();
  Real* bias = bias_.data();
  const int rank = shape_.rank, dimension = shape_.hidden / shape_.heads;
  for (const Part& part : parts_) {
    const Real* w = parameters + part.weight.offset;
    const Real* b = parameters + part.bias.offset;
    for (int n = 0; n < rows_; ++n, weight += inputs_, ++bias) {
      if (rank == 0) {
        for (int k = 0; k < inputs_; ++k) weight[k] = part.scale * w[n * inputs_ + k];
        *bias = part.scale * b[n];
        continue;
      }
      std::fill_n(weight, inputs_, Real(0));
      *bias = 0;
      const int first = n / rank * dimension;
      for (int row = first; row < first + dimension; ++row) {
        const Real factor = part.scale * parameters[part.factor.offset + row * rank + n % rank];
        for (int k = 0; k < inputs_; ++k) weight[k] += factor * w[row * inputs_ + k];
        *bias += factor * b[row];
      }
    }
  }
  for (const Part& gate : gates_) {
    weight = std::copy_n(parameters + gate.weight.offset, gate.weight.size(), weight);
    bias = std::copy_n(parameters + gate.bias.offset, gate.bias.size(), bias);
  }
}

template <class Real>
void MlstmProjections<Real>::add_gradient(const Real* parameters, Real* gradient) const {
  const Real* d = d_weight_.data();
  const Real* d_b = d_bias_.data();
  const int rank = shape_.rank, dimension = shape_.hidden / shape_.heads;
  for (const Part& part : parts_) {
    const Real* w = parameters + part.weight.offset;
    const Real* b = parameters + part.bias.offset;
    Real* d_w = gradient + part.weight.offset;
    Real* to_bias = gradient + part.bias.offset;
    for (int n = 0; n < rows_; ++n, d += inputs_, ++d_b) {
      if (rank == 0) {
        for (int k = 0; k < inputs_; ++k) d_w[n * inputs_ + k] += part.scale * d[k];
        to_bias[n] += part.scale * *d_b;
        continue;
      }
      const int first = n / rank * dimension;
      for (int row = first; row < first + dimension; ++row) {
        const std::size_t at = part.factor.offset + row * rank + n % rank;
        const Real factor = part.scale * parameters[at];
        Real by_factor = *d_b * b[row];
        for (int k = 0; k < inputs_; ++k) {
          d_w[row * inputs_ + k] += factor * d[k];
          by_factor += d[k] * w[row * inputs_ + k];
        }
        to_bias[row] += factor * *d_b;
        gradient[at] += part.scale * by_factor;
      }
    }
  }
  for (const Part& gate : gates_) {
    std::copy_n(d, gate.weight.size(), gradient + gate.weight.offset);
    std::copy_n(d_b, gate.bias.size(), gradient + gate.bias.offset);
    d += gate.weight.size();
    d_b += gate.bias.size();
  }
}

template class MlstmProjections<float>;
template class MlstmProjections<double>;

}  // namespace psi_xlstm::kernels
