#pragma once

#include <string>
#include <string_view>

#include "core/number_text.hpp"

namespace psi_xlstm::hdl {

/// `number` as a factor of an expression of Verilog-A or C: negative ones stand in parentheses.
inline std::string in_parentheses(double number) {
  return number < 0 ? "(" + shortest(number) + ")" : shortest(number);
}

/// What stands in for the names in the texts of an ir::Operation.
struct Names {
  std::string a, b;  ///< Arguments.
  std::string y;     ///< Value.
  std::string f;     ///< The node's factor.
  std::string e;     ///< What value and derivative share.
  std::string l;     ///< dy/da
  std::string one = "1.0";
};

/// `form`, a text of an ir::Operation, with its names filled in.
std::string filled(std::string_view form, const Names& names);

}  // namespace psi_xlstm::hdl
