#include "core/fingerprint.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"

namespace psi_xlstm {
namespace {

TEST(Fingerprint, ChangesWithEveryNameKindAndValue) {
  const std::vector<double> numbers = {1, 2}, others = {1, 3};
  const std::vector<int> indices = {1, 2};
  const std::vector<Fingerprint> all = {
      Fingerprint(),
      Fingerprint().add("a", "1"),
      Fingerprint().add("b", "1"),
      Fingerprint().add("a", "2"),
      Fingerprint().add("a", 1),
      Fingerprint().add("a", 1.0),
      Fingerprint().add("a", true),
      Fingerprint().add("a", false),
      Fingerprint().add("a", std::optional<double>()),
      Fingerprint().add("a", std::optional<double>(2.0)),
      Fingerprint().add("a", numbers),
      Fingerprint().add("a", others),
      Fingerprint().add("a", indices),
      Fingerprint().add("a", std::vector<double>{}),
      Fingerprint().add_tree("a", {{"x", 1}}),
      Fingerprint().add_tree("a", {{"x", 2}}),
      Fingerprint().add_tree("a", nullptr),
      Fingerprint().add("a", "1").add("b", "1"),
      Fingerprint().add("a", "1").add("b", "2"),
      Fingerprint().add("ab", "1"),
  };
  std::set<std::string> found;
  for (const Fingerprint& one : all) {
    EXPECT_EQ(one.hex().size(), 64u);
    EXPECT_TRUE(found.insert(one.hex()).second) << one.hex();
  }
}

TEST(Fingerprint, DoesNotDependOnTheOrder) {
  EXPECT_EQ(Fingerprint().add("a", 1).add("b", 2).hex(),
            Fingerprint().add("b", 2).add("a", 1).hex());
  EXPECT_EQ(Fingerprint().add("a", std::optional(2.0)).hex(), Fingerprint().add("a", 2.0).hex());
}

TEST(Fingerprint, TellsWhichPartHasChanged) {
  const Fingerprint before = Fingerprint().add("seed", 1).add("noise", 0.1);
  const Fingerprint after = Fingerprint().add("seed", 2).add("noise", 0.1);
  EXPECT_EQ(before.parts().at("noise"), after.parts().at("noise"));
  EXPECT_NE(before.parts().at("seed"), after.parts().at("seed"));
}

TEST(Fingerprint, HoldsTheVersionOfTheCode) {
  EXPECT_TRUE(Fingerprint().parts().contains("code"));
  EXPECT_FALSE(git_commit().empty());
  EXPECT_THROW(Fingerprint().add("code", "another"), Error);
  EXPECT_THROW(Fingerprint().add("a", 1).add("a", 2), Error);
}

}  // namespace
}  // namespace psi_xlstm
