#include "compression/memory_rank.hpp"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::compression {

MemorySpectrum memory_spectrum(const std::vector<std::vector<Eigen::MatrixXd>>& snapshots) {
  MemorySpectrum out;
  Eigen::VectorXd energy;
  double total = 0;
  for (const auto& head : snapshots) {
    Eigen::VectorXd profile;
    double used = 0;
    for (const Eigen::MatrixXd& memory : head) {
      const Eigen::VectorXd sigma = Eigen::JacobiSVD<Eigen::MatrixXd>(memory).singularValues();
      if (energy.size() == 0) energy = Eigen::VectorXd::Zero(sigma.size());
      if (profile.size() == 0) profile = Eigen::VectorXd::Zero(sigma.size());
      energy += sigma.cwiseAbs2();
      total += sigma.squaredNorm();
      if (sigma(0) == 0) continue;
      profile += sigma / sigma(0);
      used += 1;
    }
    if (used == 0) {
      throw ShapeError("memory spectrum: expected a memory that is not zero, found none");
    }
    out.profile.push_back(profile / used);
  }
  if (out.profile.empty()) {
    throw ShapeError("memory spectrum: expected at least one head, found none");
  }
  double sum = 0;
  for (Eigen::Index k = 0; k < energy.size(); ++k) {
    sum += energy(k);
    out.energy.push_back(sum / total);
  }
  return out;
}

void start_low_rank(const kernels::NetworkShape& shape,
                    const MemorySpectrum& spectrum,
                    Rng& rng,
                    std::vector<double>& parameters) {
  constexpr double kLength = 1.4, kNoise = 0.1;
  const auto blocks = parameter_blocks(shape);
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const auto& layer = shape.layers[l];
    if (layer.rank == 0) continue;
    const int D = layer.hidden / layer.heads, r = layer.rank;
    for (const char* part : {".left", ".right"}) {
      double* values =
          parameters.data() + block(blocks, "layers." + std::to_string(l) + part).offset;
      for (int head = 0; head < layer.heads; ++head) {
        const auto& profile =
            spectrum.profile[static_cast<std::size_t>(head) % spectrum.profile.size()];
        for (int d = 0; d < D; ++d) {
          for (int k = 0; k < r; ++k) {
            const double on = d == k && k < profile.size() ? std::sqrt(profile(k)) : 0;
            values[(head * D + d) * r + k] = kLength * on + kNoise * rng.normal();
          }
        }
      }
    }
  }
}

}  // namespace psi_xlstm::compression
