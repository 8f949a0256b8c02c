#pragma once

/// @file
/// Tables and figures of a run, each written in all its forms by one function.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/figure.hpp"
#include "report/html.hpp"
#include "report/table.hpp"
#include "run/folder.hpp"

namespace psi_xlstm {

/// A table and the name of its files.
struct NamedTable {
  std::string name;
  Table table;
};

/// A figure, the name of its file and what stands below it; absent where there is nothing to draw.
struct NamedFigure {
  std::string name, caption;
  std::optional<Figure> figure;
};

/// Writes every table as <below>/tables/<name>.md, .csv, .tex and .json. Throws as
/// RunFolder::write.
void write_tables(RunFolder& folder,
                  const std::filesystem::path& below,
                  const std::vector<NamedTable>& tables);

/// Draws every figure there is, writes it as <below>/figures/<name>.svg and returns the pictures of
/// a page. Why one could not be drawn is appended to `warnings`. Throws as RunFolder::write.
std::vector<ReportFigure> draw_figures(RunFolder& folder,
                                       const std::filesystem::path& below,
                                       const std::vector<NamedFigure>& figures,
                                       std::vector<std::string>& warnings);

}  // namespace psi_xlstm
