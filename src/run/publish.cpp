#include "run/publish.hpp"

#include <fmt/format.h>

namespace psi_xlstm {

void write_tables(RunFolder& folder,
                  const std::filesystem::path& below,
                  const std::vector<NamedTable>& tables) {
  for (const auto& [name, table] : tables) {
    const std::filesystem::path stem = below / "tables" / name;
    folder.write(stem.string() + ".md", to_markdown(table));
    folder.write(stem.string() + ".csv", to_csv(table));
    folder.write(stem.string() + ".tex", to_latex(table));
    folder.write(stem.string() + ".json", to_json(table));
  }
}

std::vector<ReportFigure> draw_figures(RunFolder& folder,
                                       const std::filesystem::path& below,
                                       const std::vector<NamedFigure>& figures,
                                       std::vector<std::string>& warnings) {
  std::vector<ReportFigure> pictures;
  for (const NamedFigure& f : figures) {
    if (!f.figure) continue;
    const RenderedFigure drawn = render_svg(*f.figure);
    if (drawn.usable()) {
      folder.write(below / "figures" / (f.name + ".svg"), drawn.svg);
    } else {
      warnings.push_back(fmt::format("figure {}: {}", f.name, drawn.reason));
    }
    pictures.push_back({drawn.svg, f.caption});
  }
  return pictures;
}

}  // namespace psi_xlstm
