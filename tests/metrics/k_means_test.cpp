#include "metrics/k_means.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Eigen::MatrixXd;

// `each` rows around every row of `centres`, in turn.
MatrixXd rows_around(const MatrixXd& centres, int each, double sd, Rng& rng) {
  MatrixXd rows(centres.rows() * each, centres.cols());
  for (Eigen::Index j = 0; j < rows.rows(); ++j) {
    rows.row(j) = centres.row(j % centres.rows());
    for (Eigen::Index i = 0; i < rows.cols(); ++i) rows(j, i) += sd * rng.normal();
  }
  return rows;
}

// The lowest inertia of all ways to give rows to K groups.
double best_inertia(const MatrixXd& rows, int clusters) {
  const auto count = static_cast<std::size_t>(rows.rows());
  std::vector<int> group(count, 0);
  double best = std::numeric_limits<double>::infinity();
  while (true) {
    double inertia = 0;
    for (int k = 0; k < clusters; ++k) {
      Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(rows.cols());
      double members = 0, squares = 0;
      for (std::size_t j = 0; j < count; ++j) {
        if (group[j] != k) continue;
        sum += rows.row(static_cast<Eigen::Index>(j));
        squares += rows.row(static_cast<Eigen::Index>(j)).squaredNorm();
        ++members;
      }
      if (members > 0) inertia += squares - sum.squaredNorm() / members;
    }
    best = std::min(best, inertia);
    std::size_t digit = 0;  // next assignment, counting in base K
    while (digit < count && ++group[digit] == clusters) group[digit++] = 0;
    if (digit == count) return best;
  }
}

TEST(KMeans, FindsGroupsThatLieApart) {
  Rng rng(1);
  MatrixXd centres(3, 2);
  centres << -5, 0, 0, 8, 6, -3;
  const MatrixXd rows = rows_around(centres, 20, 0.1, rng);
  const Clusters found = k_means(rows, 3, rng);
  EXPECT_LT((found.centres - centres).cwiseAbs().maxCoeff(), 0.1);  // sd/sqrt(20) is 0.02
  for (std::size_t j = 0; j < found.assignment.size(); ++j) {
    EXPECT_EQ(found.assignment[j], static_cast<int>(j % 3));
  }
  EXPECT_NEAR(found.inertia, 60 * 2 * 0.01, 0.4);
}

// Lloyd's iteration ends in local minima; of rows without any groups, twenty starts miss the best
// of all ways now and then, and never by much.
TEST(KMeans, FindsTheBestOfAllWaysOrAlmost) {
  Rng rng(2);
  int found_best = 0;
  for (int trial = 0; trial < 20; ++trial) {
    MatrixXd rows(8, 2);
    for (double& x : rows.reshaped()) x = rng.normal();
    const double found = k_means(rows, 3, rng).inertia, best = best_inertia(rows, 3);
    EXPECT_GE(found, best - 1e-12) << "trial " << trial;
    EXPECT_LE(found, 1.1 * best) << "trial " << trial;
    if (found <= best + 1e-12) ++found_best;
  }
  EXPECT_GE(found_best, 15);
}

TEST(KMeans, CentresAreTheMeansAndInertiaTheDistances) {
  Rng rng(3);
  MatrixXd rows(30, 4);
  for (double& x : rows.reshaped()) x = rng.normal();
  const Clusters found = k_means(rows, 5, rng);
  double inertia = 0;
  for (int k = 0; k < 5; ++k) {
    Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(4);
    int members = 0;
    for (int j = 0; j < 30; ++j) {
      if (found.assignment[static_cast<std::size_t>(j)] != k) continue;
      sum += rows.row(j);
      inertia += (rows.row(j) - found.centres.row(k)).squaredNorm();
      ++members;
    }
    ASSERT_GT(members, 0) << "group " << k;
    EXPECT_LT((sum / members - found.centres.row(k)).norm(), 1e-14);
  }
  EXPECT_NEAR(found.inertia, inertia, 1e-12);
}

TEST(KMeans, IsTheSameForTheSameSeed) {
  Rng rng(4);
  MatrixXd rows(40, 3);
  for (double& x : rows.reshaped()) x = rng.normal();
  Rng first(7), second(7);
  const Clusters a = k_means(rows, 6, first), b = k_means(rows, 6, second);
  EXPECT_EQ(a.centres, b.centres);
  EXPECT_EQ(a.assignment, b.assignment);
  EXPECT_EQ(first.state(), second.state());
}

TEST(KMeans, SortsItsCentres) {
  Rng rng(5);
  MatrixXd rows(4, 1);
  rows << 9, -2, 4, 1;
  const Clusters found = k_means(rows, 4, rng);
  EXPECT_EQ(found.centres, (MatrixXd(4, 1) << -2, 1, 4, 9).finished());
  EXPECT_EQ(found.assignment, (std::vector<int>{3, 0, 2, 1}));
  EXPECT_EQ(found.inertia, 0);
}

TEST(KMeans, TakesEqualRowsAndOneGroup) {
  Rng rng(6);
  const MatrixXd equal = MatrixXd::Constant(5, 2, 3);
  EXPECT_EQ(k_means(equal, 2, rng).inertia, 0);
  EXPECT_TRUE(k_means(equal, 2, rng).centres.allFinite());
  MatrixXd rows(3, 1);
  rows << 1, 2, 6;
  EXPECT_DOUBLE_EQ(k_means(rows, 1, rng).centres(0, 0), 3);
  EXPECT_DOUBLE_EQ(k_means(rows, 1, rng).inertia, 4 + 1 + 9);
}

TEST(KMeans, NamesWhatIsWrong) {
  Rng rng(7);
  const auto message = [&](const MatrixXd& rows, int clusters) -> std::string {
    try {
      k_means(rows, clusters, rng);
    } catch (const Error& e) {
      return e.what();
    }
    return "nothing thrown";
  };
  const MatrixXd rows = MatrixXd::Zero(3, 2);
  EXPECT_EQ(message(rows, 4),
            "k-means: expected 1 to 3 clusters of rows that are not empty, found 4 clusters of "
            "rows of 2");
  EXPECT_EQ(message(rows, 0),
            "k-means: expected 1 to 3 clusters of rows that are not empty, found 0 clusters of "
            "rows of 2");
  const MatrixXd broken = MatrixXd::Constant(3, 2, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(message(broken, 1), "k-means: expected finite rows, found one that is not");
}

}  // namespace
}  // namespace psi_xlstm
