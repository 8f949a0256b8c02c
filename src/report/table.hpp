#pragma once

/// @file
/// One table, five forms of text. Cells are plain text; each form escapes what it must.
///
/// Axes: R rows, C columns.

#include <string>
#include <vector>

namespace psi_xlstm {

/// A table of texts. A column whose cells are all numbers (with or without a unit) or empty is
/// aligned to the right.
struct Table {
  std::string caption;
  std::vector<std::string> header;             ///< [C]
  std::vector<std::vector<std::string>> rows;  ///< [R][C]
  std::string note;                            ///< What the numbers mean, below the table.
};

/// Throws ShapeError unless every row of `table` is as long as its header.
void check_table(const Table& table);

/// Which columns of `table` hold numbers, [C]. Throws as check_table does.
std::vector<bool> number_columns(const Table& table);

/// A Markdown table (GitHub's form), with caption and note. Throws as check_table does.
std::string to_markdown(const Table& table);

/// Comma-separated values (RFC 4180), header first, lines ended by "\n"; no caption, no note.
/// Throws as check_table does.
std::string to_csv(const Table& table);

/// A LaTeX `table` with `tabular` in the style of the booktabs package; the note stands below.
/// Throws as check_table does.
std::string to_latex(const Table& table);

/// A JSON object with "caption", "header", "rows" (lists of cells) and "note"; cells that are
/// nothing but a number are numbers, "n/a" and empty cells null. Throws as check_table does.
std::string to_json(const Table& table);

/// Columns of a terminal that a table is made for.
inline constexpr int kTerminalWidth = 100;

/// Aligned columns for a terminal, with caption and note: within kTerminalWidth columns. Throws as
/// check_table does.
std::string to_text(const Table& table);

/// The same within `width` columns. Where the table is wider, headers and texts are broken at their
/// blanks; where that is not enough, the last columns are left out and named below.
std::string to_text_within(const Table& table, int width);

/// `text` as a paragraph within kTerminalWidth columns.
std::string filled(const std::string& text);

/// `text` on lines of at most `width` columns, broken at its blanks; a longer word stays whole.
std::vector<std::string> broken_lines(const std::string& text, int width);

}  // namespace psi_xlstm
