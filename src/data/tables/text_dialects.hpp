#pragma once

/// @file
/// Which program or instrument wrote a table of text.

#include <vector>

#include "data/tables/text_layout.hpp"

namespace psi_xlstm {

/// Sets the format of `layout` and what follows from it, by the lines of the head.
void recognise_dialect(const std::vector<HeadLine>& lines, TextLayout& layout);

}  // namespace psi_xlstm
