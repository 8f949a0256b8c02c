#pragma once

/// @file
/// The shape of a recurrent network and the order of its trained numbers in one flat array. Every
/// form of the network (equations, kernels, files) uses this order.

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "core/json/named_enum.hpp"

namespace psi_xlstm::kernels {

/// Which xLSTM cells a network is made of (equations/cells.hpp).
enum class Convention {
  kXlstm,       ///< As published: drive i z, stabilised exponential input gate; gates see the
                ///< previous output.
  kContinuous,  ///< An ODE: drive (1 - f) i z, bounded input gate, gates at both ends of a step.
};

/// Their names in files.
constexpr auto enum_names(Convention) {
  return std::array{EnumName{Convention::kXlstm, "published"},
                    EnumName{Convention::kContinuous, "relaxation"}};
}

enum class LayerKind { kSlstm, kMlstm };

constexpr auto enum_names(LayerKind) {
  return std::array{EnumName{LayerKind::kSlstm, "slstm"}, EnumName{LayerKind::kMlstm, "mlstm"}};
}

/// One recurrent layer of H units.
struct LayerShape {
  LayerKind kind = LayerKind::kSlstm;
  int hidden = 64;   ///< H.
  int heads = 1;     ///< Of an mLSTM: H / heads is the head dimension D. An sLSTM is dense.
  int rank = 0;      ///< Of an mLSTM: r of the low-rank memory, r x r instead of D x D; 0: full.
  int clusters = 0;  ///< Of an sLSTM: K centres of forget-gate rows, [K, input]; 0: none.

  bool operator==(const LayerShape&) const = default;
};

/// Linear(inputs, width), the layers, Linear(hidden of the last layer, 1).
struct NetworkShape {
  int inputs = 2;
  int width = 64;
  std::vector<LayerShape> layers;
  Convention convention = Convention::kXlstm;

  bool operator==(const NetworkShape&) const = default;
};

/// A named part of the flat array: row-major, `rows` x `columns`.
struct ParameterBlock {
  std::string name;
  int rows = 0;
  int columns = 1;
  std::size_t offset = 0;  ///< Of the first number.

  std::size_t size() const { return static_cast<std::size_t>(rows) * columns; }
};

/// The blocks of `shape` in order, without gaps. With I the width below a layer:
///
///     input.weight [W, inputs], input.bias [W]
///     of an sLSTM l:  layers.l.weight [4 H, I], .bias [4 H], .recurrent [4 H, H], gates in the
///                     order i, f, z, o; .centres [K, I] where it has clusters
///     of an mLSTM l:  layers.l.query.weight [H, I], .query.bias [H], .key.*, .value.* the same,
///                     .input_gate.weight [heads, I], .input_gate.bias [heads], .forget_gate.* the
///                     same; of a low-rank one .left [heads * D, r] (U) and .right [heads * D, r]
///                     (V); .norm.weight [H], .norm.bias [H]
///     output.weight [1, H], output.bias [1]
///
/// Rows of query, key, value, left and right are head-major. Throws ShapeError for a shape that
/// makes no sense.
std::vector<ParameterBlock> parameter_blocks(const NetworkShape& shape);

/// Number of trained numbers of `shape`. Throws as parameter_blocks does.
std::size_t parameter_count(const NetworkShape& shape);

/// The block called `name`. Throws ShapeError where there is none.
const ParameterBlock& block(const std::vector<ParameterBlock>& blocks, const std::string& name);

/// The networks of the study (S. L. Jurj, IEEE Access 14 (2026) 52272-52289): 46,409 numbers.
NetworkShape teacher_shape(Convention convention);

/// Two sLSTM layers of 32 whose forget gates form K clusters: 16,961 numbers for K = 3.
NetworkShape clustering_student_shape(Convention convention, int clusters = 3);

/// Two mLSTM layers of 32 with memories of rank r: 7,377 numbers for r = 2, 7,633 for r = 4.
NetworkShape low_rank_student_shape(Convention convention, int rank = 2);

}  // namespace psi_xlstm::kernels
