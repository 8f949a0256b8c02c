#include "fit/least_squares.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "core/interruption.hpp"
#include "core/rng.hpp"

namespace psi_xlstm::fit {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

// The normal equations of residuals r(x) with Jacobian J(x).
Objective objective_of(const std::function<Vector(const Vector&)>& residuals,
                       const std::function<Matrix(const Vector&)>& jacobian) {
  return [=](std::span<const double> x, bool derivatives) {
    const Vector point = Eigen::Map<const Vector>(x.data(), static_cast<std::ptrdiff_t>(x.size()));
    const Vector r = residuals(point);
    NormalEquations out;
    out.cost = r.squaredNorm();
    if (derivatives) {
      const Matrix j = jacobian(point);
      out.hessian = j.transpose() * j;
      out.gradient = j.transpose() * r;
    }
    return out;
  };
}

// J. J. More et al., "Testing Unconstrained Optimization Software", TOMS 7 (1981), problem 1.
TEST(Minimise, FindsTheMinimumOfRosenbrocksFunction) {
  const Objective rosenbrock = objective_of(
      [](const Vector& x) {
        return Vector{{10 * (x[1] - x[0] * x[0]), 1 - x[0]}};
      },
      [](const Vector& x) {
        return Matrix{{-20 * x[0], 10}, {-1, 0}};
      });
  const LeastSquaresResult result = minimise(rosenbrock, {-1.2, 1}, {.iterations = 100});
  EXPECT_TRUE(result.usable) << result.reason;
  EXPECT_NEAR(result.x[0], 1, 1e-6);
  EXPECT_NEAR(result.x[1], 1, 1e-6);
  EXPECT_LT(result.cost, 1e-12);
  EXPECT_FALSE(result.reason.empty());
}

// Forty equations of five unknowns: the exact solution by QR, and the cost that is left.
TEST(Minimise, SolvesALinearProblem) {
  Rng rng(1);
  Matrix a(40, 5);
  Vector b(40);
  for (int i = 0; i < 40; ++i) {
    b[i] = rng.normal();
    for (int j = 0; j < 5; ++j) a(i, j) = rng.normal();
  }
  const Objective linear = objective_of([&](const Vector& x) -> Vector { return a * x - b; },
                                        [&](const Vector&) { return a; });
  const LeastSquaresResult result =
      minimise(linear, {0, 0, 0, 0, 0}, {.iterations = 30, .function_tolerance = 1e-16});
  const Vector exact = a.colPivHouseholderQr().solve(b);
  for (int j = 0; j < 5; ++j) EXPECT_NEAR(result.x[static_cast<std::size_t>(j)], exact[j], 1e-9);
  EXPECT_NEAR(result.cost / (a * exact - b).squaredNorm(), 1, 1e-12);
}

TEST(Minimise, CopesWithADirectionThatDoesNotMatter) {
  const Objective flat = objective_of([](const Vector& x) { return Vector{{x[0] + x[1] - 2}}; },
                                      [](const Vector&) {
                                        return Matrix{{1, 1}};
                                      });
  const LeastSquaresResult result = minimise(flat, {5, 1}, {});
  EXPECT_TRUE(result.usable);
  EXPECT_NEAR(result.x[0] + result.x[1], 2, 1e-6);
}

TEST(Minimise, StepsBackFromPointsThatCannotBeEvaluated) {
  // r = ln x, defined for x > 0 only; the first full step from 20 goes to a negative x.
  const Objective guarded = [](std::span<const double> x, bool derivatives) {
    NormalEquations out;
    out.finite = x[0] > 0;
    if (!out.finite) return out;
    const double r = std::log(x[0]), slope = 1 / x[0];
    out.cost = r * r;
    if (derivatives) {
      out.hessian = Matrix{{slope * slope}};
      out.gradient = Vector{{slope * r}};
    }
    return out;
  };
  const LeastSquaresResult result = minimise(guarded, {20}, {.iterations = 60});
  EXPECT_TRUE(result.usable) << result.reason;
  EXPECT_NEAR(result.x[0], 1, 1e-4);
}

TEST(Minimise, AStartThatCannotBeEvaluatedIsAResult) {
  const Objective broken = [](std::span<const double>, bool) {
    NormalEquations out;
    out.finite = false;
    return out;
  };
  const LeastSquaresResult result = minimise(broken, {1, 2}, {});
  EXPECT_FALSE(result.usable);
  EXPECT_FALSE(result.reason.empty());
  EXPECT_EQ(result.x, (std::vector<double>{1, 2}));
}

TEST(Minimise, StopsAfterSoManyIterations) {
  const Objective rosenbrock = objective_of(
      [](const Vector& x) {
        return Vector{{10 * (x[1] - x[0] * x[0]), 1 - x[0]}};
      },
      [](const Vector& x) {
        return Matrix{{-20 * x[0], 10}, {-1, 0}};
      });
  const LeastSquaresResult result = minimise(rosenbrock, {-1.2, 1}, {.iterations = 2});
  EXPECT_TRUE(result.usable);
  EXPECT_LE(result.iterations, 3);
  EXPECT_GT(result.cost, 1e-3);
}

TEST(Minimise, EndsWhereItIsInterrupted) {
  Interruption interruption;
  const InterruptionScope scope(&interruption);
  int evaluated = 0;
  const Objective slow = [&](std::span<const double> x, bool derivatives) {
    if (++evaluated == 3) interruption.ask();
    check_interruption();
    return objective_of([](const Vector& y) { return Vector{{std::exp(y[0])}}; },
                        [](const Vector& y) { return Matrix{{std::exp(y[0])}}; })(x, derivatives);
  };
  EXPECT_THROW(minimise(slow, {1}, {}), Interrupted);
  EXPECT_EQ(evaluated, 3);
}

}  // namespace
}  // namespace psi_xlstm::fit
