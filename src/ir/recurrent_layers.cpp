#include "ir/recurrent_layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/index.hpp"
#include "ir/bounds.hpp"

namespace psi_xlstm::ir {
namespace {

constexpr double kInputGateBound = 5;  // equations/relaxation.hpp
constexpr double kLayerNormEps = 1e-5;
constexpr int kRestIterations = 8;

std::vector<int> count_from(int first, int count) {
  std::vector<int> list(at(count));
  std::iota(list.begin(), list.end(), first);
  return list;
}

// The rows of `all` that differ, and which of them every row is.
struct DistinctRows {
  Eigen::MatrixXd rows;
  std::vector<int> row_of;
};

DistinctRows distinct_rows(const Eigen::MatrixXd& all) {
  DistinctRows out{.rows = Eigen::MatrixXd(0, all.cols()), .row_of = {}};
  for (Eigen::Index i = 0; i < all.rows(); ++i) {
    Eigen::Index k = 0;
    while (k < out.rows.rows() && out.rows.row(k) != all.row(i)) ++k;
    if (k == out.rows.rows()) {
      out.rows.conservativeResize(k + 1, Eigen::NoChange);
      out.rows.row(k) = all.row(i);
    }
    out.row_of.push_back(static_cast<int>(k));
  }
  return out;
}

}  // namespace

RecurrentBuilder::RecurrentBuilder(Network& network, const RecurrentNumbers& numbers)
    : network_(network),
      numbers_(numbers),
      blocks_(kernels::parameter_blocks(numbers.shape)),
      build_(network),
      ports_(build_.ports()),
      states_(build_.states()),
      start_(build_.start()) {
  const Matrix weight = block("input.weight");
  below_ = {.moving = ports_,
            .resting = build_.constant("rest.voltage", {0.0}),
            .map = weight.col(0),
            .start = weight.col(1),
            .offset = block("input.bias"),
            .limit = 3 * network.voltage_scale};
}

RecurrentBuilder::Matrix RecurrentBuilder::block(const std::string& name) const {
  const kernels::ParameterBlock& b = kernels::block(blocks_, name);
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(numbers_.parameters.data() + b.offset, b.rows, b.columns);
}

int RecurrentBuilder::states_from(int first, int count) {
  return build_.gather({states_}, count_from(first, count));
}

int RecurrentBuilder::weight_block(const std::string& name, const Matrix& weight) {
  const int offset =
      build_.parameters(name, static_cast<int>(weight.rows()), static_cast<int>(weight.cols()));
  for (Eigen::Index i = 0; i < weight.rows(); ++i) {
    for (Eigen::Index j = 0; j < weight.cols(); ++j) {
      network_.parameters[at(offset) + static_cast<std::size_t>(i * weight.cols() + j)] =
          weight(i, j);
    }
  }
  return offset;
}

// weight (start kStart + offset) + bias: a constant once the start is known.
int RecurrentBuilder::start_part(const std::string& name,
                                 const Matrix& weight,
                                 const Matrix& bias) {
  const Matrix offset = weight * below_.offset + bias;
  if (below_.start.size() == 0) {
    return build_.constant(name + ".bias", {offset.data(), offset.data() + offset.size()});
  }
  const int by_start = weight_block(name + ".start", weight * below_.start);
  const int b = weight_block(name + ".bias", offset);
  return build_.affine(static_cast<int>(weight.rows()), {start_}, by_start, b);
}

RecurrentBuilder::Gate RecurrentBuilder::gate(const std::string& name,
                                              const Matrix& weight,
                                              const Matrix& bias) {
  const int rows = static_cast<int>(weight.rows());
  const int constant = start_part(name, weight, bias);
  const int w = weight_block(name + ".weight", weight * below_.map);
  const auto sum = [&](int below) {
    return build_.binary(Op::kSum, build_.affine(rows, {below}, w, -1), constant);
  };
  return {sum(below_.moving), sum(below_.resting)};
}

int RecurrentBuilder::input_logarithm(int gate) {
  const int bent = build_.unary(Op::kTanh, build_.scale(gate, 1 / kInputGateBound));
  return build_.scale(bent, kInputGateBound);
}

int RecurrentBuilder::rates(int forget_gate) {
  const int lambda = build_.unary(Op::kSoftplus, build_.scale(forget_gate, -1));
  return build_.scale(lambda, 1 / network_.reference_step);
}

// The largest |weight x + bias| of any row while the signal below is within its limits.
double RecurrentBuilder::bound(const Matrix& weight, const Matrix& bias) const {
  Matrix start = Matrix::Zero(weight.rows(), 1);
  if (below_.start.size() > 0) start = kWidestStart * (weight * below_.start).cwiseAbs();
  const Matrix moving = below_.limit * (weight * below_.map).cwiseAbs().rowwise().sum();
  return (moving + start + (weight * below_.offset + bias).cwiseAbs()).maxCoeff();
}

void RecurrentBuilder::layer(int l) {
  const kernels::LayerShape& shape = numbers_.shape.layers[at(l)];
  shape.kind == kernels::LayerKind::kSlstm ? slstm(l, shape) : mlstm(l, shape);
}

// A layer is narrowest where it ends; behind the last one there is nothing to keep apart.
void RecurrentBuilder::hand_on(int l, int node) {
  const bool last = l + 1 == static_cast<int>(numbers_.shape.layers.size());
  if (!last) network_.unknowns.push_back(node);
}

void RecurrentBuilder::slstm(int l, const kernels::LayerShape& shape) {
  const std::string name = fmt::format("layers.{}", l);
  const int H = shape.hidden;
  const Matrix weight = block(name + ".weight"), recurrent = block(name + ".recurrent");
  const Matrix bias = block(name + ".bias");
  const int h = states_from(first_state_, H), s = states_from(first_state_ + H, H);
  const auto sum = [&](int constant, int w, int rows, int input, int state) {
    return build_.binary(Op::kSum, build_.affine(rows, {input, state}, w, -1), constant);
  };
  struct GatePart {
    int constant, weight, rows;
  };
  const auto part = [&](const char* gate_name, const Matrix& W, const Matrix& b, const Matrix& R) {
    const std::string full = name + gate_name;
    Matrix both(W.rows(), below_.map.cols() + H);
    both << W * below_.map, R;
    return GatePart{start_part(full, W, b), weight_block(full + ".weight", both),
                    static_cast<int>(W.rows())};
  };
  const auto rows_of = [&](const Matrix& all, int gate) { return all.middleRows(gate * H, H); };
  const auto whole = [&](const char* gate_name, int gate) {
    return part(gate_name, rows_of(weight, gate), rows_of(bias, gate), rows_of(recurrent, gate));
  };
  Matrix forget(H, weight.cols() + H + 1);
  forget << rows_of(weight, 1), rows_of(recurrent, 1), rows_of(bias, 1);
  const DistinctRows tied = distinct_rows(forget);
  const Eigen::Index I = weight.cols();
  const GatePart i = whole(".input_gate", 0), z = whole(".candidate", 2),
                 o = whole(".output_gate", 3);
  const GatePart f = part(".forget_gate", tied.rows.leftCols(I), tied.rows.rightCols(1),
                          tied.rows.middleCols(I, H));
  const auto moving = [&](const GatePart& p) {
    return sum(p.constant, p.weight, p.rows, below_.moving, h);
  };
  const auto resting = [&](const GatePart& p, int state) {
    return sum(p.constant, p.weight, p.rows, below_.resting, state);
  };

  rate_nodes_.push_back(rates(moving(f)));
  const int minus_s = build_.scale(s, -1);
  const int ratio =
      build_.unary(Op::kExp, build_.binary(Op::kSum, input_logarithm(moving(i)), minus_s));
  const int gap = build_.binary(Op::kSum, build_.unary(Op::kTanh, moving(z)), build_.scale(h, -1));
  const int minus_one = build_.constant(name + ".minus_one", std::vector<double>(at(H), -1.0));
  target_nodes_.push_back(build_.binary(Op::kSum, h, build_.binary(Op::kProduct, ratio, gap)));
  target_nodes_.push_back(build_.binary(Op::kSum, s, build_.binary(Op::kSum, ratio, minus_one)));

  int at_rest = build_.constant(name + ".rest", std::vector<double>(at(H), 0.0));
  for (int k = 0; k < kRestIterations; ++k) at_rest = build_.unary(Op::kTanh, resting(z, at_rest));
  start_nodes_.push_back(at_rest);
  start_nodes_.push_back(input_logarithm(resting(i, at_rest)));

  const auto output = [&](int gate, int state) {
    return build_.binary(Op::kProduct, build_.unary(Op::kSigmoid, gate), state);
  };
  below_ = {.moving = output(moving(o), h),
            .resting = output(resting(o, at_rest), at_rest),
            .map = Matrix::Identity(H, H),
            .start = Matrix(),
            .offset = Matrix::Zero(H, 1),
            .limit = 1};
  hand_on(l, below_.moving);
  for (int j = 0; j < 2 * H; ++j) {
    network_.rate_of_state[at(first_state_ + j)] = first_rate_ + tied.row_of[at(j % H)];
    network_.state_limit.push_back(j < H ? 1 : kInputGateBound);
  }
  first_state_ += 2 * H;
  first_rate_ += static_cast<int>(tied.rows.rows());
}

// h = C q / sqrt((n.q)^2 + 1), head by head.
int RecurrentBuilder::read_out(int C, int n, int q, int heads, int D) {
  std::vector<int> columns, head_of;
  for (int head = 0; head < heads; ++head) {
    for (int x = 0; x < D; ++x) {
      head_of.push_back(head);
      for (int y = 0; y < D; ++y) columns.push_back(head * D + y);
    }
  }
  const int numerator =
      build_.group_sum(build_.binary(Op::kProduct, C, build_.gather({q}, columns)), heads * D);
  const int along = build_.group_sum(build_.binary(Op::kProduct, n, q), heads);
  const int root = build_.unary(
      Op::kSqrt, build_.binary(Op::kSum, build_.binary(Op::kProduct, along, along), one_));
  return build_.binary(Op::kQuotient, numerator, build_.gather({root}, head_of));
}

void RecurrentBuilder::mlstm(int l, const kernels::LayerShape& shape) {
  const std::string name = fmt::format("layers.{}", l);
  const int heads = shape.heads, width = shape.hidden / heads;
  const int D = shape.rank > 0 ? shape.rank : width;
  const Matrix left = shape.rank > 0 ? block(name + ".left") : Matrix();
  const Matrix right = shape.rank > 0 ? block(name + ".right") : Matrix();
  // factor^T of every head on a projection [H, ...]
  const auto reduced = [&](const Matrix& full, const Matrix& factor) {
    if (shape.rank == 0) return full;
    Matrix out(heads * D, full.cols());
    for (int head = 0; head < heads; ++head) {
      out.middleRows(head * D, D) =
          factor.middleRows(head * width, width).transpose() * full.middleRows(head * width, width);
    }
    return out;
  };
  const auto projection = [&](const char* part, const Matrix& factor, double scale) {
    const std::string full = name + part;
    return gate(full, scale * reduced(block(full + ".weight"), factor),
                scale * reduced(block(full + ".bias"), factor));
  };
  const double key_scale = 1 / std::sqrt(static_cast<double>(width));
  const Gate q = projection(".query", right, 1), v = projection(".value", left, 1);
  const Gate k = projection(".key", right, key_scale);
  const double k_limit = bound(key_scale * reduced(block(name + ".key.weight"), right),
                               key_scale * reduced(block(name + ".key.bias"), right));
  const double v_limit = bound(reduced(block(name + ".value.weight"), left),
                               reduced(block(name + ".value.bias"), left));
  const auto gate_of = [&](const char* part) {
    const std::string full = name + part;
    return gate(full, block(full + ".weight"), block(full + ".bias"));
  };
  const Gate i = gate_of(".input_gate"), f = gate_of(".forget_gate");
  rate_nodes_.push_back(rates(f.moving));

  one_ = build_.constant(name + ".one", std::vector<double>(at(heads), 1.0));
  std::vector<int> head_of, rows, columns;
  for (int head = 0; head < heads; ++head) {
    for (int x = 0; x < D; ++x) {
      head_of.push_back(head);
      for (int y = 0; y < D; ++y) {
        rows.push_back(head * D + x);
        columns.push_back(head * D + y);
      }
    }
  }
  struct Memory {
    int C, n;
  };
  const auto drive = [&](int input_gate, int key, int value) {
    const int input = build_.unary(Op::kExp, input_logarithm(input_gate));
    const int n = build_.binary(Op::kProduct, build_.gather({input}, head_of), key);
    return Memory{
        build_.binary(Op::kProduct, build_.gather({value}, rows), build_.gather({n}, columns)), n};
  };
  const Memory target = drive(i.moving, k.moving, v.moving);
  const Memory rest = drive(i.resting, k.resting, v.resting);
  target_nodes_.insert(target_nodes_.end(), {target.C, target.n});
  start_nodes_.insert(start_nodes_.end(), {rest.C, rest.n});

  const int size = heads * D * D;
  const int C = states_from(first_state_, size), n = states_from(first_state_ + size, heads * D);
  Matrix back = Matrix::Identity(shape.hidden, shape.hidden);
  if (shape.rank > 0) {
    back = Matrix::Zero(shape.hidden, heads * D);
    for (int head = 0; head < heads; ++head) {
      back.block(head * width, head * D, width, D) = left.middleRows(head * width, width);
    }
  }
  const int w = weight_block(name + ".back", back);
  const auto normalised = [&](int h) {
    return build_.standard(build_.affine(shape.hidden, {h}, w, -1), kLayerNormEps);
  };
  const int h = read_out(C, n, q.moving, heads, D);
  const int resting = normalised(read_out(rest.C, rest.n, q.resting, heads, D));
  hand_on(l, h);
  below_ = {.moving = normalised(h),
            .resting = resting,
            .map = Matrix(block(name + ".norm.weight").asDiagonal()),
            .start = Matrix(),
            .offset = block(name + ".norm.bias"),
            .limit = std::sqrt(static_cast<double>(shape.hidden))};
  const double largest = std::exp(kInputGateBound) * k_limit;
  for (int j = 0; j < size + heads * D; ++j) {
    const int head = j < size ? j / (D * D) : (j - size) / D;
    network_.rate_of_state[at(first_state_ + j)] = first_rate_ + head;
    network_.state_limit.push_back(j < size ? largest * v_limit : largest);
  }
  first_state_ += size + heads * D;
  first_rate_ += heads;
}

void RecurrentBuilder::finish() {
  const Gate y = gate("output", block("output.weight"), block("output.bias"));
  network_.rate_node = build_.chain(rate_nodes_);
  network_.target_node = build_.chain(target_nodes_);
  network_.start.node = build_.chain(start_nodes_);
  const int from_rest = build_.binary(Op::kSum, start_, build_.scale(y.resting, -1));
  const int log_conductance = build_.binary(Op::kSum, y.moving, from_rest);
  network_.conductance().node =
      build_.scale(build_.unary(Op::kExp, log_conductance), network_.conductance().scale);
  network_.current_node = build_.binary(Op::kProduct, ports_, network_.conductance().node);
}

}  // namespace psi_xlstm::ir
