#pragma once

// What psi says: results on standard output, progress and messages on standard error. Text that
// came from a file never reaches a terminal with control characters in it.

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace psi_xlstm::apps {

/// Opens those of the descriptors 0, 1 and 2 that are closed, so that no file of results takes
/// their place. What is written to a standard error that was closed is lost without a word; reading
/// from and writing to the other two fails.
void open_standard_descriptors();

/// Sends what spdlog logs to standard error, made printable.
void log_to_standard_error();

/// Writes `text` to standard output as it is. Throws Error if that fails.
void write_output(std::string_view text);

/// Writes out what standard output still holds back. Throws Error if that fails.
void flush_output();

/// Writes to standard output, made printable. Throws Error if that fails.
void print_text(std::string_view text);

/// The same of a format and its arguments.
template <class... Arguments>
void print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  print_text(fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// How much is told; add_telling() of command_line.hpp sets it.
struct Telling {
  bool quiet = false;    ///< Errors alone, and JSON where it is asked for.
  bool verbose = false;  ///< All tables.
  bool json = false;     ///< One JSON object on standard output in place of texts.

  bool texts() const { return !quiet && !json; }
};

/// That of this process.
Telling& telling();

/// From now on there are errors alone.
void be_quiet();

/// Writes to standard output, made printable, unless --quiet or --json is given: what a command
/// tells of its result. Throws Error if that fails.
void say_text(std::string_view text);

/// The same of a format and its arguments.
template <class... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  say_text(fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Writes `answer` to standard output where --json is given: the result of a command. Throws Error
/// if that fails.
void answer(const nlohmann::ordered_json& result);

}  // namespace psi_xlstm::apps
