#pragma once

#include <map>
#include <string>

#include "circuit/cards.hpp"
#include "circuit/circuit.hpp"

namespace psi_xlstm {

/// `text`, a number, a parameter or an expression in braces, with the parameters `known`. Throws
/// SpiceError, which `where` opens.
double circuit_value(const std::string& text,
                     const std::map<std::string, double>& known,
                     const std::string& where);

/// The element on `card` (R C L V I E G or B) with its nodes as they are written. Throws
/// SpiceError, one sentence, where it is something that the reference does not know.
CircuitElement circuit_element(const CircuitCard& card, const std::map<std::string, double>& known);

}  // namespace psi_xlstm
