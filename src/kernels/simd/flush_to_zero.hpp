#pragma once

/// @file
/// The rounding of the smallest numbers.

namespace psi_xlstm::kernels {

/// Numbers too small for the normal format are zero while one of these lives: what decays through
/// time would otherwise become a hundred times slower before it vanishes.
class FlushToZero {
 public:
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;
#if defined(__x86_64__)
  FlushToZero() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(before_ | kFlags); }
  ~FlushToZero() { __builtin_ia32_ldmxcsr(before_); }

 private:
  static constexpr unsigned kFlags = 0x8040;  // results and arguments
  unsigned before_;
#else
  FlushToZero() = default;
#endif
};

}  // namespace psi_xlstm::kernels
