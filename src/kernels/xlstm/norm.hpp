#pragma once

/// @file
/// LayerNorm of an mLSTM layer and linear output of the network for one instruction set.

#include "kernels/simd/vector.hpp"
#include "kernels/xlstm/arguments.hpp"
#include "kernels/xlstm/rows.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct NormLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Rows = RowLoops<Real, Bytes>;
  static constexpr int W = S::kLanes;
  static constexpr Real kVariance = static_cast<Real>(1e-5);  // added to the variance

  static void norm_forward(const LayerNormRows<Real>& a) {
    if (a.heads) Rows::factors(*a.heads);
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
  // What is done with a row of the memory's heads: nothing, or with one or several to a vector.
  enum class Heads { kNone, kWhole, kPacked };
  template <Heads H>
  struct HeadsCase {
    static constexpr Heads kHeads = H;
  };

  template <class Work>
  static void for_heads_case(const MlstmRows<Real>* heads, Work work) {
    if (!heads) {
      work(HeadsCase<Heads::kNone>{});
    } else if (heads->in.heads_per_group > 1) {
      work(HeadsCase<Heads::kPacked>{});
    } else {
      work(HeadsCase<Heads::kWhole>{});
    }
  }

  // N vectors of a row in registers; 0: any number of them, read again for every use.
  template <int N>
  static void norm_forward_of(const LayerNormRows<Real>& given) {
    // Copies: the compiler must think that a store to a row changes what the arguments hold.
    const LayerNormRows<Real> a = given;
    const MlstmRows<Real> of_heads = a.heads ? *a.heads : MlstmRows<Real>{};
    const HeadRows<Real> output = a.head ? *a.head : HeadRows<Real>{};
    for_heads_case(a.heads, [&](auto heads) {
      typename Rows::FirstHead first_head(a.heads);
      for (int row = 0; row < a.rows; ++row) {
        if constexpr (heads.kHeads != Heads::kNone) {
          Rows::template scale_row<heads.kHeads == Heads::kPacked>(of_heads, row,
                                                                   first_head.next());
        }
        norm_row<N>(a, output, row);
      }
    });
  }

  template <int N>
  [[gnu::always_inline]] static inline void norm_row(const LayerNormRows<Real>& a,
                                                     const HeadRows<Real>& head,
                                                     int row) {
    const int vectors = N > 0 ? N : a.padded / W;
    const Real scale = 1 / static_cast<Real>(a.units);
    const Real* from = a.x + static_cast<long>(row) * a.padded;
    Real* to = a.y + static_cast<long>(row) * a.padded;
    V x[N + (N == 0)];
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
    const Real inverse = 1 / S::root(S::sum(squares) * scale + kVariance);
    a.statistics[2 * row] = mean;
    a.statistics[2 * row + 1] = inverse;
    const Real* head_weight = a.head ? head.weight : a.weight;
    V output{};
    for (int v = 0; v < vectors; ++v) {
      const V d = (at(v) - mean) * inverse;
      const V y = d * S::load(a.weight + v * W) + S::load(a.bias + v * W);
      S::store(to + v * W, y);
      output += y * S::load(head_weight + v * W);
    }
    if (a.head) head.y[row] = S::sum(output) + head.bias;
  }

  template <int N>
  static void norm_backward_of(const LayerNormRows<Real>& a) {
    for_heads_case(a.heads, [&](auto heads) {
      a.head ? norm_backward_rows<N, heads.kHeads, true>(a)
             : norm_backward_rows<N, heads.kHeads, false>(a);
    });
  }

  // Sums over rows of N vectors in registers, of any number of them where they belong.
  template <int N>
  struct Sums {
    Real* to;
    V sum[N + (N == 0)];
    [[gnu::always_inline]] explicit inline Sums(Real* begin) : to(begin) {
      if constexpr (N > 0) load_all<N>(sum, begin);
    }
    [[gnu::always_inline]] inline void add(int v, V x) {
      if constexpr (N > 0) {
        sum[v] += x;
      } else {
        S::store(to + v * W, S::load(to + v * W) + x);
      }
    }
    [[gnu::always_inline]] inline void store() const {
      if constexpr (N > 0) store_all<N>(to, sum);
    }
  };

  template <int N, Heads H, bool Output>
  static void norm_backward_rows(const LayerNormRows<Real>& given) {
    const LayerNormRows<Real> a = given;  // copies as in the forward pass
    const MlstmRows<Real> of_heads = a.heads ? *a.heads : MlstmRows<Real>{};
    const HeadRows<Real> output = a.head ? *a.head : HeadRows<Real>{};
    const int vectors = N > 0 ? N : a.padded / W;
    const Real scale = 1 / static_cast<Real>(a.units);
    Sums<N> d_weight(a.d_weight), d_bias(a.d_bias), d_head(Output ? output.d_weight : a.d_bias);
    typename Rows::FirstHead first_head(a.heads);
    for (int row = 0; row < a.rows; ++row) {
      const long at = static_cast<long>(row) * a.padded;
      const Real mean = a.statistics[2 * row], inverse = a.statistics[2 * row + 1];
      const V shift = S::splat(-mean * inverse);
      const V by_output = Output ? S::splat(output.d_y[row]) : V{};
      const auto d_y = [&](int v) {
        if constexpr (!Output) return S::load(a.d_y + at + v * W);
        const V d = by_output * S::load(output.weight + v * W);
        return output.accumulate ? d + S::load(a.d_y + at + v * W) : d;
      };
      V sum_g{}, sum_gx{};
      for (int v = 0; v < vectors; ++v) {
        const V d = d_y(v);
        const V x = S::load(a.x + at + v * W) * inverse + shift;
        const V g = d * S::load(a.weight + v * W);
        d_weight.add(v, d * x);
        d_bias.add(v, d);
        if constexpr (Output) d_head.add(v, by_output * S::load(a.y + at + v * W));
        sum_g += g;
        sum_gx += g * x;
      }
      const Real mean_g = S::sum(sum_g) * scale, mean_gx = S::sum(sum_gx) * scale;
      for (int v = 0; v < vectors; ++v) {
        const V x = S::load(a.x + at + v * W) * inverse + shift;
        const V g = d_y(v) * S::load(a.weight + v * W);
        const V d = (g - mean_g - x * mean_gx) * inverse;
        S::store(a.d_x + at + v * W, d * S::load(a.mask + v * W));
      }
      if constexpr (H != Heads::kNone) {
        Rows::template unscale_row<H == Heads::kPacked>(of_heads, row, first_head.next());
      }
    }
    d_weight.store();
    d_bias.store();
    if constexpr (Output) d_head.store();
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
};

}  // namespace psi_xlstm::kernels
