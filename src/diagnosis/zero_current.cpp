#include "diagnosis/zero_current.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

// One crossing of zero volts.
struct Crossing {
  double current = 0;      // I at V = 0 [A].
  double variance = 0;     // Of it [A^2].
  double slope = 0;        // dI/dt there [A/s].
  double conductance = 0;  // [S]
};

struct Stretch {
  std::size_t begin = 0, end = 0;
  std::size_t size() const { return end - begin; }
};

constexpr std::size_t kFewest = 4;  // three numbers are fitted
constexpr std::size_t kMost = 200;
constexpr std::size_t kFewestToTell = 4;  // two numbers, and two crossings that bear them out

// The samples around the crossing between k - 1 and k: while the voltage goes one way, near zero.
Stretch around(const std::vector<double>& v, std::size_t k, double largest) {
  constexpr double kNear = 0.3;  // of the largest voltage
  const bool up = v[k] > v[k - 1];
  const auto goes_on = [&](std::size_t i) { return up ? v[i] > v[i - 1] : v[i] < v[i - 1]; };
  Stretch s{k - 1, k + 1};
  const auto wanted = [&](std::size_t i) {
    return s.size() < kFewest || (std::abs(v[i]) <= kNear * largest && s.size() < kMost);
  };
  bool grew = true;
  while (grew) {
    grew = false;
    if (s.begin > 0 && goes_on(s.begin) && wanted(s.begin - 1)) --s.begin, grew = true;
    if (s.end < v.size() && goes_on(s.end) && wanted(s.end)) ++s.end, grew = true;
  }
  return s;
}

std::optional<Crossing> crossing_at(const Record& record,
                                    std::size_t k,
                                    double largest,
                                    double noise_sd) {
  const std::vector<double>& v = record.voltage[0];
  const Stretch s = around(v, k, largest);
  constexpr double kFar = 0.6;  // of the largest voltage: beyond it the fit is not that of zero
  const double farthest = std::max(std::abs(v[s.begin]), std::abs(v[s.end - 1]));
  if (s.size() < kFewest || farthest > kFar * largest) return std::nullopt;
  const double part = v[k - 1] / (v[k - 1] - v[k]);
  const double zero = record.time[k - 1] + part * (record.time[k] - record.time[k - 1]);
  const double length = record.time[s.end - 1] - record.time[s.begin];
  const auto rows = static_cast<Eigen::Index>(s.size());
  Eigen::MatrixXd a(rows, 3);
  Eigen::VectorXd i(rows);
  for (Eigen::Index r = 0; r < rows; ++r) {
    const std::size_t at = s.begin + static_cast<std::size_t>(r);
    const double u = v[at] / largest;
    a.row(r) << 1, u, u * (record.time[at] - zero) / length;
    i[r] = record.current[0][at];
  }
  const Eigen::MatrixXd normal = a.transpose() * a;
  const Eigen::LDLT<Eigen::MatrixXd> solver(normal);
  const Eigen::Vector3d x = solver.solve(a.transpose() * i);
  const Eigen::Vector3d first = solver.solve(Eigen::Vector3d::UnitX());
  const double rate = (v[s.end - 1] - v[s.begin]) / length;
  Crossing c{.current = x[0], .variance = first[0] * noise_sd * noise_sd};
  c.conductance = x[1] / largest;
  c.slope = c.conductance * rate;
  if (!(c.variance > 0) || !std::isfinite(c.current) || !std::isfinite(c.slope)) return {};
  return c;
}

void add_crossings(const Record& record, std::vector<Crossing>& all) {
  const std::vector<double>&v = record.voltage[0], &i = record.current[0];
  if (v.size() < 8) return;
  double largest = 0, full_scale = 0;
  for (double x : v) largest = std::max(largest, std::abs(x));
  for (double x : i) full_scale = std::max(full_scale, std::abs(x));
  constexpr double kLeast = 1e-6;  // a record without noise: rounding
  const double noise_sd = std::max(noise_sd_from_differences(i), kLeast * full_scale);
  for (std::size_t k = 1; k < v.size(); ++k) {
    if ((v[k - 1] < 0) == (v[k] < 0) || v[k] == v[k - 1]) continue;
    if (const auto c = crossing_at(record, k, largest, noise_sd)) all.push_back(*c);
  }
}

// Offset and delay by weighted least squares, or the offset alone; the standard deviations follow
// the scatter where that is larger than the noise.
void solve(const std::vector<Crossing>& all, bool with_delay, double unit, ZeroCurrent& out) {
  Eigen::Matrix2d normal = Eigen::Matrix2d::Zero();
  Eigen::Vector2d right = Eigen::Vector2d::Zero();
  for (const Crossing& c : all) {
    const Eigen::Vector2d row(1, with_delay ? -c.slope / unit : 0);
    normal += row * row.transpose() / c.variance;
    right += row * c.current / c.variance;
  }
  if (!with_delay) normal(1, 1) = 1;
  const Eigen::Matrix2d covariance = normal.inverse();
  const Eigen::Vector2d x = covariance * right;
  double chi2 = 0;
  for (const Crossing& c : all) {
    const double rest = c.current - x[0] + x[1] * c.slope / unit;
    chi2 += rest * rest / c.variance;
  }
  const double freedom = static_cast<double>(all.size()) - (with_delay ? 2 : 1);
  const double scatter = freedom > 0 ? std::max(1.0, chi2 / freedom) : 1;
  out.offset = x[0];
  out.offset_sd = std::sqrt(covariance(0, 0) * scatter);
  if (!with_delay) return;
  out.delay = x[1] / unit;
  out.delay_sd = std::sqrt(covariance(1, 1) * scatter) / unit;
}

// Whether the slopes have both signs: those of one leave the two numbers along one line.
bool both_directions(const std::vector<Crossing>& all) {
  constexpr double kIndependent = 0.1;
  double weights = 0, slopes = 0, squares = 0;
  for (const Crossing& c : all) {
    weights += 1 / c.variance;
    slopes += c.slope / c.variance;
    squares += c.slope * c.slope / c.variance;
  }
  return squares > 0 && 1 - slopes * slopes / (weights * squares) > kIndependent;
}

}  // namespace

ZeroCurrent zero_current(const std::vector<Record>& records) {
  std::vector<Crossing> all;
  for (const Record& record : records) add_crossings(record, all);
  ZeroCurrent out{.crossings = static_cast<int>(all.size())};
  if (all.empty()) return out;
  for (const Crossing& c : all) {
    out.slope += c.slope * c.slope / static_cast<double>(all.size());
    out.conductance += c.conductance / static_cast<double>(all.size());
  }
  out.slope = std::sqrt(out.slope);
  const double unit = out.slope > 0 ? out.slope : 1;  // of the slopes
  const bool both = both_directions(all);
  solve(all, both, unit, out);
  out.separable = both && all.size() >= kFewestToTell;
  if (out.separable || !both) return out;
  // The mean of both directions is free of the delay, but nothing bears it out but their scatter.
  ZeroCurrent alone;
  solve(all, false, unit, alone);
  out.offset_sd = std::max(out.offset_sd, alone.offset_sd);
  out.delay = out.delay_sd = 0;
  return out;
}

}  // namespace psi_xlstm
