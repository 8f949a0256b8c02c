#include "report/figure.hpp"

#include <utility>

#include "psi_xlstm/core/error.hpp"
#include "report/figure_script.hpp"

namespace psi_xlstm {

RenderedFigure render_svg(const Figure& figure, const GnuplotOptions& options) {
  try {
    GnuplotResult result = run_gnuplot(figure_script(figure), options);
    if (result.usable() && result.output.find("</svg>") == std::string::npos) {
      return {.svg = "", .reason = "gnuplot: expected a complete SVG figure, found a part of one"};
    }
    return {.svg = std::move(result.output), .reason = std::move(result.reason)};
  } catch (const Error& e) {
    return {.svg = "", .reason = e.what()};
  }
}

}  // namespace psi_xlstm
