#pragma once

/// @file
/// Where in a file of text its table stands, how its cells are separated and which line names them,
/// found by looking at its head.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// One line of the head of a file.
struct HeadLine {
  std::size_t number = 0;  ///< Counted from 1.
  std::string_view text;   ///< Without line end and byte-order mark.
};

/// The lines of `head`; the last one is left out where the file goes on behind it.
std::vector<HeadLine> lines_of_head(std::string_view head, bool head_is_all);

/// What a line is besides a row of numbers.
bool is_blank(std::string_view line);
/// Starts with "#", "%", "!", "*" or "//".
bool is_comment(std::string_view line);

/// The layout of a table of text.
struct TextLayout {
  std::string format = "table of text";
  char separator = ',';             ///< ' ': any run of blanks.
  std::size_t header_line = 0;      ///< 0: nothing names the columns.
  std::size_t first_data_line = 0;  ///< 0: there are no rows.
  bool commented_header = false;    ///< The names stand behind a "#".
  bool repeats_headers = false;     ///< Lines that are no rows may stand between rows.
  std::vector<std::string> names;   ///< Empty texts where there are none.
  std::vector<std::string> units;   ///< Of a line of their own; empty: none.
};

/// Finds the layout. `where` is the file. Throws DataError where there is no table, naming what is
/// nearest to one.
TextLayout find_text_layout(std::string_view head, bool head_is_all, const std::string& where);

/// "commas", "tabs", ... for what separates cells.
std::string separator_name(char separator);

}  // namespace psi_xlstm
