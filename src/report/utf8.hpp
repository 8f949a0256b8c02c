#pragma once

/// @file
/// Text from outside made safe to print.

#include <string>
#include <string_view>

namespace psi_xlstm {

/// `text` as valid UTF-8 on one line: a run of control characters (line ends, escape sequences)
/// becomes one space, each invalid byte a question mark.
std::string printable(std::string_view text);

/// Columns that the valid UTF-8 `text` takes on a terminal: 0 for combining marks, 2 for East Asian
/// wide characters and pictographs, else 1 per character.
int display_width(std::string_view text);

}  // namespace psi_xlstm
