#include "training/soap.hpp"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <tuple>

#include "kernels/simd/adamw.hpp"

namespace psi_xlstm::training {
namespace {

using torch::Tensor;

constexpr int kBasisInterval = 10;         // steps between new bases
constexpr double kCovarianceDecay = 0.95;  // per step

// Views of what SOAP remembers of one matrix [m, n].
struct Basis {
  Tensor left_covariance, right_covariance;  // [m, m], [n, n]
  Tensor left, right;                        // orthogonal, of the same sizes
};

std::size_t numbers_of(const ParameterMatrix& matrix) {
  const auto m = static_cast<std::size_t>(matrix.rows);
  const auto n = static_cast<std::size_t>(matrix.columns);
  return 2 * (m * m + n * n);
}

Basis basis_at(const ParameterMatrix& matrix, float* values) {
  const auto square = [&](std::int64_t size) {
    const Tensor out = torch::from_blob(values, {size, size});
    values += size * size;
    return out;
  };
  const Tensor left_covariance = square(matrix.rows), right_covariance = square(matrix.columns);
  const Tensor left = square(matrix.rows), right = square(matrix.columns);
  return {left_covariance, right_covariance, left, right};
}

Tensor gather(const ParameterMatrix& matrix, const float* flat) {
  const Tensor out = torch::empty({matrix.rows, matrix.columns});
  float* to = out.data_ptr<float>();
  for (const std::int64_t i : matrix.index) *to++ = flat[i];
  return out;
}

void scatter(const ParameterMatrix& matrix, const Tensor& values, float* flat) {
  const Tensor dense = values.contiguous();
  const float* from = dense.data_ptr<float>();
  for (const std::int64_t i : matrix.index) flat[i] = *from++;
}

Tensor into(const Basis& basis, const Tensor& x) { return basis.left.t().mm(x).mm(basis.right); }
Tensor out_of(const Basis& basis, const Tensor& x) { return basis.left.mm(x).mm(basis.right.t()); }

// One step of the power iteration; the directions stay in the order of their eigenvalues.
Tensor turned(const Tensor& covariance, const Tensor& basis, Tensor& order) {
  order = (basis * covariance.mm(basis)).sum(0).argsort(0, /*descending=*/true);
  return std::get<0>(torch::linalg_qr(covariance.mm(basis.index_select(1, order))));
}

Tensor eigenbasis(const Tensor& covariance) {
  return std::get<1>(torch::linalg_eigh(covariance, "L")).flip({1});
}

// The moments keep what they know: the first one turns along, the second one is reordered.
void turn(const ParameterMatrix& matrix, Basis& basis, TrainingState& state) {
  const Tensor first = out_of(basis, gather(matrix, state.first_moment.data()));
  const Tensor second = gather(matrix, state.second_moment.data());
  Tensor left_order, right_order;
  basis.left.copy_(turned(basis.left_covariance, basis.left, left_order));
  basis.right.copy_(turned(basis.right_covariance, basis.right, right_order));
  scatter(matrix, into(basis, first), state.first_moment.data());
  scatter(matrix, second.index_select(0, left_order).index_select(1, right_order),
          state.second_moment.data());
}

// Takes in a gradient. The first one makes the basis.
void learn(Basis& basis, const Tensor& gradient, bool first) {
  const double keep = first ? 0 : kCovarianceDecay;
  basis.left_covariance.mul_(keep).add_(gradient.mm(gradient.t()), 1 - keep);
  basis.right_covariance.mul_(keep).add_(gradient.t().mm(gradient), 1 - keep);
  if (!first) return;
  basis.left.copy_(eigenbasis(basis.left_covariance));
  basis.right.copy_(eigenbasis(basis.right_covariance));
}

// The flat indices of a matrix that is made of parts with the same rows.
class Columns {
 public:
  explicit Columns(int rows) : rows_(static_cast<std::size_t>(rows)) {}
  // Rows [first_row, first_row + rows) of a block.
  void add(const kernels::ParameterBlock& block, int first_row = 0) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      for (int j = 0; j < block.columns; ++j) {
        const auto row = static_cast<std::int64_t>(first_row) + static_cast<std::int64_t>(i);
        rows_[i].push_back(static_cast<std::int64_t>(block.offset) + row * block.columns + j);
      }
    }
  }
  ParameterMatrix matrix() const {
    ParameterMatrix out{static_cast<int>(rows_.size()), static_cast<int>(rows_[0].size()), {}};
    for (const auto& row : rows_) out.index.insert(out.index.end(), row.begin(), row.end());
    return out;
  }

 private:
  std::vector<std::vector<std::int64_t>> rows_;
};

}  // namespace

std::vector<ParameterMatrix> parameter_matrices(const kernels::NetworkShape& shape) {
  const auto blocks = parameter_blocks(shape);
  std::vector<ParameterMatrix> out;
  const auto add_linear = [&](const std::string& name) {
    const auto& weight = block(blocks, name + ".weight");
    Columns columns(weight.rows);
    columns.add(weight);
    columns.add(block(blocks, name + ".bias"));
    out.push_back(columns.matrix());
  };
  add_linear("input");
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const kernels::LayerShape& layer = shape.layers[l];
    const std::string name = fmt::format("layers.{}", l);
    if (layer.kind == kernels::LayerKind::kSlstm) {
      for (int gate = 0; gate < 4; ++gate) {
        Columns columns(layer.hidden);
        for (const char* part : {".weight", ".bias", ".recurrent"}) {
          columns.add(block(blocks, name + part), gate * layer.hidden);
        }
        out.push_back(columns.matrix());
      }
      continue;
    }
    for (const char* part : {".query", ".key", ".value", ".input_gate", ".forget_gate"}) {
      add_linear(name + part);
    }
    if (layer.rank == 0) continue;
    for (const char* part : {".left", ".right"}) {
      Columns columns(layer.hidden);
      columns.add(block(blocks, name + part));
      out.push_back(columns.matrix());
    }
  }
  add_linear("output");
  return out;
}

Soap::Soap(std::vector<ParameterMatrix> matrices) : matrices_(std::move(matrices)) {}

std::size_t Soap::remembered() const {
  std::size_t sum = 0;
  for (const ParameterMatrix& matrix : matrices_) sum += numbers_of(matrix);
  return sum;
}

// Adam in the bases: turns the gradient into them and the step out of them.
void Soap::move(TrainingState& state,
                std::span<const float> gradient,
                double scale,
                double rate,
                double weight_decay) const {
  std::vector<float> turned(gradient.begin(), gradient.end()), step(turned.size(), 0);
  const auto each = [&](const auto& visit) {
    float* values = state.bases.data();
    for (const ParameterMatrix& matrix : matrices_) {
      visit(matrix, basis_at(matrix, values));
      values += numbers_of(matrix);
    }
  };
  each([&](const ParameterMatrix& matrix, const Basis& basis) {
    scatter(matrix, into(basis, gather(matrix, gradient.data())), turned.data());
  });
  kernels::adamw_step<float>(
      step, turned, {state.first_moment, state.second_moment},
      {.learning_rate = rate, .weight_decay = 0, .gradient_scale = scale, .step = state.step});
  each([&](const ParameterMatrix& matrix, const Basis& basis) {
    scatter(matrix, out_of(basis, gather(matrix, step.data())), step.data());
  });
  const auto keep = static_cast<float>(1 - rate * weight_decay);
  for (std::size_t i = 0; i < step.size(); ++i) {
    state.parameters[i] = keep * state.parameters[i] + step[i];
  }
}

double Soap::step(TrainingState& state,
                  std::span<const float> gradient,
                  double rate,
                  double clip,
                  double weight_decay) const {
  const torch::NoGradGuard constant;
  const double norm = kernels::gradient_norm<float>(gradient);
  if (!std::isfinite(norm)) return norm;
  const bool first = state.bases.empty();
  if (first) state.bases.assign(remembered(), 0);
  ++state.step;
  const double scale = kernels::clip_factor(norm, clip);
  if (!first || matrices_.empty()) move(state, gradient, scale, rate, weight_decay);
  float* values = state.bases.data();
  for (const ParameterMatrix& matrix : matrices_) {
    Basis basis = basis_at(matrix, values);
    values += numbers_of(matrix);
    learn(basis, scale * gather(matrix, gradient.data()), first);
    if (!first && state.step % kBasisInterval == 0) turn(matrix, basis, state);
  }
  update_average(state);
  return norm;
}

}  // namespace psi_xlstm::training
