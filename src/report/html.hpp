#pragma once

/// @file
/// The report of a run as one HTML file: nothing is loaded from elsewhere, and the one script,
/// which copies text, is named by its checksum.

#include <string>
#include <string_view>
#include <vector>

#include "report/table.hpp"

namespace psi_xlstm {

/// A key number, e.g. "test MSE over noise floor" with "1.02".
struct ReportCard {
  std::string label;
  std::string value;
  std::string note;  ///< What it is to be held against.
};

/// A drawn figure. Without `svg`, `caption` stands alone.
struct ReportFigure {
  std::string svg;
  std::string caption;
};

/// A file of the run, by its path relative to the page.
struct ReportLink {
  std::string path;
  std::string what;
};

/// Text that a reader copies, with a button for it.
struct ReportCode {
  std::string title;
  std::string text;
  std::string note;
  std::vector<ReportLink> links;  ///< The files that it names.
};

/// A part of the report: paragraphs, links, codes, figures, tables, then what is folded.
struct ReportSection {
  std::string heading;
  std::vector<std::string> paragraphs;
  std::vector<Table> tables;
  std::vector<ReportFigure> figures;
  std::vector<ReportLink> links = {};
  std::vector<ReportCode> codes = {};
  std::vector<ReportSection> folded = {};  ///< Shown on a click; their own folds are not.
};

/// The whole report. All texts are plain text.
struct ReportPage {
  std::string title;
  std::string subtitle;                   ///< The finding in one sentence.
  std::vector<std::string> introduction;  ///< What was done and how good it is, in words.
  std::vector<ReportCard> cards;
  std::vector<std::string> warnings;
  std::vector<ReportSection> sections;
  std::vector<std::string> footer;  ///< Versions and the like, one line each.
};

/// The page as a self-contained HTML 5 document for light and dark screens of any width and for
/// paper; equal pages give equal bytes. Throws ShapeError if a table's rows do not fit its header.
std::string to_html(const ReportPage& page);

/// `bytes` in base64 (RFC 4648, with padding).
std::string base64(std::string_view bytes);

}  // namespace psi_xlstm
