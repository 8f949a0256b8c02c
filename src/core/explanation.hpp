#pragma once

#include <exception>
#include <string>

namespace psi_xlstm {

/// What went wrong, one sentence for the user, whatever was thrown: that of an Error as it is, of
/// the file system and of memory in the same form.
std::string explanation(const std::exception& problem);

}  // namespace psi_xlstm
