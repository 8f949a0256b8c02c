// Products of matrices of gemm.hpp, called as the xLSTM cells call them.
#include "kernels/simd/gemm.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/rng.hpp"
#include "kernels/simd/loops_of.hpp"
#include "kernels/xlstm/arguments.hpp"

namespace psi_xlstm::kernels {
namespace {

template <class Real>
const XlstmLoops<Real>& xlstm_loops_of(InstructionSet set) {
  return loops_of(
      set, []<int Bytes>() -> const XlstmLoops<Real>& { return xlstm_loops<Real, Bytes>(); });
}

using Reals = testing::Types<float, double>;

/// Products against plain sums, whole numbers so that both are exact.
template <class Real>
class ProductsOf : public testing::Test {
 protected:
  static std::vector<Real> numbers(int count) {
    static Rng rng(3);
    std::vector<Real> result;
    for (int i = 0; i < count; ++i) {
      result.push_back(static_cast<Real>(static_cast<int>(rng.index(19)) - 9));
    }
    return result;
  }
};
TYPED_TEST_SUITE(ProductsOf, Reals);

TYPED_TEST(ProductsOf, AgreeWithPlainSums) {
  using Real = TypeParam;
  for (const InstructionSet set : available_instruction_sets()) {
    const auto& loops = xlstm_loops_of<Real>(set);
    for (const int m : {1, 2, 5, 6, 7, 13, 24}) {
      for (const int k : {0, 1, 2, 3, 7, 12, 20}) {
        for (const int vectors : {1, 2, 3, 4, 5, 9, 13}) {
          const int n = vectors * loops.lanes, a_stride = k + 3, c_stride = n + loops.lanes;
          SCOPED_TRACE(std::string(name(set)) + " " + std::to_string(m) + " " + std::to_string(k) +
                       " " + std::to_string(n));
          const auto a = this->numbers(m * a_stride + 1), b = this->numbers(k * n);
          const auto bias = this->numbers(n), start = this->numbers(m * c_stride);
          std::vector<Real> packed(static_cast<std::size_t>(k * n)), packed_across(packed.size());
          loops.pack(packed.data(), b.data(), n, 1, k, n, n);
          std::vector<Real> across(static_cast<std::size_t>(k * n));  // [n][k]
          loops.transpose(across.data(), k, b.data(), n, k, n);
          loops.pack(packed_across.data(), across.data(), 1, k, k, n, n);
          EXPECT_EQ(packed, packed_across);
          std::vector<Real> c = start, row_major = start, added = start;
          MatrixProduct<Real> p{.c = c.data(),
                                .c_stride = c_stride,
                                .a = a.data(),
                                .a_stride = a_stride,
                                .b = packed.data(),
                                .b_stride = 0,
                                .bias = bias.data(),
                                .accumulate = false,
                                .m = m,
                                .k = k,
                                .n = n};
          loops.multiply(p);
          p.c = row_major.data();
          p.b = b.data();
          p.b_stride = n;
          loops.multiply(p);
          p.c = added.data();
          p.bias = nullptr;
          p.accumulate = true;
          loops.multiply(p);
          for (int i = 0; i < m; ++i) {
            for (int j = 0; j < c_stride; ++j) {
              const std::size_t at = static_cast<std::size_t>(i * c_stride + j);
              Real sum = 0;
              for (int q = 0; j < n && q < k; ++q) {
                sum += a[static_cast<std::size_t>(i * a_stride + q)] *
                       b[static_cast<std::size_t>(q * n + j)];
              }
              const Real expected = j < n ? sum + bias[static_cast<std::size_t>(j)] : start[at];
              ASSERT_EQ(c[at], expected);
              ASSERT_EQ(row_major[at], expected);
              ASSERT_EQ(added[at], start[at] + sum);
            }
          }
        }
      }
    }
  }
}

TYPED_TEST(ProductsOf, TransposedAgreeWithPlainSums) {
  using Real = TypeParam;
  for (const InstructionSet set : available_instruction_sets()) {
    const auto& loops = xlstm_loops_of<Real>(set);
    for (const int m : {0, 1, 2, 9, 40}) {
      for (const int k : {1, 3, 6, 7, 20}) {
        for (const int vectors : {1, 2, 3, 4, 5, 9}) {
          const int n = vectors * loops.lanes, a_stride = k + 1, d_stride = n + 2;
          SCOPED_TRACE(std::string(name(set)) + " " + std::to_string(m) + " " + std::to_string(k) +
                       " " + std::to_string(n));
          const auto a = this->numbers(m * a_stride + 1), d = this->numbers(m * d_stride + 1);
          const auto start = this->numbers(k * n), columns = this->numbers(n);
          std::vector<Real> c = start, sums = columns;
          loops.multiply_transposed({.c = c.data(),
                                     .c_stride = n,
                                     .a = a.data(),
                                     .a_stride = a_stride,
                                     .b = d.data(),
                                     .b_stride = d_stride,
                                     .bias = nullptr,
                                     .accumulate = true,
                                     .sums = sums.data(),
                                     .m = m,
                                     .k = k,
                                     .n = n});
          for (int j = 0; j < n; ++j) {
            Real column = columns[static_cast<std::size_t>(j)];
            for (int i = 0; i < m; ++i) column += d[static_cast<std::size_t>(i * d_stride + j)];
            ASSERT_EQ(sums[static_cast<std::size_t>(j)], column);
            for (int q = 0; q < k; ++q) {
              Real sum = start[static_cast<std::size_t>(q * n + j)];
              for (int i = 0; i < m; ++i) {
                sum += a[static_cast<std::size_t>(i * a_stride + q)] *
                       d[static_cast<std::size_t>(i * d_stride + j)];
              }
              ASSERT_EQ(c[static_cast<std::size_t>(q * n + j)], sum);
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace psi_xlstm::kernels
