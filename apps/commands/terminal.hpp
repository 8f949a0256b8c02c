#pragma once

// What psi says: results on standard output, progress and messages on standard error. Text that
// came from a file never reaches a terminal with control characters in it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "core/named_enum.hpp"

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

/// An option that takes one of the names of an enum and sets `value` to what it means.
template <NamedEnum E>
CLI::Option* add_choice(CLI::App& command,
                        const std::string& name,
                        E& value,
                        const std::string& description) {
  return command
      .add_option_function<std::string>(
          name, [&value](const std::string& chosen) { value = value_named<E>(chosen).value(); },
          description)
      ->check(CLI::IsMember(all_names<E>()));
}

/// A number > 0 and at most 1e18.
CLI::Validator positive();

/// What a model may be called: an identifier. Throws ConfigError for anything else, also for
/// nothing.
CLI::Validator model_name();

/// A whole number from 0 to 2^31 - 1, what a seed can be.
CLI::Validator seed_number();

/// A time > 0, "0.34ms" or "3.4e-4", which it turns into seconds.
CLI::Validator time_in_seconds();

}  // namespace psi_xlstm::apps
