#pragma once

/// @file
/// Storage of layers and what they keep.

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
        mapped_(std::exchange(other.mapped_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
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
  static constexpr std::align_val_t kAlignment{64};
  static constexpr std::size_t kHugePage = std::size_t{1} << 21, kHuge = std::size_t{1} << 18;

  // Long arrays in large pages, where the system has them: the scans along time go from page to
  // page, and would wait for the addresses. Fresh pages of their own, since what was in use before
  // stays in small ones.
  void allocate(std::size_t bytes) {
#if defined(__linux__)
    if (bytes >= kHuge) {
      mapped_ = (bytes + kHugePage - 1) / kHugePage * kHugePage;
      data_ = static_cast<Real*>(huge_pages(mapped_));
      return;
    }
#endif
    data_ = static_cast<Real*>(::operator new(bytes, kAlignment));
  }

#if defined(__linux__)
  // `bytes` from the begin of a large page on: maps one page more and returns what is beside.
  static void* huge_pages(std::size_t bytes) {
    void* const all = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) throw std::bad_alloc();
    char* const begin = static_cast<char*>(all);
    const std::size_t before = (kHugePage - reinterpret_cast<std::size_t>(all) % kHugePage);
    munmap(begin, before);
    if (before < kHugePage) munmap(begin + before + bytes, kHugePage - before);
    madvise(begin + before, bytes, MADV_HUGEPAGE);
    return begin + before;
  }
#endif

  void fill_zero(std::size_t size) {
    if (size > 0) std::memset(static_cast<void*>(data_), 0, size * sizeof(Real));
  }
  void release() {
#if defined(__linux__)
    if (mapped_ > 0) {
      munmap(static_cast<void*>(data_), mapped_);
      mapped_ = 0;
      data_ = nullptr;
    }
#endif
    ::operator delete(data_, kAlignment);
    data_ = nullptr;
    size_ = 0;
  }

  Real* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;  // bytes of pages of its own
};

/// `count` rounded up to a multiple of `unit`.
constexpr int rounded_up(int count, int unit) { return (count + unit - 1) / unit * unit; }

}  // namespace psi_xlstm::kernels
