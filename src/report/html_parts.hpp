#pragma once

#include <string_view>

namespace psi_xlstm {

/// The style sheet of a page.
extern const std::string_view kPageStyle;

/// The script of a page with texts to copy.
extern const std::string_view kCopyScript;

}  // namespace psi_xlstm
