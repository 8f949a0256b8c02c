#pragma once

/// @file
/// The lines of a deck, joined, in lower case and in words.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "circuit/includes.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {

/// A line with its continuations, without comments, in lower case.
struct CircuitCard {
  std::string place;  ///< Of its first line, as DeckLine has it.
  std::string text;
};

/// A line in words: a name with its value, "g0={2*g}", is one; braces hold words together.
struct CircuitWords {
  std::vector<std::string> plain;                  ///< In their order.
  std::map<std::string, std::string> assignments;  ///< What stands on both sides of a '='.
  std::string repeated;                            ///< A name with several values; or empty.
};

/// A line that no simulator should take, either: more than not known to the reference.
class MalformedCard : public SpiceError {
 public:
  using SpiceError::SpiceError;
};

/// The cards of `lines`, the first of which is a title; `kept` becomes their text without title
/// and comments, line by line, expressions in braces where they stood in single quotes. Throws
/// SpiceError where the first card continues nothing.
std::vector<CircuitCard> circuit_cards(const std::vector<DeckLine>& lines,
                                       std::vector<std::string>& kept);

/// `text` in words; commas separate too.
CircuitWords circuit_words(std::string_view text);

/// "netlist line 12", "models.lib line 7"
std::string place_of(const CircuitCard& card);

}  // namespace psi_xlstm
