#pragma once

#include <cstddef>

namespace psi_xlstm {

/// `index`, which must not be negative, as the standard containers take it.
inline std::size_t at(int index) { return static_cast<std::size_t>(index); }

}  // namespace psi_xlstm
