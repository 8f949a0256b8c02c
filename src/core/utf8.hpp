#pragma once

/// @file
/// Text from outside made safe to print.

#include <cstddef>
#include <string>
#include <string_view>

namespace psi_xlstm {

/// `text` as valid UTF-8 on one line: a run of control characters (line ends, escape sequences)
/// becomes one space, each invalid byte a question mark.
std::string printable(std::string_view text);

/// `text`, of several lines, with every line made printable; line ends stay.
std::string printable_lines(std::string_view text);

/// The first `longest` bytes of the valid UTF-8 `text` or fewer, whole characters, and "..." where
/// something is missing.
std::string cut(std::string_view text, std::size_t longest);

/// `text` in double quotes for a message: printable and cut.
std::string in_quotes(std::string_view text, std::size_t longest = 60);

/// Columns that the valid UTF-8 `text` takes on a terminal: 0 for combining marks, 2 for East Asian
/// wide characters and pictographs, else 1 per character.
int display_width(std::string_view text);

}  // namespace psi_xlstm
