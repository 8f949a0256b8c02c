#include "training/blas.hpp"

#include <dlfcn.h>
#include <torch/utils.h>

namespace psi_xlstm::training {
namespace {

// A function of OpenBLAS; null where there is none.
template <class Function>
Function* of_openblas(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

void use_one_thread() {
  torch::set_num_threads(1);
  if (const auto set_threads = of_openblas<void(int)>("openblas_set_num_threads")) set_threads(1);
}

std::string blas_core() {
  const auto core_name = of_openblas<char*()>("openblas_get_corename");
  return core_name == nullptr ? "" : core_name();
}

}  // namespace psi_xlstm::training
