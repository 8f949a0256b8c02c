#pragma once

/// @file
/// Every way in for bytes that this program did not make itself, one function each, for whoever
/// makes up the bytes: a fuzzer (fuzzer.cpp), or the corpus that lies beside this file
/// (corpus_test.cpp).

#include <span>
#include <string_view>

namespace psi_xlstm::testing {

/// One way in. `run` refuses `bytes` with an Error that says why, or takes them and checks what it
/// made of them; whatever else it does is a fault. Throws std::logic_error for a fault it sees.
struct FuzzTarget {
  const char* name;
  void (*run)(std::string_view bytes);
};

/// All of them.
std::span<const FuzzTarget> fuzz_targets();

/// Runs `target` on `bytes`; what is refused is well. Throws as the target does for a fault.
void run_fuzz_target(const FuzzTarget& target, std::string_view bytes);

}  // namespace psi_xlstm::testing
