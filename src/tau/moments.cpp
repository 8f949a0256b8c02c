#include "psi_xlstm/tau/moments.hpp"

#include <algorithm>
#include <cmath>

#include "psi_xlstm/metrics/statistics.hpp"
#include "psi_xlstm/tau/product_kernel.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr double kPointsPerDecade = 8;
constexpr int kStencil = 10;     // Points of one interpolation.
constexpr int kStretches = 400;  // Of a record, dealt out to the folds.
constexpr int kRows = 32;        // Taken together.

int first_point(const TauGrid& grid, double position) {
  const int last = static_cast<int>(grid.taus.size()) - kStencil;
  return std::clamp(static_cast<int>(std::floor(position)) - kStencil / 2 + 1, 0,
                    std::max(last, 0));
}

// Position of `tau` in the grid, 0 at its first point.
double position_of(const TauGrid& grid, double tau) {
  return std::log10(tau / grid.low()) * kPointsPerDecade;
}

}  // namespace

Eigen::VectorXd TauGrid::interpolation(double tau) const {
  const double x = position_of(*this, tau);
  const int first = first_point(*this, x);
  const int points = std::min(kStencil, static_cast<int>(taus.size()));
  Eigen::VectorXd weights = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(taus.size()));
  for (int i = 0; i < points; ++i) {
    double weight = 1;
    for (int j = 0; j < points; ++j) {
      if (j != i) weight *= (x - first - j) / (i - j);
    }
    weights[first + i] = weight;
  }
  return weights;
}

Eigen::VectorXd TauGrid::interpolation_slope(double tau) const {
  const double x = position_of(*this, tau);
  const int first = first_point(*this, x);
  const int points = std::min(kStencil, static_cast<int>(taus.size()));
  Eigen::VectorXd weights = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(taus.size()));
  for (int i = 0; i < points; ++i) {
    double sum = 0;
    for (int m = 0; m < points; ++m) {
      if (m == i) continue;
      double product = 1.0 / (i - m);
      for (int j = 0; j < points; ++j) {
        if (j != i && j != m) product *= (x - first - j) / (i - j);
      }
      sum += product;
    }
    weights[first + i] = sum * kPointsPerDecade / std::log(10.0);
  }
  return weights;
}

TauGrid grid_for(const std::vector<Record>& records) {
  double step = INFINITY, duration = 0;
  for (const Record& record : records) {
    std::vector<double> steps;
    for (std::size_t i = 1; i < record.size(); ++i) {
      steps.push_back(record.time[i] - record.time[i - 1]);
    }
    step = std::min(step, median(steps));
    duration = std::max(duration, record.time.back() - record.time.front());
  }
  const double low = step / 2;
  const int points =
      static_cast<int>(std::ceil(std::log10(10 * duration / low) * kPointsPerDecade)) + 1;
  TauGrid grid;
  for (int i = 0; i < points; ++i) grid.taus.push_back(low * std::pow(10, i / kPointsPerDecade));
  return grid;
}

Eigen::MatrixXd RecordMoments::total() const {
  Eigen::MatrixXd sum = folds.front();
  for (std::size_t f = 1; f < folds.size(); ++f) sum += folds[f];
  return sum;
}

int RecordMoments::count() const {
  int sum = 0;
  for (int n : samples) sum += n;
  return sum;
}

RecordMoments moments(const Record& record,
                      const Response& response,
                      const std::vector<double>& taus,
                      bool derivatives,
                      int folds) {
  ColumnStream stream(record, response, taus, derivatives);
  RecordMoments out;
  out.layout = stream.layout();
  const auto width = static_cast<std::size_t>(out.layout.width());
  const std::size_t n = record.size();
  std::vector<std::vector<double>> sums(static_cast<std::size_t>(folds),
                                        std::vector<double>(width * width, 0.0));
  out.samples.assign(static_cast<std::size_t>(folds), 0);
  std::vector<double> rows(kRows * width);
  for (std::size_t stretch = 0; stretch < kStretches; ++stretch) {
    const std::size_t fold = stretch % static_cast<std::size_t>(folds);
    const std::size_t end = (stretch + 1) * n / kStretches;
    for (std::size_t i = stretch * n / kStretches; i < end;) {
      const std::size_t count = std::min<std::size_t>(kRows, end - i);
      for (std::size_t r = 0; r < count; ++r) stream.next({&rows[r * width], width});
      add_products(sums[fold].data(), static_cast<int>(width), rows.data(),
                   static_cast<int>(count));
      out.samples[fold] += static_cast<int>(count);
      i += count;
    }
  }
  for (const std::vector<double>& sum : sums) {
    const auto w = static_cast<Eigen::Index>(width);
    const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>
        upper(sum.data(), w, w);
    out.folds.emplace_back(upper.selfadjointView<Eigen::Upper>());
  }
  return out;
}

}  // namespace psi_xlstm::tau
