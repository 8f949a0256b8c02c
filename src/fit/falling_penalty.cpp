#include "fit/falling_penalty.hpp"

#include <cmath>
#include <cstddef>

namespace psi_xlstm::fit {
namespace {

constexpr int kPoints = 60;      // on each side of 0 V
constexpr double kBeyond = 1.5;  // times the training voltage
constexpr double kLeastSlope = 0.05;

const ir::ParameterBlock* find_block(const ir::Network& network, const char* name) {
  for (const ir::ParameterBlock& b : network.blocks) {
    if (b.name == name) return &b;
  }
  return nullptr;
}

}  // namespace

FallingPenalty::FallingPenalty(const ir::Network& network,
                               double lowest,
                               double highest,
                               double weight) {
  const ir::ParameterBlock* const gains = find_block(network, "static.gain");
  if (gains == nullptr || network.conductance().head != ir::Head::kExp) return;
  count_ = gains->columns;
  gains_ = gains->offset;
  weights_ = find_block(network, "static.weight")->offset;
  biases_ = find_block(network, "static.bias")->offset;
  weight_ = weight / (2 * kPoints);
  for (int i = -kPoints; i <= kPoints; ++i) {
    const double part = static_cast<double>(i) / kPoints;
    const double end = i < 0 ? lowest : highest;
    if (i != 0) grid_.push_back(kBeyond * end * part * part / network.voltage_scale);
  }
}

void FallingPenalty::add(std::span<const double> x, NormalEquations& normal) const {
  if (weight_ == 0) return;
  for (const double u : grid_) add_point(u, x, normal);
}

void FallingPenalty::add_point(double u, std::span<const double> x, NormalEquations& normal) const {
  const auto at = [&](int offset, int l) { return x[static_cast<std::size_t>(offset + l)]; };
  double slope = 1;
  for (int l = 0; l < count_; ++l) {
    const double t = std::tanh(at(weights_, l) * u + at(biases_, l));
    slope += u * at(gains_, l) * at(weights_, l) * (1 - t * t);
  }
  const double missing = kLeastSlope - slope;
  if (!(missing > 0)) return;
  normal.cost += weight_ * missing * missing;
  if (normal.gradient.size() == 0) return;
  std::vector<int> where;
  std::vector<double> change;  // of `missing`
  for (int l = 0; l < count_; ++l) {
    const double w = at(weights_, l), g = at(gains_, l);
    const double t = std::tanh(w * u + at(biases_, l)), s = 1 - t * t;
    where.insert(where.end(), {gains_ + l, weights_ + l, biases_ + l});
    change.insert(change.end(),
                  {-u * w * s, -u * g * s * (1 - 2 * w * u * t), 2 * u * g * w * t * s});
  }
  for (std::size_t i = 0; i < where.size(); ++i) {
    normal.gradient[where[i]] += weight_ * change[i] * missing;
    for (std::size_t j = 0; j < where.size(); ++j) {
      normal.hessian(where[i], where[j]) += weight_ * change[i] * change[j];
    }
  }
}

}  // namespace psi_xlstm::fit
