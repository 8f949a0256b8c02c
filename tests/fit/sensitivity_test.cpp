#include "fit/sensitivity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "fit/vector_kernels.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"

namespace psi_xlstm::fit {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

constexpr double kNoise = 3e-6;  // [A]
constexpr int kRecords = 2, kRecordSamples = 45;
constexpr double kStart[kRecords] = {1.5e-4, 3.1e-4};  // [S]

// Two records of irregular samples that no network fits, none at 0 V.
std::vector<Record> records() {
  std::vector<Record> all(kRecords);
  Rng rng(17);
  for (int r = 0; r < kRecords; ++r) {
    Record& record = all[static_cast<std::size_t>(r)];
    for (int k = 0; k < kRecordSamples; ++k) {
      record.time.push_back(k == 0 ? 0 : record.time.back() + rng.uniform(0.2, 1.4) * 1e-6);
    }
    record.voltage = {testing::two_tones(record.time, 1.0, 8e4 * (r + 1))};
    record.current.resize(1);
    for (double v : record.voltage[0]) {
      record.current[0].push_back(2e-4 * v * (1 + 0.3 * v) + kNoise * rng.normal());
    }
  }
  return all;
}

std::vector<Segment> segments_of(const std::vector<Record>& all, bool corrected, int decimation) {
  std::vector<Segment> segments;
  for (int r = 0; r < kRecords; ++r) {
    segments.push_back(make_segments(all[static_cast<std::size_t>(r)],
                                     {.decimation = decimation,
                                      .noise_sd = kNoise,
                                      .start = {.value = kStart[r], .log_sd = 0.05},
                                      .correction = corrected ? r : -1})[0]);
  }
  return segments;
}

ir::Network with_parameters(ir::Network network, const Vector& x) {
  std::copy_n(x.data(), network.parameters.size(), network.parameters.begin());
  return network;
}

// Residuals of every sample, through ir::simulate alone.
Vector residuals(const ir::Network& network, const std::vector<Record>& all, const Vector& x) {
  const ir::Network moved = with_parameters(network, x);
  const auto q = static_cast<std::ptrdiff_t>(network.parameters.size());
  Vector out(kRecords * kRecordSamples);
  for (int r = 0; r < kRecords; ++r) {
    const Record& record = all[static_cast<std::size_t>(r)];
    const double correction = x.size() > q ? x[q + r] : 0;
    const ir::Trajectory run =
        ir::simulate(moved, record.time, record.voltage[0],
                     ir::initial_state(moved, kStart[r] * std::exp(correction)));
    for (int k = 0; k < kRecordSamples; ++k) {
      const auto i = static_cast<std::size_t>(k);
      out[r * kRecordSamples + k] = (run.current[i] - record.current[0][i]) / kNoise;
    }
  }
  return out;
}

// Differences of fourth order with step 2e-4: error of order h^4 = 1e-15, rounding 1e-12.
Matrix jacobian(const std::function<Vector(const Vector&)>& function, const Vector& x) {
  constexpr double kStep = 2e-4;
  Matrix out(function(x).size(), x.size());
  for (int i = 0; i < x.size(); ++i) {
    const auto at = [&](double h) {
      Vector y = x;
      y[i] += h;
      return function(y);
    };
    out.col(i) = (8 * (at(kStep) - at(-kStep)) - (at(2 * kStep) - at(-2 * kStep))) / (12 * kStep);
  }
  return out;
}

std::vector<StudentShape> shapes(StudentHead head) {
  return {
      {.features = 3, .head = head},
      {.features = 3, .head = head, .state_gates = false},
      {.features = 2, .static_features = 2, .head = head},
      {.states = 3, .rates = 2, .features = 3, .head = head},
      {.states = 3, .rates = 2, .features = 2, .head = head, .state_gates = false},
      {.states = 2, .rates = 2, .features = 2, .static_features = 2, .head = head, .liquid = false},
      {.states = 0, .static_features = 3, .head = head}};
}

// A random point of `network` and its corrections of ln g0.
Vector point_of(const ir::Network& network, int corrections) {
  Vector x(network.parameter_count() + corrections);
  std::copy(network.parameters.begin(), network.parameters.end(), x.data());
  for (int r = 0; r < corrections; ++r) x[network.parameter_count() + r] = 0.1 - 0.15 * r;
  return x;
}

std::span<const double> span_of(const Vector& x) {
  return {x.data(), static_cast<std::size_t>(x.size())};
}

void expect_normal_equations(const StudentShape& shape) {
  const ir::Network network = testing::random_student(shape, 31);
  const bool tied = network.state_count() > 0 && network.start == ir::Start::kTied;
  const std::string where = name_of(shape.head) + ", S = " + std::to_string(shape.states) +
                            (shape.state_gates ? "" : ", blind gates");
  const std::vector<Record> all = records();
  const std::vector<Segment> segments = segments_of(all, tied, 1);
  const SensitivityModel model(network, segments, tied ? kRecords : 0);
  const Vector x = point_of(network, model.correction_count());
  const NormalEquations normal = model.evaluate(span_of(x), true);
  ASSERT_TRUE(normal.finite) << where;

  const auto function = [&](const Vector& y) { return residuals(network, all, y); };
  const Vector r = function(x);
  EXPECT_NEAR(normal.cost / r.squaredNorm(), 1, 1e-12) << where;
  const Matrix j = jacobian(function, x);
  const Vector gradient = j.transpose() * r;
  const Matrix hessian = j.transpose() * j;
  EXPECT_LT((normal.gradient - gradient).norm(), 1e-8 * gradient.norm()) << where;
  EXPECT_LT((normal.hessian - hessian).norm(), 1e-8 * hessian.norm()) << where;
  for (int i = 0; i < x.size(); ++i) {  // also the columns that are small
    const double scale = j.col(i).norm() * r.norm();
    EXPECT_NEAR(normal.gradient[i], gradient[i], 1e-6 * scale) << where << ", column " << i;
  }
  EXPECT_EQ(model.evaluate(span_of(x), false).cost, normal.cost) << where;
}

TEST(SensitivityModel, NormalEquationsMatchDifferencesOfTheSimulation) {
  for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus, StudentHead::kAffine}) {
    for (const StudentShape& shape : shapes(head)) expect_normal_equations(shape);
  }
}

// Data that are the simulation itself leave nothing: full scale takes the place of the noise.
TEST(SensitivityModel, SeesTheSameCurrentsAsTheSimulation) {
  for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus, StudentHead::kAffine}) {
    for (const StudentShape& shape : shapes(head)) {
      const ir::Network network = testing::random_student(shape, 32);
      Record record = records()[0];
      record.current[0] =
          ir::simulate(network, record.time, record.voltage[0], ir::initial_state(network, 2e-4))
              .current;
      double full_scale = 0;
      for (double i : record.current[0]) full_scale = std::max(full_scale, std::abs(i));
      const std::vector<Segment> segments =
          make_segments(record, {.noise_sd = full_scale, .start = {.value = 2e-4}});
      const SensitivityModel model(network, segments, 0);
      EXPECT_EQ(model.sample_count(), kRecordSamples);
      EXPECT_LT(std::sqrt(model.evaluate(network.parameters, false).cost), 1e-12)
          << name_of(shape.head);
    }
  }
}

// The gradient is that of the cost at any decimation, also where blocks end early.
TEST(SensitivityModel, GradientMatchesItsOwnCostOnBlocks) {
  const std::vector<Record> all = records();
  for (const StudentShape& shape : shapes(StudentHead::kExp)) {
    const ir::Network network = testing::random_student(shape, 33);
    const int corrections = network.state_count() > 0 ? kRecords : 0;
    const std::vector<Segment> segments = segments_of(all, corrections > 0, 4);
    const SensitivityModel model(network, segments, corrections);
    const Vector x = point_of(network, corrections);
    const NormalEquations normal = model.evaluate(span_of(x), true);
    const Matrix slope = jacobian(
        [&](const Vector& y) { return Vector{{model.evaluate(span_of(y), false).cost}}; }, x);
    EXPECT_LT((2 * normal.gradient.transpose() - slope).norm(), 1e-8 * slope.norm());
    EXPECT_LT((normal.hessian - normal.hessian.transpose()).norm(), 1e-15 * normal.hessian.norm());
  }
}

// weight (duration d(ln G)/dt)^2 at 0 V, summed over the conductances.
TEST(ZeroBiasPenalty, IsTheSquaredDriftWithItsGradient) {
  for (const StudentShape& shape : shapes(StudentHead::kExp)) {
    if (shape.states == 0) continue;
    const ir::Network network = testing::random_student(shape, 34);
    const std::vector<Segment> none;
    const SensitivityModel model(network, none, 0);
    const ZeroBiasPenalty penalty{
        .weight = 4, .duration = 1e-6, .log_conductances = {std::log(1.5e-4), std::log(4e-4)}};
    const Vector x = point_of(network, 0);
    const auto drift = [&](const Vector& y) {
      const ir::Network moved = with_parameters(network, y);
      return Vector{
          {2e-6 * ir::zero_bias_rate(moved, 1.5e-4), 2e-6 * ir::zero_bias_rate(moved, 4e-4)}};
    };
    NormalEquations normal = model.evaluate(span_of(x), true);
    EXPECT_EQ(normal.cost, 0);
    model.add_zero_bias(span_of(x), penalty, normal);
    const Vector r = drift(x);
    const Matrix j = jacobian(drift, x);
    const Vector gradient = j.transpose() * r;
    const Matrix hessian = j.transpose() * j;
    EXPECT_NEAR(normal.cost / r.squaredNorm(), 1, 1e-12);
    EXPECT_LT((normal.gradient - gradient).norm(), 1e-7 * gradient.norm());
    EXPECT_LT((normal.hessian - hessian).norm(), 1e-7 * hessian.norm());
  }
}

TEST(SensitivityModel, SaysWhereANetworkCannotBeEvaluated) {
  const ir::Network network = testing::one_state();
  const std::vector<Segment> segments = segments_of(records(), false, 1);
  const SensitivityModel model(network, segments, 0);
  std::vector<double> x = network.parameters;
  x[17] = 1e5;  // exp(1e5) in the head
  x[18] = 1e5;
  EXPECT_FALSE(model.evaluate(x, true).finite);
  x[17] = std::nan("");
  EXPECT_FALSE(model.evaluate(x, false).finite);
}

TEST(SensitivityModel, RefusesAnInconsistentNetwork) {
  ir::Network network = testing::one_state();
  network.rate_node = 99;
  const std::vector<Segment> none;
  EXPECT_THROW(SensitivityModel(network, none, 0), ShapeError);
}

TEST(LinearCombination, MayWriteIntoOneOfItsRows) {
  for (int width : {1, 7, 8, 19, 24}) {
    std::vector<double> a, b, expected;
    for (int i = 0; i < width; ++i) {
      a.push_back(i + 1);
      b.push_back(0.5 * i * i);
      expected.push_back(2 * a.back() - 3 * b.back());
    }
    const double factors[] = {2, -3};
    const double* rows[] = {a.data(), b.data()};
    linear_combination(b.data(), width, factors, rows, 2);
    EXPECT_EQ(b, expected) << width;
  }
}

TEST(AddOuterProducts, FillsTheUpperTriangle) {
  constexpr int kWidth = 12;
  for (int count : {0, 1, 3, 4, 5, 9}) {
    const Eigen::Matrix<double, Eigen::Dynamic, kWidth, Eigen::RowMajor> rows =
        Matrix::Random(count, kWidth);
    Eigen::Matrix<double, kWidth, kWidth, Eigen::RowMajor> found;
    found.setConstant(0.25);
    add_outer_products(found.data(), kWidth, rows.data(), count);
    const Matrix expected = rows.transpose() * rows;
    for (int i = 0; i < kWidth; ++i) {
      for (int j = i; j < kWidth; ++j) EXPECT_NEAR(found(i, j), 0.25 + expected(i, j), 1e-14);
    }
  }
}

// A network of two ports would read its second voltage from behind the first.
TEST(SensitivityModel, RefusesANetworkOfTwoPorts) {
  const auto all = records();
  const auto segments = segments_of(all, false, 1);
  try {
    SensitivityModel(testing::every_operation(2), segments, 0);
    FAIL() << "expected a ShapeError";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "network every_operation: fit: expected one port, found 2");
  }
}

}  // namespace
}  // namespace psi_xlstm::fit
