#pragma once

/// @file
/// The BLAS behind LibTorch, where that is OpenBLAS.

#include <string>

namespace psi_xlstm::training {

/// LibTorch and its BLAS compute on the calling thread alone from now on: trainings run side by
/// side, and no result depends on the number of cores. LibTorch's own setting does not reach an
/// OpenBLAS with threads of its own.
void use_one_thread();

/// Whose kernels the BLAS uses, e.g. "SkylakeX"; empty where it is another BLAS.
std::string blas_core();

}  // namespace psi_xlstm::training
