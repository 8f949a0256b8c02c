#include "metrics/k_means.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void check(const MatrixXd& rows, int clusters) {
  if (clusters < 1 || clusters > rows.rows() || rows.cols() < 1) {
    throw ShapeError(
        fmt::format("k-means: expected 1 to {} clusters of rows that are not empty, found {} "
                    "clusters of rows of {}",
                    rows.rows(), clusters, rows.cols()));
  }
  if (!rows.allFinite()) throw DataError("k-means: expected finite rows, found one that is not");
}

// Squared distance of each row to its nearest centre, and which one that is.
struct Nearest {
  VectorXd distance;
  std::vector<int> centre;
};

Nearest nearest(const MatrixXd& rows, const MatrixXd& centres) {
  Nearest found{VectorXd(rows.rows()), std::vector<int>(static_cast<std::size_t>(rows.rows()))};
  for (Index j = 0; j < rows.rows(); ++j) {
    Index k = 0;
    found.distance(j) = (centres.rowwise() - rows.row(j)).rowwise().squaredNorm().minCoeff(&k);
    found.centre[static_cast<std::size_t>(j)] = static_cast<int>(k);
  }
  return found;
}

// k-means++: each further centre is a row, drawn with a probability in proportion to its squared
// distance to the centres so far.
MatrixXd drawn_centres(const MatrixXd& rows, int clusters, Rng& rng) {
  MatrixXd centres(clusters, rows.cols());
  centres.row(0) = rows.row(static_cast<Index>(rng.index(static_cast<std::size_t>(rows.rows()))));
  for (int k = 1; k < clusters; ++k) {
    const VectorXd weight = nearest(rows, centres.topRows(k)).distance;
    double left = rng.uniform() * weight.sum();
    Index j = 0;
    while (j + 1 < rows.rows() && left >= weight(j)) left -= weight(j++);
    centres.row(k) = rows.row(j);
  }
  return centres;
}

// The means of the groups. An empty group takes the row that is farthest from its centre.
MatrixXd means(const MatrixXd& rows, const Nearest& groups, Index clusters) {
  MatrixXd sums = MatrixXd::Zero(clusters, rows.cols());
  VectorXd counts = VectorXd::Zero(clusters);
  for (Index j = 0; j < rows.rows(); ++j) {
    const int k = groups.centre[static_cast<std::size_t>(j)];
    sums.row(k) += rows.row(j);
    counts(k) += 1;
  }
  VectorXd distance = groups.distance;
  for (Index k = 0; k < clusters; ++k) {
    if (counts(k) > 0) {
      sums.row(k) /= counts(k);
      continue;
    }
    Index farthest = 0;
    distance.maxCoeff(&farthest);
    sums.row(k) = rows.row(farthest);
    distance(farthest) = 0;  // the next empty group takes another row
  }
  return sums;
}

Clusters lloyd(const MatrixXd& rows, MatrixXd centres, int iterations) {
  Nearest groups = nearest(rows, centres);
  for (int i = 0; i < iterations; ++i) {
    centres = means(rows, groups, centres.rows());
    Nearest next = nearest(rows, centres);
    const bool settled = next.centre == groups.centre;
    groups = std::move(next);
    if (settled) break;
  }
  return {.centres = centres, .assignment = groups.centre, .inertia = groups.distance.sum()};
}

Clusters sorted(const Clusters& clusters) {
  const MatrixXd& centres = clusters.centres;
  std::vector<int> order(static_cast<std::size_t>(centres.rows()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    const VectorXd first = centres.row(a), second = centres.row(b);
    return std::lexicographical_compare(first.begin(), first.end(), second.begin(), second.end());
  });
  std::vector<int> place(order.size());
  Clusters result = clusters;
  for (std::size_t k = 0; k < order.size(); ++k) {
    place[static_cast<std::size_t>(order[k])] = static_cast<int>(k);
    result.centres.row(static_cast<Index>(k)) = centres.row(order[k]);
  }
  for (int& k : result.assignment) k = place[static_cast<std::size_t>(k)];
  return result;
}

}  // namespace

Clusters k_means(const MatrixXd& rows, int clusters, Rng& rng, KMeansEffort effort) {
  check(rows, clusters);
  Clusters best;
  for (int start = 0; start < std::max(1, effort.starts); ++start) {
    Clusters found = lloyd(rows, drawn_centres(rows, clusters, rng), effort.iterations);
    if (start == 0 || found.inertia < best.inertia) best = std::move(found);
  }
  return sorted(best);
}

}  // namespace psi_xlstm
