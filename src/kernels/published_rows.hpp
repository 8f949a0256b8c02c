#pragma once

/// @file
/// Work on the rows of an mLSTM layer and of the output for one instruction set: normaliser,
/// LayerNorm, dot products of the gates' gradients, linear output.

#include "published_arguments.hpp"
#include "published_memory.hpp"
#include "simd_vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct RowsPublishedLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Memory = MemoryPublishedLoops<Real, Bytes>;
  using Lanes = typename Memory::Lanes;
  static constexpr int W = S::kLanes;
  static constexpr Real kDenominator = static_cast<Real>(1e-6);  // added to the denominator
  static constexpr Real kVariance = static_cast<Real>(1e-5);     // added to the variance

  static void normalise(const MlstmRows<Real>& a) {
    const long count = a.rows / a.sequences * a.gate_lanes;
    for (long l = 0; l < count; l += W) {
      const V dot = S::load(a.dot + l), floor = S::load(a.floor + l), size = S::abs(dot);
      const V sign = dot < 0 ? S::splat(-1) : S::splat(1);
      S::store(a.sign + l, size > floor ? sign : V{});
      S::store(a.factor + l, 1 / (S::max(size, floor) + kDenominator));
    }
    a.heads_per_group > 1 ? scale<true>(a) : scale<false>(a);
  }

  /// d_h by h to that by the numerator; d_dot = - sum(d_h h) factor sign.
  static void normalise_backward(const MlstmRows<Real>& a) {
    a.heads_per_group > 1 ? unscale<true>(a) : unscale<false>(a);
  }

  static void gate_gradients(const MlstmRows<Real>& a) {
    a.heads_per_group > 1 ? gate_dots<true>(a) : gate_dots<false>(a);
  }

  static void norm_forward(const LayerNormRows<Real>& a) {
    for (int row = 0; row < a.rows; ++row) {
      const Real* x = a.x + static_cast<long>(row) * a.padded;
      Real* y = a.y + static_cast<long>(row) * a.padded;
      V total{};
      for (int j = 0; j < a.padded; j += W) total += S::load(x + j);
      const Real mean = S::sum(total) / static_cast<Real>(a.units);
      V squares{};
      for (int j = 0; j < a.padded; j += W) {
        const V d = (S::load(x + j) - mean) * S::load(a.mask + j);
        squares += d * d;
      }
      const Real inverse = inverse_root(S::sum(squares) / static_cast<Real>(a.units) + kVariance);
      for (int j = 0; j < a.padded; j += W) {
        const V d = (S::load(x + j) - mean) * inverse;
        S::store(y + j, d * S::load(a.weight + j) + S::load(a.bias + j));
      }
      a.statistics[2 * row] = mean;
      a.statistics[2 * row + 1] = inverse;
    }
  }

  static void norm_backward(const LayerNormRows<Real>& a) {
    for (int row = 0; row < a.rows; ++row) {
      const long at = static_cast<long>(row) * a.padded;
      const Real mean = a.statistics[2 * row], inverse = a.statistics[2 * row + 1];
      V sum_g{}, sum_gx{};
      for (int j = 0; j < a.padded; j += W) {
        const V d = S::load(a.d_y + at + j);
        const V x = (S::load(a.x + at + j) - mean) * inverse;
        const V g = d * S::load(a.weight + j);
        S::store(a.d_weight + j, S::load(a.d_weight + j) + d * x);
        S::store(a.d_bias + j, S::load(a.d_bias + j) + d);
        sum_g += g;
        sum_gx += g * x;
      }
      const Real mean_g = S::sum(sum_g) / static_cast<Real>(a.units);
      const Real mean_gx = S::sum(sum_gx) / static_cast<Real>(a.units);
      for (int j = 0; j < a.padded; j += W) {
        const V x = (S::load(a.x + at + j) - mean) * inverse;
        const V g = S::load(a.d_y + at + j) * S::load(a.weight + j);
        S::store(a.d_x + at + j, (g - mean_g - x * mean_gx) * inverse * S::load(a.mask + j));
      }
    }
  }

  static void head_forward(const HeadRows<Real>& a) {
    for (int row = 0; row < a.rows; ++row) {
      const Real* h = a.h + static_cast<long>(row) * a.padded;
      V total{};
      for (int j = 0; j < a.padded; j += W) total += S::load(h + j) * S::load(a.weight + j);
      a.y[row] = S::sum(total) + a.bias;
    }
  }

  static void head_backward(const HeadRows<Real>& a) {
    for (int row = 0; row < a.rows; ++row) {
      const long at = static_cast<long>(row) * a.padded;
      const Real d = a.d_y[row];
      for (int j = 0; j < a.padded; j += W) {
        V d_h = d * S::load(a.weight + j);
        if (a.accumulate) d_h += S::load(a.d_h + at + j);
        S::store(a.d_h + at + j, d_h);
        S::store(a.d_weight + j, S::load(a.d_weight + j) + d * S::load(a.h + at + j));
      }
    }
  }

  /// sum[columns] += the rows.
  static void add_columns(Real* sum, const Real* rows, long stride, int count, int columns) {
    for (int j = 0; j < columns; j += W) {
      V even = S::load(sum + j), odd{};
      int row = 0;
      for (; row + 1 < count; row += 2) {
        even += S::load(rows + row * stride + j);
        odd += S::load(rows + (row + 1) * stride + j);
      }
      if (row < count) even += S::load(rows + row * stride + j);
      S::store(sum + j, even + odd);
    }
  }

 private:
  static Real inverse_root(Real x) {
    if constexpr (sizeof(Real) == 4) {
      return 1 / __builtin_sqrtf(x);
    } else {
      return 1 / __builtin_sqrt(x);
    }
  }

  // Calls work(row, offset of the first head in the gates' arrays, offset of the lanes in the row,
  // heads, whether this is not the first vector of the head).
  template <class Work>
  [[gnu::always_inline]] static inline void for_each(const MlstmRows<Real>& a, Work work) {
    for (int row = 0; row < a.rows; ++row) {
      const long heads =
          row / a.sequences * a.gate_lanes + static_cast<long>(row % a.sequences) * a.heads;
      for (int group = 0; group < a.groups; ++group) {
        for (int lane = 0; lane < a.lanes; lane += W) {
          work(row, heads + group * a.heads_per_group, group * a.lanes + lane,
               Memory::heads_in(a, group), lane > 0);
        }
      }
    }
  }

  template <bool Packed>
  static void scale(const MlstmRows<Real>& a) {
    Lanes lanes;
    if constexpr (Packed) lanes.set(a);
    const long width = static_cast<long>(a.groups) * a.lanes;
    for_each(a, [&](long row, long head, long lane, int, bool) {
      Real* h = a.h + row * width + lane;
      S::store(h, S::load(h) * Memory::template expand<Packed>(a.factor + head, lanes));
    });
  }

  template <bool Packed>
  static void unscale(const MlstmRows<Real>& a) {
    Lanes lanes;
    if constexpr (Packed) lanes.set(a);
    const long width = static_cast<long>(a.groups) * a.lanes;
    for_each(a, [&](long row, long head, long lane, int count, bool more) {
      Real* d_h = a.d_h + row * width + lane;
      const V d = S::load(d_h) * Memory::template expand<Packed>(a.factor + head, lanes);
      S::store(d_h, d);
      const V product = d * S::load(a.h + row * width + lane);
      const V sign = Memory::template expand<Packed>(a.sign + head, lanes);
      Memory::template add_dots<Packed>(a.d_dot + head, -product * sign, a, lanes, count, more);
    });
  }

  template <bool Packed>
  static void gate_dots(const MlstmRows<Real>& a) {
    Lanes lanes;
    if constexpr (Packed) lanes.set(a);
    for_each(a, [&](long row, long head, long lane, int count, bool more) {
      const long at = row * a.stride + lane;
      const V input = Memory::template expand<Packed>(a.input + head, lanes);
      const V d_k = S::load(a.dk + at) * input;
      S::store(a.dk + at, d_k);
      S::store(a.dv + at, S::load(a.dv + at) * input);
      const V by_k = d_k * S::load(a.k + at);
      const V by_q = S::load(a.dq + at) * S::load(a.q + at);
      Memory::template add_dots<Packed>(a.d_input + head, by_k, a, lanes, count, more);
      Memory::template add_dots<Packed>(a.d_forget + head, by_q - by_k, a, lanes, count, more);
    });
  }
};

}  // namespace psi_xlstm::kernels
