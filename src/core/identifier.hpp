#pragma once

#include <string>
#include <string_view>

namespace psi_xlstm {

/// Whether `text` is a letter followed by letters, digits and underscores, at most 64 of them in
/// all: the only names that may reach a netlist, Verilog-A or generated C.
bool is_identifier(std::string_view text);

/// What is_identifier() asks for, for messages: "a letter followed by ...".
std::string identifier_text();

/// Returns `text`. Throws ConfigError unless is_identifier(text); `where` opens the message.
std::string checked_identifier(std::string_view text, std::string_view where);

/// Turns any text (e.g. a file's stem) into an identifier: other characters become underscores, and
/// a leading "device_" is added where the text does not start with a letter.
std::string identifier_from(std::string_view text);

/// `text` with the letters A to Z as a to z; other bytes stay.
std::string lower_case(std::string_view text);

}  // namespace psi_xlstm
