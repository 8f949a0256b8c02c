#pragma once

#include <string>

namespace psi_xlstm::testing {

/// The message of the `Exception` that `call` throws; "nothing thrown" otherwise.
template <class Exception, class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Exception& e) {
    return e.what();
  }
  return "nothing thrown";
}

}  // namespace psi_xlstm::testing
