#include "fit/sensitivity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/index.hpp"
#include "core/interruption.hpp"
#include "fit/vector_kernels.hpp"
#include "ir/dynamics.hpp"
#include "ir/evaluator.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

constexpr unsigned kLookEvery = 4096;  // blocks: some milliseconds

// Rows of derivatives: columns 0..Q-1 by parameters, Q by ln g0, Q+1 free (the residual), padded.
class Rows {
 public:
  Rows(int count, int width) : width_(width), data_(at(count * width), 0.0) {}
  double* row(int i) { return &data_[at(i * width_)]; }
  const double* row(int i) const { return &data_[at(i * width_)]; }

 private:
  int width_;
  std::vector<double> data_;
};

// Rates and targets at one end of a step, with their total derivatives.
struct Gates {
  Gates(int rates, int states, int width)
      : rate(at(rates)), target(at(states)), by_rate(rates, width), by_target(states, width) {}

  std::vector<double> rate, target;
  Rows by_rate, by_target;
};

class Runner {
 public:
  Runner(const ir::Network& network, bool derivatives)
      : network_(network),
        role_(network.conductance()),
        derivatives_(derivatives),
        predictor_needed_(ir::gates_see_states(network)),
        states_(network.state_count()),
        columns_(network.parameter_count() + 2),
        width_((columns_ + 7) / 8 * 8),
        evaluator_(network),
        left_(network.rate_count(), states_, width_),
        right_(network.rate_count(), states_, width_),
        c_(at(states_)),
        next_(at(states_)),
        middle_(at(states_)),
        by_c_(states_, width_),
        by_next_(states_, width_),
        by_middle_(states_, width_),
        rest_(at(states_), 0.0),
        by_rest_(states_, width_),
        by_states_(at(states_)),
        buffer_(at(kBuffered * width_), 0.0),
        matrix_(at(width_ * width_), 0.0) {
    if (states_ > 1 || network.start == ir::Start::kRest) find_rest();
  }

  // chi^2 of one segment; its normal equations stay in matrix() until the next call.
  double run(const Segment& segment, double correction) {
    std::fill(matrix_.begin(), matrix_.end(), 0.0);
    start(segment.log_conductance + correction);
    evaluate_gates(segment.voltage_left, c_, by_c_, left_);
    double cost = 0;
    for (const Block& block : segment.blocks) {
      if (++evaluated_ % kLookEvery == 0) check_interruption();
      if (states_ > 0) advance(block);
      if (block.svv > 0) cost += residual(block, segment.noise_sd);
      std::swap(c_, next_);
      std::swap(by_c_, by_next_);
    }
    flush();
    return cost;
  }

  // Squared drift of ln G at V = 0, times `factor`; the normal equations go to matrix().
  double drift(double log_conductance, double factor) {
    std::fill(matrix_.begin(), matrix_.end(), 0.0);
    start(log_conductance);
    evaluate_gates(0.0, c_, by_c_, left_);
    double* out = &buffer_[0];
    std::fill_n(out, width_, 0.0);
    double rate = 0;
    for (int s = 0; s < states_; ++s) {
      const int k = network_.rate_of_state[at(s)];
      const double gap = left_.target[at(s)] - c_[at(s)];
      const double readout = network_.parameters[at(role_.readout_weight + s)];
      const double l = left_.rate[at(k)];
      rate += readout * l * gap;
      if (!derivatives_) continue;
      const double factors[] = {1, readout * gap, readout * l, -readout * l};
      const double* rows[] = {out, left_.by_rate.row(k), left_.by_target.row(s), by_c_.row(s)};
      linear_combination(out, width_, factors, rows, 4);
      out[role_.readout_weight + s] += l * gap;
    }
    const double value = factor * rate;
    for (int i = 0; i < width_; ++i) out[i] *= factor;
    out[columns_ - 1] = value;
    if (derivatives_) add_outer_products(matrix_.data(), width_, out, 1);
    return value * value;
  }

  // Upper triangle of [J r]^T [J r], columns as in Rows.
  double matrix(int i, int j) const {
    return matrix_[at(std::min(i, j) * width_ + std::max(i, j))];
  }

 private:
  static constexpr int kBuffered = 32;

  std::size_t parameters() const { return at(columns_ - 2); }

  // The equilibrium at V = 0 and its derivatives: (1 - dz/dc) dc/dtheta = dz/dtheta.
  void find_rest() {
    rest_ = ir::rest_state(network_);
    if (!derivatives_) return;
    const double zero = 0;
    double by_port = 0;
    evaluator_.evaluate(ir::Part::kDynamics, {&zero, 1}, rest_);
    Eigen::MatrixXd matrix = Eigen::MatrixXd::Identity(states_, states_);
    Eigen::MatrixXd right(states_, columns_ - 2);
    std::vector<double> row(at(width_));
    for (int s = 0; s < states_; ++s) {
      evaluator_.gradient(network_.target_node, s, {&by_port, 1}, by_states_,
                          {row.data(), parameters()});
      for (int j = 0; j < states_; ++j) matrix(s, j) -= by_states_[at(j)];
      for (int q = 0; q < columns_ - 2; ++q) right(s, q) = row[at(q)];
    }
    const Eigen::MatrixXd solution = matrix.partialPivLu().solve(right);
    for (int s = 0; s < states_; ++s) {
      for (int q = 0; q < columns_ - 2; ++q) by_rest_.row(s)[q] = solution(s, q);
    }
  }

  // d(readout_for)/d(ln g0), see ir::readout_for.
  double readout_slope(double log_conductance) const {
    const double relative = std::exp(log_conductance) / role_.scale;
    if (role_.head == ir::Head::kExp) return 1;
    return role_.head == ir::Head::kAffine ? relative : relative / -std::expm1(-relative);
  }

  // ir::initial_state with its derivatives.
  void start(double log_conductance) {
    c_ = rest_;
    by_c_ = by_rest_;
    if (states_ == 0 || network_.start == ir::Start::kRest) return;
    const int weight = role_.readout_weight, bias = role_.readout_bias;
    const double* k = &network_.parameters[at(weight)];
    double norm = 0, y = network_.parameters[at(bias)];
    for (int s = 0; s < states_; ++s) {
      norm += k[s] * k[s];
      y += k[s] * rest_[at(s)];
    }
    const double wanted = ir::readout_for(network_, std::exp(log_conductance));
    const double shift = (wanted - y) / norm;
    for (int s = 0; s < states_; ++s) c_[at(s)] += k[s] * shift;
    if (!derivatives_) return;
    std::vector<double> by_shift(at(width_), 0.0);
    by_shift[at(columns_ - 2)] = readout_slope(log_conductance) / norm;
    by_shift[at(bias)] -= 1 / norm;
    for (int s = 0; s < states_; ++s) {
      by_shift[at(weight + s)] -= (rest_[at(s)] + 2 * k[s] * shift) / norm;
      for (int q = 0; q < columns_ - 2; ++q) by_shift[at(q)] -= k[s] * by_rest_.row(s)[q] / norm;
    }
    for (int s = 0; s < states_; ++s) {
      double* row = by_c_.row(s);
      for (int q = 0; q < columns_ - 1; ++q) row[q] += k[s] * by_shift[at(q)];
      row[weight + s] += shift;
    }
  }

  void evaluate_gates(double voltage, const std::vector<double>& c, const Rows& by_c, Gates& out) {
    if (states_ == 0) return;
    evaluator_.evaluate(ir::Part::kDynamics, {&voltage, 1}, c);
    for (std::size_t k = 0; k < out.rate.size(); ++k) {
      out.rate[k] = evaluator_.rate(static_cast<int>(k));
      if (derivatives_) {
        total(network_.rate_node, static_cast<int>(k), by_c, out.by_rate.row(static_cast<int>(k)));
      }
    }
    for (int s = 0; s < states_; ++s) {
      out.target[at(s)] = evaluator_.target(s);
      if (derivatives_) total(network_.target_node, s, by_c, out.by_target.row(s));
    }
  }

  // The total derivative of one number: direct part plus the part through the states.
  void total(int node, int element, const Rows& by_c, double* out) {
    double by_port = 0;
    evaluator_.gradient(node, element, {&by_port, 1}, by_states_, {out, parameters()});
    out[columns_ - 2] = out[columns_ - 1] = 0;
    if (node != role_.node && !predictor_needed_) return;
    for (int s = 0; s < states_; ++s) {
      const double factors[] = {1, by_states_[at(s)]};
      const double* rows[] = {out, by_c.row(s)};
      linear_combination(out, columns_, factors, rows, 2);
    }
  }

  // One exponential trapezoidal step from c to next, as in ir::simulate.
  void advance(const Block& block) {
    const double dt = block.duration;
    if (predictor_needed_) {
      for (int s = 0; s < states_; ++s) predict(s, dt);
    }
    evaluate_gates(block.voltage_right, next_, by_next_, right_);
    for (int s = 0; s < states_; ++s) correct(s, dt);
    if (predictor_needed_) evaluate_gates(block.voltage_right, next_, by_next_, right_);
    std::swap(left_, right_);
  }

  void predict(int s, double dt) {
    const int k = network_.rate_of_state[at(s)];
    const double l = left_.rate[at(k)], z = left_.target[at(s)], c = c_[at(s)];
    const double grow = -std::expm1(-dt * l);
    next_[at(s)] = c + grow * (z - c);
    if (!derivatives_) return;
    const double f = 1 - grow;
    const double factors[] = {f, grow, -dt * f * (c - z)};
    const double* rows[] = {by_c_.row(s), left_.by_target.row(s), left_.by_rate.row(k)};
    linear_combination(by_next_.row(s), width_, factors, rows, 3);
  }

  void correct(int s, double dt) {
    const int k = network_.rate_of_state[at(s)];
    const double l0 = left_.rate[at(k)], l1 = right_.rate[at(k)], sum = l0 + l1;
    const double z0 = left_.target[at(s)], z1 = right_.target[at(s)], c = c_[at(s)];
    const double w0 = sum > 0 ? l0 / sum : 1, w1 = 1 - w0;
    const double z = sum > 0 ? (l0 * z0 + l1 * z1) / sum : z0;
    const double grow = -std::expm1(-0.5 * dt * sum);
    next_[at(s)] = c + grow * (z - c);
    if (!derivatives_) return;
    const double f = 1 - grow;
    const double by_sum = -0.5 * dt * f * (c - z);
    const double tilt = sum > 0 ? grow * (z0 - z1) / sum : 0;
    const double factors[] = {f, grow * w0, grow * w1, by_sum + tilt * w1, by_sum - tilt * w0};
    const double* rows[] = {by_c_.row(s), left_.by_target.row(s), right_.by_target.row(s),
                            left_.by_rate.row(k), right_.by_rate.row(k)};
    linear_combination(by_next_.row(s), width_, factors, rows, 5);
  }

  double residual(const Block& block, double noise_sd) {
    const double w = block.position;
    for (int s = 0; s < states_; ++s) {
      middle_[at(s)] = (1 - w) * c_[at(s)] + w * next_[at(s)];
      if (!derivatives_) continue;
      const double factors[] = {1 - w, w};
      const double* rows[] = {by_c_.row(s), by_next_.row(s)};
      linear_combination(by_middle_.row(s), width_, factors, rows, 2);
    }
    evaluator_.evaluate(ir::Part::kOutput, {&block.voltage, 1}, middle_);
    const double scale = std::sqrt(block.svv) / noise_sd;
    const double value = scale * (evaluator_.value(role_.node) - block.svi / block.svv);
    if (derivatives_) {
      double* row = &buffer_[at(filled_ * width_)];
      total(role_.node, 0, by_middle_, row);
      for (int i = 0; i < columns_ - 1; ++i) row[i] *= scale;
      row[columns_ - 1] = value;
      if (++filled_ == kBuffered) flush();
    }
    return value * value;
  }

  void flush() {
    add_outer_products(matrix_.data(), width_, buffer_.data(), filled_);
    filled_ = 0;
  }

  const ir::Network& network_;
  const ir::ConductanceRole& role_;
  bool derivatives_;
  bool predictor_needed_;
  int states_, columns_, width_;
  ir::Evaluator evaluator_;
  Gates left_, right_;
  std::vector<double> c_, next_, middle_;
  Rows by_c_, by_next_, by_middle_;
  std::vector<double> rest_;
  Rows by_rest_;
  std::vector<double> by_states_;
  std::vector<double> buffer_;
  int filled_ = 0;
  std::vector<double> matrix_;
  unsigned evaluated_ = 0;  // Blocks.
};

// Adds the normal equations of one segment to those of all.
void scatter(const Runner& runner, int parameters, int correction, NormalEquations& out) {
  const int local = correction >= 0 ? parameters + 1 : parameters;
  const auto global = [&](int i) { return i < parameters ? i : parameters + correction; };
  for (int i = 0; i < local; ++i) {
    for (int j = i; j < local; ++j) {
      out.hessian(global(i), global(j)) += runner.matrix(i, j);
      if (i != j) out.hessian(global(j), global(i)) += runner.matrix(i, j);
    }
    out.gradient[global(i)] += runner.matrix(i, parameters + 1);
  }
}

ir::Network with_parameters(const ir::Network& network, std::span<const double> x) {
  ir::Network copy = network;
  std::copy_n(x.begin(), copy.parameters.size(), copy.parameters.begin());
  return copy;
}

bool all_finite(std::span<const double> x) {
  return std::all_of(x.begin(), x.end(), [](double value) { return std::isfinite(value); });
}

}  // namespace

SensitivityModel::SensitivityModel(const ir::Network& network,
                                   const std::vector<Segment>& segments,
                                   int corrections)
    : network_(network), segments_(segments), corrections_(corrections) {
  ir::validate(network);
  ir::require_one_conductance(network, "fit");
  if (network.state_count() > 0 && network.role->readout_weight < 0) {
    throw ShapeError(fmt::format("network {}: fit: expected a readout, found none", network.name));
  }
}

NormalEquations SensitivityModel::evaluate(std::span<const double> x, bool derivatives) const {
  const int parameters = parameter_count();
  NormalEquations out;
  if (derivatives) {
    out.hessian = Eigen::MatrixXd::Zero(parameters + corrections_, parameters + corrections_);
    out.gradient = Eigen::VectorXd::Zero(parameters + corrections_);
  }
  if (!all_finite(x)) {
    out.finite = false;
    return out;
  }
  const ir::Network local = with_parameters(network_, x);
  Runner runner(local, derivatives);
  for (const Segment& segment : segments_) {
    check_interruption();
    const int correction = segment.correction;
    out.cost += runner.run(segment, correction >= 0 ? x[at(parameters + correction)] : 0.0);
    if (!std::isfinite(out.cost)) break;
    if (derivatives) scatter(runner, parameters, correction, out);
  }
  out.finite = std::isfinite(out.cost) && (!derivatives || out.hessian.allFinite());
  return out;
}

void SensitivityModel::add_zero_bias(std::span<const double> x,
                                     const ZeroBiasPenalty& penalty,
                                     NormalEquations& normal) const {
  if (penalty.weight == 0 || network_.state_count() == 0 || !normal.finite) return;
  const ir::Network local = with_parameters(network_, x);
  const bool derivatives = normal.gradient.size() > 0;
  Runner runner(local, derivatives);
  const double factor = std::sqrt(penalty.weight) * penalty.duration;
  for (double log_conductance : penalty.log_conductances) {
    normal.cost += runner.drift(log_conductance, factor);
    if (derivatives) scatter(runner, parameter_count(), -1, normal);
  }
  normal.finite = std::isfinite(normal.cost);
}

int SensitivityModel::sample_count() const {
  int count = 0;
  for (const Segment& segment : segments_) count += segment.samples;
  return count;
}

double SensitivityModel::misfit_inside() const {
  double sum = 0;
  for (const Segment& segment : segments_) sum += segment.misfit_inside;
  return sum;
}

}  // namespace psi_xlstm::fit
