#pragma once

/// @file
/// The report of a run as one HTML file: no scripts, nothing loaded from elsewhere.

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

/// A part of the report: paragraphs, then tables, then figures.
struct ReportSection {
  std::string heading;
  std::vector<std::string> paragraphs;
  std::vector<Table> tables;
  std::vector<ReportFigure> figures;
};

/// The whole report. All texts are plain text.
struct ReportPage {
  std::string title;
  std::string subtitle;  ///< The finding in one sentence.
  std::vector<ReportCard> cards;
  std::vector<std::string> warnings;
  std::vector<ReportSection> sections;
  std::vector<std::string> footer;  ///< Versions and the like, one line each.
};

/// The page as a self-contained HTML 5 document; equal pages give equal bytes. Throws ShapeError if
/// a table's rows do not fit its header.
std::string to_html(const ReportPage& page);

/// `bytes` in base64 (RFC 4648, with padding).
std::string base64(std::string_view bytes);

}  // namespace psi_xlstm
