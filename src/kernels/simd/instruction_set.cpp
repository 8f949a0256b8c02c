#include "kernels/simd/instruction_set.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

constexpr InstructionSet kAll[] = {InstructionSet::kBaseline, InstructionSet::kAvx2,
                                   InstructionSet::kAvx512};

}  // namespace

std::string_view name(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kBaseline:
      break;
  }
  return "baseline";
}

bool available(InstructionSet set) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  switch (set) {
    case InstructionSet::kAvx512:
      return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    case InstructionSet::kAvx2:
      return avx2;
    case InstructionSet::kBaseline:
      break;
  }
  return true;
#else
  return set == InstructionSet::kBaseline;
#endif
}

std::vector<InstructionSet> available_instruction_sets() {
  std::vector<InstructionSet> sets;
  for (const InstructionSet set : kAll) {
    if (available(set)) sets.push_back(set);
  }
  return sets;
}

InstructionSet require_available(InstructionSet set) {
  if (available(set)) return set;
  throw ConfigError(fmt::format(
      "instruction set: expected one that this processor has, found \"{}\"", name(set)));
}

InstructionSet best_instruction_set() {
  const char* wanted = std::getenv("PSI_INSTRUCTION_SET");
  if (wanted == nullptr || *wanted == '\0') return available_instruction_sets().back();
  for (const InstructionSet set : kAll) {
    if (name(set) == wanted) return require_available(set);
  }
  throw ConfigError(
      fmt::format("PSI_INSTRUCTION_SET: expected avx512, avx2 or baseline, found \"{}\"", wanted));
}

}  // namespace psi_xlstm::kernels
