#include "training/soap.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <set>

#include "training/checkpoint.hpp"

namespace psi_xlstm::training {
namespace {

using kernels::Convention;
using torch::Tensor;

constexpr int kRows = 3, kColumns = 3;

ParameterMatrix dense(int rows, int columns) {
  ParameterMatrix out{rows, columns, {}};
  out.index.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  std::iota(out.index.begin(), out.index.end(), 0);
  return out;
}

std::vector<float> flat(const Tensor& x) {
  const Tensor dense = x.contiguous();
  return {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()};
}

// An orthogonal matrix.
Tensor rotation(std::int64_t size, std::uint64_t seed) {
  torch::manual_seed(seed);
  return std::get<0>(torch::linalg_qr(torch::randn({size, size})));
}

TEST(ParameterMatrices, HoldEveryNumberButGainsOffsetsAndCentresOnce) {
  for (const auto& shape : {kernels::teacher_shape(Convention::kContinuous),
                            kernels::clustering_student_shape(Convention::kContinuous, 3),
                            kernels::low_rank_student_shape(Convention::kContinuous, 4)}) {
    std::set<std::int64_t> expected, found;
    for (const auto& block : parameter_blocks(shape)) {
      const bool left_out = block.name.find(".norm.") != std::string::npos ||
                            block.name.find(".centres") != std::string::npos;
      for (std::size_t i = 0; i < block.size() && !left_out; ++i) {
        expected.insert(static_cast<std::int64_t>(block.offset + i));
      }
    }
    std::size_t count = 0;
    for (const ParameterMatrix& matrix : parameter_matrices(shape)) {
      ASSERT_EQ(matrix.index.size(),
                static_cast<std::size_t>(matrix.rows) * static_cast<std::size_t>(matrix.columns));
      found.insert(matrix.index.begin(), matrix.index.end());
      count += matrix.index.size();
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(count, expected.size());
  }
}

TEST(ParameterMatrices, RowOfAGateIsWhatOneUnitSees) {
  const auto shape = kernels::teacher_shape(Convention::kContinuous);
  const auto blocks = parameter_blocks(shape);
  const auto matrices = parameter_matrices(shape);
  const ParameterMatrix& forget = matrices[2];  // behind the input map and the input gate
  ASSERT_EQ(forget.rows, 64);
  ASSERT_EQ(forget.columns, 64 + 1 + 64);
  const auto offset = [&](const char* name) {
    return static_cast<std::int64_t>(block(blocks, name).offset);
  };
  const std::int64_t unit = 5, row = 64 + unit;  // gates in the order i, f, z, o
  const std::int64_t* found = forget.index.data() + unit * forget.columns;
  EXPECT_EQ(found[0], offset("layers.0.weight") + row * 64);
  EXPECT_EQ(found[64], offset("layers.0.bias") + row);
  EXPECT_EQ(found[65 + 63], offset("layers.0.recurrent") + row * 64 + 63);
}

// In a basis of one dimension there is nothing to turn.
TEST(Soap, IsAdamWForNumbersInNoMatrix) {
  TrainingState ours = begin_training({0.5, -1, 2}, 1), reference = ours;
  const Soap soap({});
  for (int k = 0; k < 30; ++k) {
    const std::vector<float> gradient = {static_cast<float>(std::sin(k)), 3, 0.1f};
    const double norm = soap.step(ours, gradient, 0.01, 1, 0.1);
    EXPECT_EQ(norm, optimizer_step(reference, gradient, 0.01, 1, 0.1));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(ours.parameters[i], reference.parameters[i], 1e-6);
    EXPECT_NEAR(ours.average[i], reference.average[i], 1e-6);
  }
}

// Which coordinates a matrix is written in must not matter, the point of the method: the steps for
// rotated gradients are the rotated steps. (AdamW fails this by far.)
TEST(Soap, TurnsItsStepsWithTheGradients) {
  const Tensor left = rotation(kRows, 1), right = rotation(kColumns, 2);
  const auto turned = [&](const Tensor& x) { return left.mm(x).mm(right.t()); };
  const std::vector<double> zeros(kRows * kColumns, 0);
  TrainingState plain = begin_training(zeros, 1), rotated = plain;
  const Soap soap({dense(kRows, kColumns)});
  torch::manual_seed(3);
  const Tensor scale = torch::tensor({3.0f, 1.0f, 0.3f});
  for (int k = 0; k < 25; ++k) {  // over two turns of the basis
    const Tensor gradient = torch::randn({kRows, kColumns}) * scale;
    soap.step(plain, flat(gradient), 0.01, 1e9, 0);
    soap.step(rotated, flat(turned(gradient)), 0.01, 1e9, 0);
  }
  const Tensor expected =
      turned(torch::tensor(plain.parameters).view({kRows, kColumns})).contiguous();
  const Tensor found = torch::tensor(rotated.parameters).view({kRows, kColumns});
  EXPECT_GT(expected.abs().max().item<float>(), 0.02);
  EXPECT_LT((found - expected).abs().max().item<float>(), 1e-3);
}

// The bases follow the gradients: those of a constant one become its singular vectors, whatever the
// first gradient was.
TEST(Soap, TurnsTheBasesToWhatTheGradientsHaveBecome) {
  const Tensor values = torch::diag(torch::tensor({3.0f, 1.0f, 0.3f}));
  const Tensor gradient = rotation(kRows, 7).mm(values).mm(rotation(kColumns, 8));
  TrainingState state = begin_training(std::vector<double>(kRows * kColumns, 0), 1);
  const Soap soap({dense(kRows, kColumns)});
  soap.step(state, flat(rotation(kRows, 9).mm(values).mm(rotation(kColumns, 10))), 0.01, 1e9, 0);
  for (int k = 0; k < 300; ++k) soap.step(state, flat(gradient), 0.01, 1e9, 0);
  ASSERT_EQ(state.bases.size(), 2u * (kRows * kRows + kColumns * kColumns));
  const auto square = [&](std::size_t index) {
    return torch::from_blob(state.bases.data() + index * kRows * kRows, {kRows, kRows});
  };
  const Tensor left = square(2), right = square(3);  // behind the two covariances
  const Tensor seen = left.t().mm(gradient).mm(right);
  EXPECT_LT((seen.abs() - values).abs().max().item<float>(), 1e-3) << seen;
}

// |A X B - C|^2 with condition numbers of 30 on both sides: curvature along no single number.
double loss_after(int steps, bool with_soap) {
  const auto stretched = [](std::int64_t size, std::uint64_t seed) {
    const Tensor scales = torch::logspace(0, 1.5, size);
    return rotation(size, seed) * scales.unsqueeze(0);
  };
  const Tensor A = stretched(kRows, 4).t(), B = stretched(kColumns, 5);
  torch::manual_seed(6);
  const Tensor wanted = torch::randn({kRows, kColumns});
  TrainingState state = begin_training(std::vector<double>(kRows * kColumns, 0), 1);
  const Soap soap({dense(kRows, kColumns)});
  PhaseConfig phase;
  phase.steps = steps;
  phase.learning_rate = 0.1;
  double loss = 0;
  for (int k = 0; k < steps; ++k) {
    const Tensor X = torch::tensor(state.parameters).view({kRows, kColumns});
    const Tensor error = A.mm(X - wanted).mm(B);
    loss = error.square().sum().item<double>();
    const auto gradient = flat(A.t().mm(error).mm(B.t()));
    const double rate = learning_rate(phase, k);
    with_soap ? soap.step(state, gradient, rate, 1e9, 0)
              : optimizer_step(state, gradient, rate, 1e9, 0);
  }
  return loss;
}

TEST(Soap, GoesFurtherThanAdamWWhereNumbersDependOnEachOther) {
  EXPECT_LT(loss_after(300, true), 0.1 * loss_after(300, false));
}

TEST(Soap, GoesOnWithTheSameBytes) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "soap.safetensors";
  const Soap soap({dense(kRows, kColumns)});
  const auto gradient = [](int k) {
    torch::manual_seed(static_cast<std::uint64_t>(100 + k));
    return flat(torch::randn({kRows, kColumns}));
  };
  TrainingState whole = begin_training(std::vector<double>(kRows * kColumns, 1), 1);
  for (int k = 0; k < 15; ++k) soap.step(whole, gradient(k), 0.01, 1, 0.1);
  save_training(file, whole, "this");
  const std::size_t count = whole.parameters.size();
  auto found = resume_training(file, "this", {.parameters = count, .bases = soap.remembered()});
  ASSERT_TRUE(found.state) << found.reason;
  TrainingState& resumed = *found.state;
  for (int k = 15; k < 30; ++k) {
    soap.step(whole, gradient(k), 0.01, 1, 0.1);
    soap.step(resumed, gradient(k), 0.01, 1, 0.1);
  }
  EXPECT_EQ(resumed.parameters, whole.parameters);
  EXPECT_EQ(resumed.bases, whole.bases);
}

TEST(Soap, LeavesEverythingWhereTheGradientIsNotFinite) {
  TrainingState state = begin_training(std::vector<double>(kRows * kColumns, 1), 1);
  std::vector<float> gradient(kRows * kColumns, 1);
  gradient[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(std::isfinite(Soap({dense(kRows, kColumns)}).step(state, gradient, 0.1, 1, 0)));
  EXPECT_EQ(state.step, 0);
  EXPECT_TRUE(state.bases.empty());
  EXPECT_EQ(state.parameters, std::vector<float>(kRows * kColumns, 1));
}

}  // namespace
}  // namespace psi_xlstm::training
