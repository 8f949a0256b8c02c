// The entry of libFuzzer: runs the target that the environment names in PSI_FUZZ_TARGET.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fuzz/targets.hpp"

namespace {

const psi_xlstm::testing::FuzzTarget* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* const given = std::getenv("PSI_FUZZ_TARGET");
  const std::string_view name = given == nullptr ? "" : given;
  const auto targets = psi_xlstm::testing::fuzz_targets();
  const auto found = std::find_if(targets.begin(), targets.end(),
                                  [&](const auto& target) { return target.name == name; });
  if (found != targets.end()) {
    chosen = &*found;
    return 0;
  }
  std::fputs("PSI_FUZZ_TARGET: expected one of", stderr);
  for (const auto& target : targets) std::fprintf(stderr, " %s", target.name);
  std::fputs("\n", stderr);
  std::exit(1);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  psi_xlstm::testing::run_fuzz_target(*chosen, {reinterpret_cast<const char*>(data), size});
  return 0;
}
