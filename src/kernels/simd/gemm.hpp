#pragma once

/// @file
/// Products of small matrices, register-blocked, for one instruction set. Row-major; every N is a
/// multiple of the number of lanes. Axes: c [M, N], a [M, K], b [K, N].

#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

/// c = a b (+ bias) or c += a b. b is in panels of columns, each [K, its width], see panel_begin():
/// the form Gemm::pack makes. With b_stride > 0 it is row-major instead.
template <class Real>
struct MatrixProduct {
  Real* c = nullptr;
  long c_stride = 0;
  const Real* a = nullptr;
  long a_stride = 0;
  const Real* b = nullptr;
  long b_stride = 0;
  const Real* bias = nullptr;  ///< [N], added to every row; null: none.
  bool accumulate = false;     ///< c += instead of c =
  Real* sums = nullptr;        ///< [N], of a transposed product: += the rows of d; null: none.
  int m = 0, k = 0, n = 0;
};

/// A block of M x (N vectors) of c in registers, and the loops over such blocks.
template <class Real, int Bytes>
struct Gemm {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  static constexpr int kLanes = S::kLanes;
  /// Rows of a block at most: the registers also hold N vectors of b and a factor.
  template <int N>
  static constexpr int kRows = Bytes != 64 || N > 3 ? 6
                               : N == 3             ? 8
                                                    : 12;
  static constexpr int kVectors = Bytes == 64 ? 4 : 2;  // 32 registers or 16
  static constexpr int kColumns = kVectors * kLanes;
  /// Terms of a sum per round of its loop: the end of a short loop would often be a surprise.
  static constexpr int kUnroll = 4;

  using Product = MatrixProduct<Real>;

  /// Panels of a matrix of n columns, of nearly equal width: of three vectors where 32 registers
  /// leave a choice, since then a block has more rows for what it reads of b.
  static int panels(int n) {
    const int least = (n + kColumns - 1) / kColumns, narrow = n / kLanes / 3;
    return Bytes == 64 && narrow > least ? narrow : least;
  }
  /// First column of a panel; the end of the last one is n.
  static int panel_begin(int n, int panel) { return part(n / kLanes, panel, panels(n)) * kLanes; }

  /// Packs b(k, n) = from[k row + n column] for n < columns, 0 up to n < padded.
  static void pack(
      Real* to, const Real* from, long row, long column, int k, int columns, int padded) {
    for (int panel = 0; panel < panels(padded); ++panel) {
      const int first = panel_begin(padded, panel), last = panel_begin(padded, panel + 1);
      for (int i = 0; i < k; ++i, to += last - first) {
        if (column == 1 && last <= columns) {
          for (int n = first; n < last; n += kLanes) {
            S::store(to + n - first, S::load(from + i * row + n));
          }
        } else {
          for (int n = first; n < last; ++n) {
            to[n - first] = n < columns ? from[i * row + n * column] : Real(0);
          }
        }
      }
    }
  }

  static void multiply(const Product& p) {
    for (int panel = 0; panel < panels(p.n); ++panel) {
      const int n0 = panel_begin(p.n, panel), width = panel_begin(p.n, panel + 1) - n0;
      const long at = p.b_stride > 0 ? n0 : static_cast<long>(n0) * p.k;
      const Real* b = p.k > 0 ? p.b + at : p.b;  // no terms: there may be no b
      const long stride = p.b_stride > 0 ? p.b_stride : width;
      columns_case<kVectors>(p, n0, width / kLanes, b, stride);
    }
  }

  /// c[K, N] += a[M, K]^T d[M, N], d and its stride in p.b and p.b_stride; K is p.k. p.sums is
  /// one more row of c, that of a column of ones.
  static void multiply_transposed(const Product& p) {
    for (int panel = 0; panel < panels(p.n); ++panel) {
      const int n0 = panel_begin(p.n, panel), width = panel_begin(p.n, panel + 1) - n0;
      transposed_case<kVectors>(p, n0, width / kLanes);
    }
  }

  /// to[c][r] = from[r][c]
  static void transpose(
      Real* to, long to_stride, const Real* from, long from_stride, int rows, int columns) {
    for (int r = 0; r < rows; r += kLanes) {
      for (int c = 0; c < columns; c += kLanes) {
        const Real* corner = from + r * from_stride + c;
        Real* target = to + c * to_stride + r;
        if (r + kLanes <= rows && c + kLanes <= columns) {
          transpose_square(target, to_stride, corner, from_stride);
          continue;
        }
        for (int i = 0; i < kLanes && r + i < rows; ++i) {
          for (int j = 0; j < kLanes && c + j < columns; ++j) {
            target[j * to_stride + i] = corner[i * from_stride + j];
          }
        }
      }
    }
  }

  /// acc[M][N] += a[M, k] b[k, N vectors]; the rows of a at a, a + a_stride, ..., the vectors of a
  /// row of b `between` numbers apart. With Step = -1 the columns of a are read downwards, and
  /// b_stride is negative.
  template <int M, int N, int Step = 1>
  [[gnu::always_inline]] static inline void add_products(V (&acc)[M][N],
                                                         const Real* a,
                                                         long a_stride,
                                                         const Real* b,
                                                         long b_stride,
                                                         int k,
                                                         long between = kLanes) {
    int i = 0;
    if constexpr (M == 1) {  // two sums: one would wait for its last addition
      V other[1][N] = {};
      for (; i + 1 < k; i += 2) {
        add_product<M, N>(acc, a + Step * i, a_stride, b + i * b_stride, between);
        add_product<M, N>(other, a + Step * (i + 1), a_stride, b + (i + 1) * b_stride, between);
      }
#pragma GCC unroll 16
      for (int n = 0; n < N; ++n) acc[0][n] += other[0][n];
    }
#pragma GCC unroll kUnroll
    for (; i < k; ++i) add_product<M, N>(acc, a + Step * i, a_stride, b + i * b_stride, between);
  }

 private:
  // Where part `index` of `parts` of equal size begins; the product may be beyond an int.
  static int part(int count, int index, int parts) {
    return static_cast<int>(static_cast<long>(count) * index / parts);
  }

  // Calls work(first row, rows) for blocks of equal height, at most Most: not for full ones and a
  // rest. Without a division for each.
  template <int Most, class Work>
  [[gnu::always_inline]] static inline void for_each_block(int rows, Work work) {
    const int blocks = (rows + Most - 1) / Most;
    if (blocks == 0) return;
    const int height = rows / blocks, higher = rows % blocks;
    for (int block = 0, first = 0; block < blocks; ++block) {
      const int own = height + (block < higher ? 1 : 0);
      work(first, own);
      first += own;
    }
  }

  // As many rows as lanes: exchanges halves, then quarters and so on between pairs of rows.
  static void transpose_square(Real* to, long to_stride, const Real* from, long from_stride) {
    V x[kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) x[i] = S::load(from + i * from_stride);
#pragma GCC unroll 4
    for (int step = 1; step < kLanes; step *= 2) {
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        if (i & step) continue;
        const V low = S::exchange(x[i], x[i + step], step, false);
        x[i + step] = S::exchange(x[i], x[i + step], step, true);
        x[i] = low;
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) S::store(to + i * to_stride, x[i]);
  }

  // With Ones, the last row of a is all ones.
  template <int M, int N, bool Ones = false>
  [[gnu::always_inline]] static inline void add_product(
      V (&acc)[M][N], const Real* a, long a_stride, const Real* b, long between = kLanes) {
    V column[N];
#pragma GCC unroll 16
    for (int n = 0; n < N; ++n) {
      column[n] = S::load(b + n * between);
      if constexpr (M > 1) S::hold(column[n]);
    }
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
      if constexpr (Ones) {
        if (m == M - 1) {
#pragma GCC unroll 16
          for (int n = 0; n < N; ++n) acc[m][n] += column[n];
          break;
        }
      }
      const V x = S::splat(a[m * a_stride]);
#pragma GCC unroll 16
      for (int n = 0; n < N; ++n) acc[m][n] += x * column[n];
    }
  }

  template <int N>
  static void columns_case(const Product& p, int n0, int vectors, const Real* b, long stride) {
    if (vectors == N) {
      for_each_block<kRows<N>>(
          p.m, [&](int first, int rows) { rows_case<kRows<N>, N>(p, first, rows, n0, b, stride); });
    } else if constexpr (N > 1) {
      columns_case<N - 1>(p, n0, vectors, b, stride);
    }
  }

  template <int M, int N>
  static void rows_case(const Product& p, int m0, int m, int n0, const Real* b, long stride) {
    if (m == M) {
      tile<M, N>(p, m0, n0, b, stride);
    } else if constexpr (M > 1) {
      rows_case<M - 1, N>(p, m0, m, n0, b, stride);
    }
  }

  template <int M, int N>
  static void tile(const Product& p, int m0, int n0, const Real* b, long stride) {
    V acc[M][N];
    Real* c = p.c + m0 * p.c_stride + n0;
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 16
      for (int n = 0; n < N; ++n) {
        acc[m][n] = p.bias ? S::load(p.bias + n0 + n * kLanes) : V{};
        if (p.accumulate) acc[m][n] += S::load(c + m * p.c_stride + n * kLanes);
      }
    }
    add_products<M, N>(acc, p.a + m0 * p.a_stride, p.a_stride, b, stride, p.k);
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 16
      for (int n = 0; n < N; ++n) S::store(c + m * p.c_stride + n * kLanes, acc[m][n]);
    }
  }

  template <int N>
  static void transposed_case(const Product& p, int n0, int vectors) {
    if (vectors == N) {
      for_each_block<kRows<N>>(p.k + (p.sums ? 1 : 0), [&](int first, int rows) {
        transposed_rows_case<kRows<N>, N>(p, first, rows, n0);
      });
    } else if constexpr (N > 1) {
      transposed_case<N - 1>(p, n0, vectors);
    }
  }

  template <int M, int N>
  static void transposed_rows_case(const Product& p, int k0, int rows, int n0) {
    if (rows == M) {
      k0 + M > p.k ? transposed_tile<M, N, true>(p, k0, n0)
                   : transposed_tile<M, N, false>(p, k0, n0);
    } else if constexpr (M > 1) {
      transposed_rows_case<M - 1, N>(p, k0, rows, n0);
    }
  }

  // With Sums, the last row is that of p.sums.
  template <int M, int N, bool Sums>
  static void transposed_tile(const Product& p, int k0, int n0) {
    V acc[M][N] = {};  // added to c at the end: small numbers to small ones
    const auto c = [&](int m) {
      return (Sums && m == M - 1 ? p.sums : p.c + (k0 + m) * p.c_stride) + n0;
    };
    const Real* a = p.a + k0;
    const Real* d = p.b + n0;
#pragma GCC unroll kUnroll
    for (int row = 0; row < p.m; ++row, a += p.a_stride, d += p.b_stride) {
      add_product<M, N, Sums>(acc, a, 1, d);
    }
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 16
      for (int n = 0; n < N; ++n) {
        S::store(c(m) + n * kLanes, S::load(c(m) + n * kLanes) + acc[m][n]);
      }
    }
  }
};

/// c[M, N] = a[M, K] b[K, N] + bias[N], all dense.
template <class Real, int Bytes>
void affine_rows(Real* c, const Real* a, const Real* b, const Real* bias, int m, int k, int n) {
  Gemm<Real, Bytes>::multiply({.c = c,
                               .c_stride = n,
                               .a = a,
                               .a_stride = k,
                               .b = b,
                               .b_stride = n,
                               .bias = bias,
                               .m = m,
                               .k = k,
                               .n = n});
}

/// c[M, N] = a[M, K] b[K, N], all dense.
template <class Real, int Bytes>
void multiply_rows(Real* c, const Real* a, const Real* b, int m, int k, int n) {
  affine_rows<Real, Bytes>(c, a, b, nullptr, m, k, n);
}

/// c[K, N] += a[M, K]^T d[M, N], all dense.
template <class Real, int Bytes>
void multiply_transposed(Real* c, const Real* a, const Real* d, int m, int k, int n) {
  Gemm<Real, Bytes>::multiply_transposed({.c = c,
                                          .c_stride = n,
                                          .a = a,
                                          .a_stride = k,
                                          .b = d,
                                          .b_stride = n,
                                          .m = m,
                                          .k = k,
                                          .n = n});
}

}  // namespace psi_xlstm::kernels
