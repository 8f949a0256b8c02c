// Keysight EasyEXPERT (B1500 and its relatives): lines of set-up, then one line "DataName, ..." and
// lines "DataValue, ..." for every measurement.

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "data/readers/formats.hpp"
#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::string_view kDataName = "DataName", kDataValue = "DataValue";

class EasyExpertReader {
 public:
  EasyExpertReader(ByteSource source, const ReadOptions& options)
      : options_(options), file_(source.name()), lines_(std::move(source)) {}

  DataTable read() {
    table_.file = file_;
    table_.format = "Keysight EasyEXPERT";
    while (const auto line = lines_.next_line()) {
      if (!cells_.split(*line, ',') || cells_[0].empty()) continue;
      cells_.drop_empty_end(1);
      if (cells_[0] == kDataName) start();
      if (cells_[0] == kDataValue) add();
      if (cells_[0] == "TestParameter" && cells_.size() > 2 && cells_[1] == "Context.MainFrame") {
        table_.format = fmt::format("Keysight EasyEXPERT ({})", shown(cells_[2]));
      }
    }
    if (table_.rows == 0) {
      throw DataError(fmt::format(
          "{}: expected lines of DataName and DataValue, as EasyEXPERT writes them, found {}",
          file_, table_.columns.empty() ? "only its set-up" : "no DataValue"));
    }
    table_.details.push_back(fmt::format("{} lines of set-up", table_.skipped));
    return std::move(table_);
  }

 private:
  void start() {
    std::vector<std::string> names(cells_.all().begin() + 1, cells_.all().end());
    if (table_.columns.empty()) {
      table_.header_line = lines_.number();
      table_.skipped = lines_.number() - 1;
      names_ = names;
      table_.columns = named_columns(std::move(names), {}, options_);
      return;
    }
    if (names != names_) {
      throw DataError(
          fmt::format("{}: expected the names of the first measurement again, found "
                      "others: one kind of measurement per file",
                      lines_.where()));
    }
    if (table_.sections.empty()) table_.sections.push_back({0, ""});
    table_.sections.push_back({table_.rows, ""});
  }

  void add() {
    if (table_.columns.empty()) {
      throw DataError(
          fmt::format("{}: expected names in a line DataName above, found none", lines_.where()));
    }
    if (cells_.size() != table_.columns.size() + 1) {
      throw DataError(fmt::format("{}: expected {} values as in the line DataName, found {}",
                                  lines_.where(), table_.columns.size(), cells_.size() - 1));
    }
    TableRows(table_, record_column(table_.columns, options_))
        .add(cells_.all().subspan(1), lines_.number());
  }

  const ReadOptions& options_;
  std::string file_;
  CsvLines lines_;
  CsvCells cells_;
  DataTable table_;
  std::vector<std::string> names_;
};

}  // namespace

bool is_easyexpert(std::string_view head) {
  const bool set_up = head.find("SetupTitle") < 1000 || head.find("PrimitiveTest") < 1000;
  return set_up && (head.find(kDataName) != head.npos || head.find("TestParameter") != head.npos);
}

FileContents read_easyexpert(ByteSource source, const ReadOptions& options) {
  FileContents contents;
  contents.table = EasyExpertReader(std::move(source), options).read();
  return contents;
}

}  // namespace psi_xlstm
