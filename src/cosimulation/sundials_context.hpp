#pragma once

// What the versions of SUNDIALS do differently.

#include <sundials/sundials_config.h>
#include <sundials/sundials_context.h>

namespace psi_xlstm {

/// A context without a communicator whose errors print nothing: they are in the flags.
inline SUNContext silent_context() {
  SUNContext context = nullptr;
#if SUNDIALS_VERSION_MAJOR < 7
  SUNContext_Create(nullptr, &context);
#else
  SUNContext_Create(SUN_COMM_NULL, &context);
  SUNContext_ClearErrHandlers(context);
#endif
  return context;
}

#if SUNDIALS_VERSION_MAJOR < 7
/// For the solvers, which printed on their own.
inline void ignore_message(int, const char*, const char*, char*, void*) {}
#endif

}  // namespace psi_xlstm
