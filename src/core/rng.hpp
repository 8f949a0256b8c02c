#pragma once

/// @file
/// The one random generator of the project: numpy's legacy `RandomState`, so that published data
/// sets can be drawn again. M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998);
/// normal numbers by the polar method, G. Marsaglia and T. A. Bray, SIAM Review 6 (1964).

#include <array>
#include <cstddef>
#include <cstdint>

namespace psi_xlstm {

/// Everything a generator remembers, for checkpoints.
struct RngState {
  std::array<std::uint32_t, 624> key{};
  std::uint32_t position = 624;  ///< Next word of `key`; 624: all are used.
  bool has_normal = false;       ///< `normal` is the second number of a pair, not given out yet.
  double normal = 0;

  bool operator==(const RngState&) const = default;
};

/// MT19937 with the same streams of numbers as `numpy.random.RandomState(seed)`, on every machine.
class Rng {
 public:
  /// Starts as `RandomState(seed)`.
  explicit Rng(std::uint32_t seed);

  /// Goes on where the generator with that `state` was.
  explicit Rng(const RngState& state) : state_(state) {}

  /// Returns the next number, uniform in [0, 1) with 53 random bits (`rand()` of numpy).
  double uniform();

  /// Returns the next number, uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Returns the next number of mean 0 and variance 1 (`randn()` of numpy).
  double normal();

  /// Returns an integer uniform in 0 .. n - 1, for 1 <= n <= 2^32. Walking i from n - 1 down to 1
  /// and swapping elements i and index(i + 1) shuffles as `shuffle()` of numpy does.
  std::size_t index(std::size_t n);

  const RngState& state() const { return state_; }

 private:
  std::uint32_t next_word();
  void refill();

  RngState state_;
};

}  // namespace psi_xlstm
