#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// The one of `names` that `word` was most probably meant to be: the fewest letters inserted, left
/// out, replaced or swapped with a neighbour, upper and lower case alike, and not more of them than
/// a third of the letters; else one that `word` is the beginning of. Empty where none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

}  // namespace psi_xlstm
