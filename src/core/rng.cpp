#include "core/rng.hpp"

#include <cassert>
#include <cmath>

namespace psi_xlstm {
namespace {

constexpr std::size_t kWords = 624;
constexpr std::size_t kShift = 397;

// One word of the recurrence, from the upper bit of `high` and the lower bits of `low`.
std::uint32_t twist(std::uint32_t high, std::uint32_t low, std::uint32_t far) {
  const std::uint32_t mixed = (high & 0x80000000U) | (low & 0x7fffffffU);
  return far ^ (mixed >> 1) ^ ((mixed & 1U) != 0 ? 0x9908b0dfU : 0U);
}

}  // namespace

Rng::Rng(std::uint32_t seed) {
  state_.key[0] = seed;
  for (std::uint32_t i = 1; i < kWords; ++i) {
    const std::uint32_t previous = state_.key[i - 1];
    state_.key[i] = 1812433253U * (previous ^ (previous >> 30)) + i;
  }
}

void Rng::refill() {
  auto& key = state_.key;
  for (std::size_t i = 0; i < kWords; ++i) {
    key[i] = twist(key[i], key[(i + 1) % kWords], key[(i + kShift) % kWords]);
  }
  state_.position = 0;
}

std::uint32_t Rng::next_word() {
  if (state_.position >= kWords) refill();
  std::uint32_t word = state_.key[state_.position++];
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680U;
  word ^= (word << 15) & 0xefc60000U;
  return word ^ (word >> 18);
}

double Rng::uniform() {
  const std::uint32_t high = next_word() >> 5;
  const std::uint32_t low = next_word() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

double Rng::normal() {
  if (state_.has_normal) {
    state_.has_normal = false;
    return state_.normal;
  }
  double x = 0, y = 0, square = 0;
  do {
    x = 2.0 * uniform() - 1.0;
    y = 2.0 * uniform() - 1.0;
    square = x * x + y * y;
  } while (square >= 1.0 || square == 0.0);
  const double factor = std::sqrt(-2.0 * std::log(square) / square);
  state_.normal = factor * x;
  state_.has_normal = true;
  return factor * y;
}

std::size_t Rng::index(std::size_t n) {
  assert(n >= 1 && n <= (std::uint64_t{1} << 32));
  const auto last = static_cast<std::uint32_t>(n - 1);
  if (last == 0) return 0;
  std::uint32_t mask = last;
  for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
  std::uint32_t value = next_word() & mask;
  while (value > last) value = next_word() & mask;
  return value;
}

}  // namespace psi_xlstm
