#pragma once

#include <cstdint>

namespace psi_xlstm {

/// The seed of part number `part` of what has `seed`: seeds of parts are `apart` apart. It goes on
/// from 0 after 2^31 - 1, so it fits in an int for every `seed`, `apart` and `part` of 0 or more.
constexpr int derived_seed(int seed, int apart, int part) {
  const std::int64_t sum = seed + std::int64_t{apart} * part;
  return static_cast<int>(sum % (std::int64_t{1} << 31));
}

}  // namespace psi_xlstm
