#pragma once

#include <string_view>

namespace psi_xlstm {

/// The time that `text` gives [s]: a number with or without a unit, "0.34e-3", "0.34ms", "10 us",
/// "2s"; units are s, ms, us, ns and ps. Throws ConfigError, whose message opens with `where`,
/// unless that is a finite time > 0.
double seconds(std::string_view text, std::string_view where);

}  // namespace psi_xlstm
