// Tests of what trains compute as the trainer does, on one thread: several of them run side by
// side, and threads that wait for each other on busy cores take fifty times as long.

#include "training/blas.hpp"

namespace {

[[maybe_unused]] const bool one_thread = [] {
  psi_xlstm::training::use_one_thread();
  return true;
}();

}  // namespace
