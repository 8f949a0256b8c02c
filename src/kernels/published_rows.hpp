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
  using Bits = typename S::Bits;
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
    a.in.heads_per_group > 1 ? scale<true>(a) : scale<false>(a);
  }

  /// d_h by h to that by the numerator; d_dot = - sum(d_h h) factor sign.
  static void normalise_backward(const MlstmRows<Real>& a) {
    a.in.heads_per_group > 1 ? unscale<true>(a) : unscale<false>(a);
  }

  static void gate_gradients(const MlstmRows<Real>& a) {
    a.in.heads_per_group > 1 ? gate_dots<true>(a) : gate_dots<false>(a);
  }

  static void norm_forward(const LayerNormRows<Real>& a) {
    switch (a.padded / W) {
      case 1:
        return norm_forward_of<1>(a);
      case 2:
        return norm_forward_of<2>(a);
      case 4:
        return norm_forward_of<4>(a);
      case 8:
        return norm_forward_of<8>(a);
      default:
        return norm_forward_of<0>(a);
    }
  }

  static void norm_backward(const LayerNormRows<Real>& a) {
    switch (a.padded / W) {
      case 1:
        return norm_backward_of<1>(a);
      case 2:
        return norm_backward_of<2>(a);
      case 4:
        return norm_backward_of<4>(a);
      default:
        return norm_backward_of<0>(a);
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
    for (int j = 0; j < a.padded;) {
      const int left = (a.padded - j) / W;
      j += W * (left >= 4   ? head_columns<4>(a, j)
                : left >= 2 ? head_columns<2>(a, j)
                            : head_columns<1>(a, j));
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

  // N vectors of a row in registers; 0: any number of them, read again for every use.
  template <int N>
  static void norm_forward_of(const LayerNormRows<Real>& a) {
    const int vectors = N > 0 ? N : a.padded / W;
    const Real scale = 1 / static_cast<Real>(a.units);
    for (int row = 0; row < a.rows; ++row) {
      const Real* from = a.x + static_cast<long>(row) * a.padded;
      Real* to = a.y + static_cast<long>(row) * a.padded;
      V x[N > 0 ? N : 1];
      const auto at = [&](int v) { return N > 0 ? x[v] : S::load(from + v * W); };
      V total{};
      for (int v = 0; v < vectors; ++v) {
        if constexpr (N > 0) x[v] = S::load(from + v * W);
        total += at(v);
      }
      const Real mean = S::sum(total) * scale;
      V squares{};
      for (int v = 0; v < vectors; ++v) {
        const V d = (at(v) - mean) * S::load(a.mask + v * W);
        squares += d * d;
      }
      const Real inverse = inverse_root(S::sum(squares) * scale + kVariance);
      for (int v = 0; v < vectors; ++v) {
        const V d = (at(v) - mean) * inverse;
        S::store(to + v * W, d * S::load(a.weight + v * W) + S::load(a.bias + v * W));
      }
      a.statistics[2 * row] = mean;
      a.statistics[2 * row + 1] = inverse;
    }
  }

  template <int N>
  static void norm_backward_of(const LayerNormRows<Real>& a) {
    const int vectors = N > 0 ? N : a.padded / W;
    const Real scale = 1 / static_cast<Real>(a.units);
    V d_weight[N > 0 ? N : 1], d_bias[N > 0 ? N : 1];
    if constexpr (N > 0) load_all<N>(d_weight, a.d_weight), load_all<N>(d_bias, a.d_bias);
    for (int row = 0; row < a.rows; ++row) {
      const long at = static_cast<long>(row) * a.padded;
      const Real mean = a.statistics[2 * row], inverse = a.statistics[2 * row + 1];
      const V shift = S::splat(-mean * inverse);
      V sum_g{}, sum_gx{};
      for (int v = 0; v < vectors; ++v) {
        const V d = S::load(a.d_y + at + v * W);
        const V x = S::load(a.x + at + v * W) * inverse + shift;
        const V g = d * S::load(a.weight + v * W);
        if constexpr (N > 0) {
          d_weight[v] += d * x;
          d_bias[v] += d;
        } else {
          S::store(a.d_weight + v * W, S::load(a.d_weight + v * W) + d * x);
          S::store(a.d_bias + v * W, S::load(a.d_bias + v * W) + d);
        }
        sum_g += g;
        sum_gx += g * x;
      }
      const Real mean_g = S::sum(sum_g) * scale, mean_gx = S::sum(sum_gx) * scale;
      for (int v = 0; v < vectors; ++v) {
        const V x = S::load(a.x + at + v * W) * inverse + shift;
        const V g = S::load(a.d_y + at + v * W) * S::load(a.weight + v * W);
        const V d = (g - mean_g - x * mean_gx) * inverse;
        S::store(a.d_x + at + v * W, d * S::load(a.mask + v * W));
      }
    }
    if constexpr (N > 0) store_all<N>(a.d_weight, d_weight), store_all<N>(a.d_bias, d_bias);
  }

  // The columns j .. j + N W - 1 of all rows. Returns N.
  template <int N>
  static int head_columns(const HeadRows<Real>& a, int j) {
    V weight[N], d_weight[N];
    load_all<N>(weight, a.weight + j);
    load_all<N>(d_weight, a.d_weight + j);
    for (int row = 0; row < a.rows; ++row) {
      const long at = static_cast<long>(row) * a.padded + j;
      const V d = S::splat(a.d_y[row]);
      for (int v = 0; v < N; ++v) {
        V d_h = d * weight[v];
        if (a.accumulate) d_h += S::load(a.d_h + at + v * W);
        S::store(a.d_h + at + v * W, d_h);
        d_weight[v] += d * S::load(a.h + at + v * W);
      }
    }
    store_all<N>(a.d_weight + j, d_weight);
    return N;
  }

  template <int N>
  [[gnu::always_inline]] static inline void load_all(V (&to)[N], const Real* from) {
    for (int v = 0; v < N; ++v) to[v] = S::load(from + v * W);
  }
  template <int N>
  [[gnu::always_inline]] static inline void store_all(Real* to, const V (&from)[N]) {
    for (int v = 0; v < N; ++v) S::store(to + v * W, from[v]);
  }

  // Calls work(Memory::Groups<N>, row, first of N groups, offset of its first head in the gates'
  // arrays).
  template <bool Packed, class Work>
  [[gnu::always_inline]] static inline void for_each(const MlstmRows<Real>& a, Work work) {
    for (int first = 0; first < a.rows; first += a.sequences) {
      long heads = first / a.sequences * a.gate_lanes;
      for (int row = first; row < first + a.sequences; ++row, heads += a.in.heads) {
        Memory::template for_each_group<Packed>(a.in, [&](auto count, int group) {
          work(count, row, group, heads + group * a.in.heads_per_group);
        });
      }
    }
  }

  template <bool Packed>
  static void scale(const MlstmRows<Real>& a) {
    const long width = static_cast<long>(a.in.groups) * a.in.lanes;
    for_each<Packed>(a, [&](auto count, int row, int group, long head) {
      const Bits head_of = Memory::template heads_of<Packed>(a.in, group);
      for (int g = 0; g < count.kCount; ++g) {
        const V factor = Memory::template expand<Packed>(a.factor + head + g, head_of);
        Real* h = a.h + row * width + (group + g) * a.in.lanes;
        for (int lane = 0; lane < a.in.lanes; lane += W) {
          S::store(h + lane, S::load(h + lane) * factor);
        }
      }
    });
  }

  template <bool Packed>
  static void unscale(const MlstmRows<Real>& a) {
    const long width = static_cast<long>(a.in.groups) * a.in.lanes;
    for_each<Packed>(a, [&](auto count, int row, int group, long head) {
      const Bits head_of = Memory::template heads_of<Packed>(a.in, group);
      V products[count.kCount] = {};
      for (int g = 0; g < count.kCount; ++g) {
        const V factor = Memory::template expand<Packed>(a.factor + head + g, head_of);
        const long first = row * width + (group + g) * a.in.lanes;
        for (int lane = 0; lane < a.in.lanes; lane += W) {
          const V d = S::load(a.d_h + first + lane) * factor;
          S::store(a.d_h + first + lane, d);
          products[g] -= d * S::load(a.h + first + lane);
        }
        products[g] *= Memory::template expand<Packed>(a.sign + head + g, head_of);
      }
      Memory::template store_dots<Packed>(a.d_dot + head, products, a.in, group);
    });
  }

  template <bool Packed>
  static void gate_dots(const MlstmRows<Real>& a) {
    for_each<Packed>(a, [&](auto count, int row, int group, long head) {
      const Bits head_of = Memory::template heads_of<Packed>(a.in, group);
      V by_k[count.kCount] = {}, by_forget[count.kCount] = {};
      for (int g = 0; g < count.kCount; ++g) {
        const V input = Memory::template expand<Packed>(a.input + head + g, head_of);
        const long first = row * a.stride + (group + g) * a.in.lanes;
        for (int lane = 0; lane < a.in.lanes; lane += W) {
          const long at = first + lane;
          const V d_k = S::load(a.dk + at) * input;
          S::store(a.dk + at, d_k);
          S::store(a.dv + at, S::load(a.dv + at) * input);
          const V product = d_k * S::load(a.k + at);
          by_k[g] += product;
          by_forget[g] += S::load(a.dq + at) * S::load(a.q + at) - product;
        }
      }
      Memory::template store_dots<Packed>(a.d_input + head, by_k, a.in, group);
      Memory::template store_dots<Packed>(a.d_forget + head, by_forget, a.in, group);
    });
  }
};

}  // namespace psi_xlstm::kernels
