#pragma once

#include <string>

namespace psi_xlstm {

/// `word` as one word of a POSIX shell, for a command that is shown: in single quotes unless it is
/// plain.
std::string shell_word(const std::string& word);

}  // namespace psi_xlstm
