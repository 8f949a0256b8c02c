#pragma once

#include <string>

#include "core/number_text.hpp"

namespace psi_xlstm::hdl {

/// `number` as a factor of an expression of Verilog-A or C: negative ones stand in parentheses.
inline std::string in_parentheses(double number) {
  return number < 0 ? "(" + shortest(number) + ")" : shortest(number);
}

}  // namespace psi_xlstm::hdl
