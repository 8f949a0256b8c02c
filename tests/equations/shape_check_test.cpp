#include "equations/shape_check.hpp"

#include <gtest/gtest.h>

#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using testing::full;
using testing::message_of;

TEST(ShapeCheck, AcceptsSizesThatFit) {
  EXPECT_NO_THROW(expect_shape("x", full({2, 3}, 0), {2, 3}));
  EXPECT_NO_THROW(expect_shape("x", full({2, 3}, 0), {kAny, 3}));
  EXPECT_NO_THROW(expect_shape("x", full({}, 0), {}));
}

TEST(ShapeCheck, NamesPlaceExpectedAndFound) {
  const auto message = [](const torch::Tensor& x) {
    return message_of<ShapeError>([&] { expect_shape("key", x, {kAny, 3}); });
  };
  EXPECT_EQ(message(full({2, 4}, 0)), "key: expected [any, 3], found [2, 4]");
  EXPECT_EQ(message(full({3}, 0)), "key: expected [any, 3], found [3]");
  EXPECT_EQ(message({}), "key: expected [any, 3], found nothing");
}

TEST(ShapeCheck, NamesTheTypes) {
  const auto in_double = full({1}, 0), in_float = in_double.to(torch::kFloat32);
  const auto in_integers = in_double.to(torch::kInt64);
  EXPECT_NO_THROW(expect_type("x", in_double, in_double));
  EXPECT_EQ(message_of<ShapeError>([&] { expect_type("x", in_float, in_double); }),
            "x: expected numbers of type Double, found Float");
  EXPECT_NE(message_of<ShapeError>([&] { expect_type("x", in_integers, in_integers); }),
            "nothing thrown");
}

}  // namespace
}  // namespace psi_xlstm::equations
