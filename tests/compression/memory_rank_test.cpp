#include "compression/memory_rank.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::compression {
namespace {

// Two directions with singular values 2 and 1: energies 4/5 and 1.
TEST(MemorySpectrum, OfAMemoryWithKnownSingularValues) {
  Eigen::MatrixXd memory = Eigen::MatrixXd::Zero(4, 4);
  memory(2, 1) = -2;
  memory(0, 3) = 1;
  const MemorySpectrum spectrum = memory_spectrum({{memory, 3 * memory}});
  ASSERT_EQ(spectrum.energy.size(), 4u);
  EXPECT_NEAR(spectrum.energy[0], 0.8, 1e-12);
  EXPECT_NEAR(spectrum.energy[1], 1.0, 1e-12);
  ASSERT_EQ(spectrum.profile.size(), 1u);
  EXPECT_NEAR(spectrum.profile[0](1), 0.5, 1e-12);
  EXPECT_NEAR(spectrum.profile[0](2), 0.0, 1e-12);
}

TEST(MemorySpectrum, RefusesNothing) {
  EXPECT_THROW(memory_spectrum({}), ShapeError);
  EXPECT_THROW(memory_spectrum({{Eigen::MatrixXd::Zero(3, 3)}}), ShapeError);
}

TEST(LowRankStart, ColumnsAreAsLongAsTheTeachersSingularValuesSay) {
  const auto shape = kernels::low_rank_student_shape(kernels::Convention::kContinuous, 2);
  MemorySpectrum spectrum;
  Eigen::VectorXd profile(3);
  profile << 1, 0.25, 0;
  spectrum.profile.assign(4, profile);
  std::vector<double> parameters(parameter_count(shape), 7);
  Rng rng(1);
  start_low_rank(shape, spectrum, rng, parameters);
  // Means over the four heads [8, 2] of both sides of both layers: each number has noise of 0.1.
  double first = 0, second = 0, other = 0;
  for (const char* name : {"layers.0.left", "layers.0.right", "layers.1.left", "layers.1.right"}) {
    const double* const head = parameters.data() + block(parameter_blocks(shape), name).offset;
    for (int k = 0; k < 4; ++k) {
      first += head[16 * k] / 16;
      second += head[16 * k + 3] / 16;
      other += head[16 * k + 10] / 16;
    }
  }
  EXPECT_NEAR(first, 1.4, 0.1);
  EXPECT_NEAR(second, 1.4 * std::sqrt(0.25), 0.1);
  EXPECT_NEAR(other, 0, 0.1);
  EXPECT_EQ(parameters[block(parameter_blocks(shape), "layers.1.query.weight").offset], 7);
}

}  // namespace
}  // namespace psi_xlstm::compression
