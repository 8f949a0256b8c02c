#include "kernels/simd/network_shape.hpp"

#include <gtest/gtest.h>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

TEST(NetworkShape, HasThePublishedCounts) {
  for (Convention c : {Convention::kXlstm, Convention::kContinuous}) {
    EXPECT_EQ(parameter_count(teacher_shape(c)), 46409u);
    EXPECT_EQ(parameter_count(clustering_student_shape(c)), 16961u);
    EXPECT_EQ(parameter_count(low_rank_student_shape(c, 2)), 7377u);
    EXPECT_EQ(parameter_count(low_rank_student_shape(c, 4)), 7633u);
  }
}

TEST(NetworkShape, BlocksFollowEachOtherWithoutGaps) {
  for (const NetworkShape& shape :
       {teacher_shape(Convention::kXlstm), clustering_student_shape(Convention::kXlstm),
        low_rank_student_shape(Convention::kContinuous, 3)}) {
    std::size_t next = 0;
    for (const ParameterBlock& b : parameter_blocks(shape)) {
      EXPECT_EQ(b.offset, next) << b.name;
      next += b.size();
    }
    EXPECT_EQ(next, parameter_count(shape));
  }
}

TEST(NetworkShape, FindsBlocksByName) {
  const auto blocks = parameter_blocks(teacher_shape(Convention::kXlstm));
  EXPECT_EQ(block(blocks, "layers.0.recurrent").rows, 256);
  EXPECT_EQ(block(blocks, "layers.1.forget_gate.weight").rows, 4);
  EXPECT_THROW(block(blocks, "layers.2.bias"), ShapeError);
}

TEST(NetworkShape, RefusesWhatMakesNoSense) {
  NetworkShape none;
  EXPECT_THROW(parameter_blocks(none), ShapeError);
  NetworkShape heads = teacher_shape(Convention::kXlstm);
  heads.layers[1].heads = 5;
  EXPECT_THROW(parameter_blocks(heads), ShapeError);
  NetworkShape rank = low_rank_student_shape(Convention::kXlstm, 9);  // of heads of 8
  EXPECT_THROW(parameter_blocks(rank), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm::kernels
