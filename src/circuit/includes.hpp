#pragma once

/// @file
/// A deck in one piece: what .include and .lib bring stands in their place.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// A line with where it stands: "line 12" of the deck itself, "models.lib line 7" of another file.
struct DeckLine {
  std::string place;
  std::string text;
};

/// The lines of `text`.
std::vector<DeckLine> deck_lines(std::string_view text);

/// The same with the files that `.include file` and `.lib file section` name in their place; a name
/// is relative to `folder`, that of the deck, or to the file in which it stands. Throws SpiceError
/// where a file or its section is not there, cannot be read, or includes itself.
std::vector<DeckLine> deck_lines_with_files(std::string_view text,
                                            const std::filesystem::path& folder);

}  // namespace psi_xlstm
