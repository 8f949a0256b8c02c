#pragma once

/// @file
/// Storage of the published convention's layers.

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace psi_xlstm::kernels {

/// Numbers at the start of a cache line, zero when they are new. Grows and never shrinks.
template <class Real>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size) { reserve(size); }
  ~AlignedBuffer() { release(); }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        alignment_(other.alignment_) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(alignment_, other.alignment_);
    return *this;
  }

  /// Room for `size` numbers. What was there is lost, and all are zero, where it has to grow.
  void reserve(std::size_t size) {
    if (size <= size_) return;
    release();
    allocate(size * sizeof(Real));
    size_ = size;
    fill_zero(size);
  }
  /// Room for `size` numbers, all of them zero.
  void clear(std::size_t size) {
    reserve(size);
    fill_zero(size);
  }
  Real* data() { return data_; }
  const Real* data() const { return data_; }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kHugePage = std::size_t{1} << 21, kHuge = std::size_t{1} << 18;

  // Long arrays in large pages, where the system has them: the scans along time go from page to
  // page, and would wait for the addresses.
  void allocate(std::size_t bytes) {
    alignment_ = std::align_val_t{bytes < kHuge ? kLine : kHugePage};
    if (bytes >= kHuge) bytes = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    data_ = static_cast<Real*>(::operator new(bytes, alignment_));
#if defined(__linux__)
    if (bytes >= kHuge) madvise(static_cast<void*>(data_), bytes, MADV_HUGEPAGE);
#endif
  }

  void fill_zero(std::size_t size) {
    if (size > 0) std::memset(static_cast<void*>(data_), 0, size * sizeof(Real));
  }
  void release() {
    ::operator delete(data_, alignment_);
    data_ = nullptr;
    size_ = 0;
  }

  Real* data_ = nullptr;
  std::size_t size_ = 0;
  std::align_val_t alignment_{kLine};
};

/// `count` rounded up to a multiple of `unit`.
constexpr int rounded_up(int count, int unit) { return (count + unit - 1) / unit * unit; }

}  // namespace psi_xlstm::kernels
