#pragma once

#include <map>
#include <string>
#include <vector>

#include "circuit/cards.hpp"
#include "circuit/circuit.hpp"

namespace psi_xlstm {

/// What stands between .subckt and .ends, or outside of all of them.
struct CircuitBody {
  std::vector<std::string> ports;
  std::map<std::string, std::string> defaults;
  std::vector<CircuitCard> cards;
};

/// A deck by its subcircuits.
struct CircuitDeck {
  std::string device, model;                       ///< The two names of the device under test.
  std::map<std::string, CircuitBody> bodies = {};  ///< By name; "" is what stands outside.

  bool is_device(const std::string& word) const { return word == device || word == model; }
};

/// Replaces every call of a subcircuit by its content: fills devices, elements and nodes of
/// `circuit`, and not_covered where something is not known to the reference. Throws SpiceError
/// where a call is wrong.
void flatten_circuit(const CircuitDeck& deck, Circuit& circuit);

}  // namespace psi_xlstm
