#include "kernels/simd/instruction_set.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "kernels/simd/machine_peak.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

/// The environment variable for as long as this lives.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* before = std::getenv(kName)) before_ = before;
    setenv(kName, value, 1);
  }
  ~Environment() { before_.empty() ? unsetenv(kName) : setenv(kName, before_.c_str(), 1); }

 private:
  static constexpr const char* kName = "PSI_INSTRUCTION_SET";
  std::string before_;
};

std::string message_for(const char* value) {
  const Environment environment(value);
  try {
    best_instruction_set();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(InstructionSet, BaselineIsThereAndTheLastOneIsTheBest) {
  const auto sets = available_instruction_sets();
  ASSERT_FALSE(sets.empty());
  EXPECT_EQ(sets.front(), InstructionSet::kBaseline);
  for (const InstructionSet set : sets) EXPECT_TRUE(available(set));
  const Environment environment("");
  EXPECT_EQ(best_instruction_set(), sets.back());
}

TEST(InstructionSet, TheEnvironmentChooses) {
  for (const InstructionSet set : available_instruction_sets()) {
    const Environment environment(std::string(name(set)).c_str());
    EXPECT_EQ(best_instruction_set(), set);
  }
  EXPECT_EQ(message_for("avx3"),
            "PSI_INSTRUCTION_SET: expected avx512, avx2 or baseline, found \"avx3\"");
}

TEST(InstructionSet, OneThatIsMissingIsRefused) {
  for (const InstructionSet set :
       {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (available(set)) {
      EXPECT_EQ(require_available(set), set);
    } else {
      EXPECT_THROW(require_available(set), ConfigError);
    }
  }
}

TEST(InstructionSet, PeakCountsTheLanes) {
  for (const InstructionSet set : available_instruction_sets()) {
    const double operations = peak_operations<double>(set);
    EXPECT_GT(operations, 0) << name(set);
    EXPECT_EQ(peak_operations<float>(set), 2 * operations) << name(set);
  }
}

}  // namespace
}  // namespace psi_xlstm::kernels
