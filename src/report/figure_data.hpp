#pragma once

/// @file
/// The numbers of a figure as gnuplot data blocks.

#include <cstddef>
#include <string>

#include "report/figure.hpp"

namespace psi_xlstm {

/// Name of the data block of a series, by the indices of its panel and of itself.
std::string figure_block_name(std::size_t panel, std::size_t series);

/// One data block per series of `figure`, decimated so that the SVG stays below about 300 kB; an
/// empty line interrupts a curve. Throws ShapeError if x and y of a series differ in length,
/// DataError if a panel has no point that can be drawn.
std::string figure_data_blocks(const Figure& figure);

}  // namespace psi_xlstm
