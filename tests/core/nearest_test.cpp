#include "core/nearest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

const std::vector<std::string> kNames = {"states", "starts", "seeds", "training_like_max_step",
                                         "fit"};

TEST(NearestName, TakesAwayLettersThatAreWrongMissingTooManyOrSwapped) {
  EXPECT_EQ(nearest_name("seds", kNames), "seeds");
  EXPECT_EQ(nearest_name("seeeds", kNames), "seeds");
  EXPECT_EQ(nearest_name("saeds", kNames), "seeds");
  EXPECT_EQ(nearest_name("sedes", kNames), "seeds");
  EXPECT_EQ(nearest_name("fti", kNames), "fit");
  EXPECT_EQ(nearest_name("SEEDS", kNames), "seeds");
}

TEST(NearestName, TakesTheBeginningOfALongName) {
  EXPECT_EQ(nearest_name("training", kNames), "training_like_max_step");
  EXPECT_EQ(nearest_name("tr", kNames), "");
}

TEST(NearestName, NamesNothingThatIsFar) {
  EXPECT_EQ(nearest_name("voltage", kNames), "");
  EXPECT_EQ(nearest_name("x", kNames), "");
  EXPECT_EQ(nearest_name("", kNames), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 's'), kNames), "");
  EXPECT_EQ(nearest_name("seeds", {}), "");
}

}  // namespace
}  // namespace psi_xlstm
