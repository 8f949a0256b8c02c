#include "tau/moments.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/rng.hpp"
#include "metrics/statistics.hpp"
#include "tau/product_kernel.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr double kGridPointsPerDecade = 8;
constexpr int kStencil = 10;            // Points of one interpolation.
constexpr std::size_t kGroup = 4;       // Samples that go to the same fold.
constexpr std::uint32_t kFoldSeed = 4;  // Of the folds.
constexpr std::size_t kRows = 32;       // Taken together.

int first_point(const TauGrid& grid, double position) {
  const int last = static_cast<int>(grid.taus.size()) - kStencil;
  return std::clamp(static_cast<int>(std::floor(position)) - kStencil / 2 + 1, 0,
                    std::max(last, 0));
}

// Position of `tau` in the grid, 0 at its first point.
double position_of(const TauGrid& grid, double tau) {
  return std::log10(tau / grid.low()) * kGridPointsPerDecade;
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
    weights[first + i] = sum * kGridPointsPerDecade / std::log(10.0);
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
      static_cast<int>(std::ceil(std::log10(10 * duration / low) * kGridPointsPerDecade)) + 1;
  TauGrid grid;
  for (int i = 0; i < points; ++i)
    grid.taus.push_back(low * std::pow(10, i / kGridPointsPerDecade));
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
  // Rows of each fold wait until there are enough of them.
  std::vector<std::vector<double>> rows(sums.size(), std::vector<double>(kRows * width));
  std::vector<std::size_t> waiting(sums.size(), 0);
  const auto flush = [&](std::size_t fold) {
    add_products(sums[fold].data(), static_cast<int>(width), rows[fold].data(),
                 static_cast<int>(waiting[fold]));
    out.samples[fold] += static_cast<int>(waiting[fold]);
    waiting[fold] = 0;
  };
  Rng rng(kFoldSeed);
  std::size_t fold = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (folds > 1 && i % kGroup == 0) fold = rng.index(sums.size());
    stream.next({&rows[fold][waiting[fold] * width], width});
    if (++waiting[fold] == kRows) flush(fold);
  }
  for (std::size_t f = 0; f < sums.size(); ++f) flush(f);
  for (const std::vector<double>& sum : sums) {
    const auto w = static_cast<Eigen::Index>(width);
    const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>
        upper(sum.data(), w, w);
    out.folds.emplace_back(upper.selfadjointView<Eigen::Upper>());
  }
  return out;
}

}  // namespace psi_xlstm::tau
