#pragma once

/// @file
/// The one interface of all readers: does a file look like yours, and what is in it. A format is a
/// file of this folder and a line in formats.cpp.

#include <span>
#include <string_view>
#include <vector>

#include "data/tables/byte_source.hpp"
#include "data/tables/table.hpp"
#include "psi_xlstm/data/readers/reading.hpp"

namespace psi_xlstm {

/// What a reader found: a table from which records are chosen, or, where the format itself says
/// what its records are, these as well.
struct FileContents {
  DataTable table;
  bool chosen = false;          ///< `records` (or `problem`) are the format's own.
  std::vector<Record> records;  ///< Their ids without the stem of the file; empty: the only one.
  std::string problem;          ///< Why there are none; else empty.
};

/// One format.
struct FileFormat {
  /// Whether a file that begins with `head` is one of this format.
  bool (*recognises)(std::string_view head);
  /// Reads it. Throws DataError where it is damaged or too large.
  FileContents (*read)(ByteSource source, const ReadOptions& options);
};

/// All formats; the first that recognises a file reads it, and the last one recognises any.
std::span<const FileFormat> file_formats();

bool is_spice_raw(std::string_view head);
FileContents read_spice_raw(ByteSource source, const ReadOptions& options);

bool is_mdm(std::string_view head);
FileContents read_mdm(ByteSource source, const ReadOptions& options);

bool is_touchstone(std::string_view head);
FileContents read_touchstone(ByteSource source, const ReadOptions& options);

bool is_easyexpert(std::string_view head);
FileContents read_easyexpert(ByteSource source, const ReadOptions& options);

bool is_tektronix_list(std::string_view head);
FileContents read_tektronix_list(ByteSource source, const ReadOptions& options);

bool is_rigol_sequence(std::string_view head);
FileContents read_rigol_sequence(ByteSource source, const ReadOptions& options);

/// Any other table of text.
bool is_text(std::string_view head);
FileContents read_text_table(ByteSource source, const ReadOptions& options);

/// The columns called `names`, with `units` where there are some, and the names of `options` in
/// place of the first of them.
std::vector<TableColumn> named_columns(std::vector<std::string> names,
                                       const std::vector<std::string>& units,
                                       const ReadOptions& options);

/// The column that `options.record` names among `columns`; SIZE_MAX: none is named.
std::size_t record_column(const std::vector<TableColumn>& columns, const ReadOptions& options);

/// The column that `name` means: its name, its name in another case, or its number from 1. Nothing
/// if there is none.
std::optional<std::size_t> find_column(const std::vector<TableColumn>& columns,
                                       std::string_view name);

}  // namespace psi_xlstm
