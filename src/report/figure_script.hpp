#pragma once

/// @file
/// The gnuplot script of a figure.

#include <string>

#include "report/figure.hpp"

namespace psi_xlstm {

/// The script that makes gnuplot print `figure` as SVG. Texts of the figure are quoted so that they
/// cannot end a string or start a command; long series are decimated so that the SVG stays below
/// about 300 kB. Throws ShapeError if x and y of a series differ in length, DataError if there is
/// no panel, or a panel without a point that can be drawn.
std::string figure_script(const Figure& figure);

}  // namespace psi_xlstm
