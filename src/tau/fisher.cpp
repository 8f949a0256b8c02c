#include "tau/fisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A smaller singular value of columns scaled to 1 may be the rounding of a long record.
constexpr double kSingular = 1e-13;
constexpr Eigen::Index kBlock = 512;  // Rows that are reduced to R at once.

void check(const RelaxationDevice& device, const SampledDrive& samples) {
  const std::size_t count = samples.time.size();
  if (device.gains.size() != device.taus.size()) {
    throw ShapeError(
        fmt::format("Fisher information: expected as many gains as taus, found {} "
                    "and {}",
                    device.gains.size(), device.taus.size()));
  }
  if (count == 0 || samples.voltage.size() != count ||
      (!samples.weights.empty() && samples.weights.size() != count)) {
    throw ShapeError(fmt::format(
        "Fisher information: expected as many voltages, and weights where there are any, as times, "
        "found {} times, {} voltages and {} weights",
        count, samples.voltage.size(), samples.weights.size()));
  }
  for (double tau : device.taus) {
    if (!(tau > 0)) {
      throw DataError(fmt::format("Fisher information: expected taus > 0, found {}", tau));
    }
  }
  for (std::size_t n = 1; n < count; ++n) {
    if (!(samples.time[n] > samples.time[n - 1])) {
      throw DataError(
          fmt::format("Fisher information: expected times that increase, found {} s after {} s",
                      samples.time[n], samples.time[n - 1]));
    }
  }
}

// z <- decay z + before d_n + after d_{n+1}, exact for a linear d, and its derivative by ln tau.
struct Update {
  double decay, before, after;
  double decay_slope, before_slope, after_slope;
};

Update update_of(double tau, double h) {
  const double x = h / tau;
  const double decay = std::exp(-x);
  const double mean = -std::expm1(-x) / x;  // of exp(-s) over [0, x]
  // mean - exp(-x) cancels for small x: x/2 - x^2/3 + x^3/8.
  const double before = x < 1e-3 ? x * (0.5 - x * (1.0 / 3 - x / 8)) : mean - decay;
  return {.decay = decay,
          .before = before,
          .after = 1 - mean,
          .decay_slope = x * decay,
          .before_slope = before - x * decay,
          .after_slope = -before};
}

// One process: z, its derivative by ln tau, and what is left of an initial state.
struct SimulatedProcess {
  double tau;
  double z = 0, slope = 0, start = 1;
  Update update{};

  void advance(double d_before, double d_after) {
    slope = update.decay * slope + update.decay_slope * z + update.before_slope * d_before +
            update.after_slope * d_after;
    z = update.decay * z + update.before * d_before + update.after * d_after;
    start *= update.decay;
  }
};

// Walks through the samples; `visit(n, processes)` sees every one of them.
template <class Visit>
void walk(const RelaxationDevice& device,
          const SampledDrive& samples,
          const DriveFunction& drive,
          Visit visit) {
  std::vector<SimulatedProcess> processes;
  for (double tau : device.taus) processes.push_back({.tau = tau});
  double step = 0, d_before = drive(samples.voltage[0]);
  visit(std::size_t{0}, processes);
  for (std::size_t n = 1; n < samples.time.size(); ++n) {
    const double h = samples.time[n] - samples.time[n - 1];
    // Steps that differ by rounding only share their factors.
    if (!(std::abs(h - step) <= 1e-9 * h)) {
      for (SimulatedProcess& process : processes) process.update = update_of(process.tau, h);
      step = h;
    }
    const double d_after = drive(samples.voltage[n]);
    for (SimulatedProcess& process : processes) process.advance(d_before, d_after);
    d_before = d_after;
    visit(n, processes);
  }
}

// Rows of the Jacobian, reduced to an upper triangular R as they come.
class Reduction {
 public:
  explicit Reduction(Eigen::Index parameters)
      : rows_(Eigen::MatrixXd::Zero(parameters + kBlock, parameters)), filled_(parameters) {}

  Eigen::MatrixXd::RowXpr next_row() {
    if (filled_ == rows_.rows()) reduce();
    return rows_.row(filled_++);
  }

  Eigen::MatrixXd root() {
    reduce();
    return rows_.topRows(rows_.cols());
  }

 private:
  void reduce() {
    const Eigen::Index parameters = rows_.cols();
    const Eigen::HouseholderQR<Eigen::MatrixXd> qr(rows_.topRows(filled_));
    const Eigen::MatrixXd R = qr.matrixQR().topRows(parameters).triangularView<Eigen::Upper>();
    rows_.topRows(parameters) = R;
    filled_ = parameters;
  }

  Eigen::MatrixXd rows_;
  Eigen::Index filled_;
};

double weight(const SampledDrive& samples, std::size_t n) {
  return samples.weights.empty() ? 1 : samples.weights[n];
}

// What z_k is multiplied by, besides its gain: V or 1.
double lever(const RelaxationDevice& device, double V) {
  return device.form == Form::kConductance ? V : 1;
}

// The columns of ln tau without what the others explain, [P, K]: conductances and starts that
// cannot be told from each other (at a constant voltage) may still leave the time constants.
Eigen::MatrixXd without_linear(const Eigen::MatrixXd& scaled, Eigen::Index K) {
  const Eigen::Index starts = scaled.cols() - 1 - 2 * K;
  Eigen::MatrixXd linear(scaled.rows(), 1 + K + starts);
  linear << scaled.leftCols(1 + K), scaled.rightCols(starts);
  Eigen::JacobiSVD<Eigen::MatrixXd> svd(linear, Eigen::ComputeThinU);
  svd.setThreshold(kSingular);
  const Eigen::MatrixXd basis = svd.matrixU().leftCols(svd.rank());
  const Eigen::MatrixXd slopes = scaled.middleCols(1 + K, K);
  return slopes - basis * (basis.transpose() * slopes);
}

void set_taus(const Eigen::MatrixXd& covariance, Bound& bound) {
  const Eigen::VectorXd sd = covariance.diagonal().cwiseSqrt();
  for (Eigen::Index k = 0; k < sd.size(); ++k) {
    bound.sd_ln_tau[static_cast<std::size_t>(k)] = sd[k];
    for (Eigen::Index j = 0; j < sd.size(); ++j) {
      bound.correlation(k, j) = covariance(k, j) / (sd[k] * sd[j]);
    }
  }
}

// The bound on ln tau from `slopes`, the columns of ln tau alone, each of them `units` times the
// true one over the noise.
void set_taus_from(const Eigen::MatrixXd& slopes, const Eigen::VectorXd& units, Bound& bound) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(slopes, Eigen::ComputeThinV);
  const Eigen::VectorXd& singular = svd.singularValues();
  if (singular.size() == 0 || !(singular[singular.size() - 1] > kSingular)) return;
  const Eigen::MatrixXd half =
      units.asDiagonal() * svd.matrixV() * singular.cwiseInverse().asDiagonal();
  set_taus(half * half.transpose(), bound);
}

}  // namespace

double square_drive(double V) { return V * V; }

double Bound::worst() const {
  return sd_ln_tau.empty() ? 0 : *std::max_element(sd_ln_tau.begin(), sd_ln_tau.end());
}

Eigen::MatrixXd information_root(const RelaxationDevice& device,
                                 const SampledDrive& samples,
                                 const BoundOptions& options) {
  check(device, samples);
  const auto K = static_cast<Eigen::Index>(device.taus.size());
  Reduction reduction(1 + (options.known_start ? 2 : 3) * K);
  walk(device, samples, options.drive,
       [&](std::size_t n, const std::vector<SimulatedProcess>& processes) {
         const double root = std::sqrt(weight(samples, n));
         const double z_factor = root * lever(device, samples.voltage[n]);
         auto row = reduction.next_row();
         row[0] = root * samples.voltage[n];
         for (Eigen::Index k = 0; k < K; ++k) {
           const SimulatedProcess& process = processes[static_cast<std::size_t>(k)];
           const double gain = device.gains[static_cast<std::size_t>(k)];
           row[1 + k] = z_factor * process.z;
           row[1 + K + k] = z_factor * gain * process.slope;
           if (!options.known_start) row[1 + 2 * K + k] = z_factor * gain * process.start;
         }
       });
  return reduction.root();
}

Bound cramer_rao_bound(const RelaxationDevice& device,
                       const SampledDrive& samples,
                       const BoundOptions& options) {
  if (!(options.noise > 0)) {
    throw ConfigError(
        fmt::format("Cramer-Rao bound: expected a noise > 0 A, found {}", options.noise));
  }
  const Eigen::MatrixXd root = information_root(device, samples, options);
  const auto K = static_cast<Eigen::Index>(device.taus.size());
  const Eigen::VectorXd scale = root.colwise().norm();
  Bound bound{.sd_ln_tau = std::vector<double>(device.taus.size(), kInfinity),
              .sd_gain = std::vector<double>(device.taus.size(), kInfinity),
              .correlation = Eigen::MatrixXd::Identity(K, K),
              .condition = kInfinity};
  if (!(scale.minCoeff() > 0)) return bound;
  const Eigen::MatrixXd scaled = root * scale.cwiseInverse().asDiagonal();
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(scaled, Eigen::ComputeThinV);
  const Eigen::VectorXd& singular = svd.singularValues();
  const double ratio = singular[singular.size() - 1] / singular[0];
  if (!(ratio > kSingular)) {
    const Eigen::MatrixXd slopes = without_linear(scaled, K);
    set_taus_from(slopes, options.noise * scale.segment(1 + K, K).cwiseInverse(), bound);
    return bound;
  }
  bound.condition = 1 / (ratio * ratio);
  // Covariance = D^-1 V S^-2 V^T D^-1 with the scales D of the columns.
  const Eigen::MatrixXd half = options.noise * scale.cwiseInverse().asDiagonal() * svd.matrixV() *
                               singular.cwiseInverse().asDiagonal();
  const Eigen::MatrixXd covariance = half * half.transpose();
  set_taus(covariance.block(1 + K, 1 + K, K, K), bound);
  for (Eigen::Index k = 0; k < K; ++k) {
    const auto i = static_cast<std::size_t>(k);
    bound.sd_gain[i] = std::sqrt(covariance(1 + k, 1 + k)) / std::abs(device.gains[i]);
  }
  return bound;
}

std::vector<double> relaxation_current(const RelaxationDevice& device,
                                       const SampledDrive& samples,
                                       const DriveFunction& drive) {
  check(device, samples);
  std::vector<double> current(samples.time.size());
  walk(device, samples, drive, [&](std::size_t n, const std::vector<SimulatedProcess>& processes) {
    const double V = samples.voltage[n];
    current[n] = device.g0 * V;
    for (std::size_t k = 0; k < processes.size(); ++k) {
      current[n] += lever(device, V) * device.gains[k] * processes[k].z;
    }
  });
  return current;
}

double noise_of(const RelaxationDevice& device,
                const SampledDrive& samples,
                const DriveFunction& drive,
                double fraction) {
  const std::vector<double> current = relaxation_current(device, samples, drive);
  double total = 0, sum = 0, squares = 0;
  for (std::size_t n = 0; n < current.size(); ++n) {
    total += weight(samples, n);
    sum += weight(samples, n) * current[n];
  }
  const double mean = sum / total;
  for (std::size_t n = 0; n < current.size(); ++n) {
    squares += weight(samples, n) * (current[n] - mean) * (current[n] - mean);
  }
  return fraction * std::sqrt(squares / total);
}

}  // namespace psi_xlstm::tau
