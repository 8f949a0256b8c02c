#pragma once

// What the commands of psi are made of on the command line: values that are checked, examples that
// close the help, and mistakes told in a sentence of this program.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "core/json/named_enum.hpp"
#include "terminal.hpp"

namespace psi_xlstm::apps {

/// Closes the help of `command` with a worked example, one command a line.
void add_example(CLI::App& command, const std::vector<std::string>& lines);

/// Declares --quiet, --verbose and --json (telling() of terminal.hpp) on a command that does work.
void add_telling(CLI::App& command);

/// Declares --replace, which a study asks for before it takes the place of another one.
void add_replace(CLI::App& command, bool& replace);

/// One of `choices`, as they are written.
CLI::Validator one_of_these(std::vector<std::string> choices);

/// A whole number from `low` to `high`.
CLI::Validator whole_number(int low, int high);

/// A number > 0 and at most 1e18.
CLI::Validator positive();

/// A number > 0 and at most 1e18 with or without a prefix of SI, "10k", "4.7M", "50m", which it
/// turns into the plain number.
CLI::Validator positive_with_prefix();

/// What a model may be called: an identifier. Throws ConfigError for anything else, also for
/// nothing.
CLI::Validator model_name();

/// A text with something in it.
CLI::Validator not_empty();

/// The path of what `name` means as an input: "-" is standard input.
std::string input_path(const std::string& name);

/// A number from 0 to 1e18.
CLI::Validator not_negative();

/// A whole number from 0 to 2^31 - 1, what a seed can be.
CLI::Validator seed_number();

/// A time > 0, "0.34ms" or "3.4e-4", which it turns into seconds.
CLI::Validator time_in_seconds();

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
      ->check(one_of_these(all_names<E>()));
}

/// All options and the positional arguments of `command` but --help.
std::vector<const CLI::Option*> options_of(const CLI::App& command);

/// All subcommands of `command`, in the order of their making.
std::vector<const CLI::App*> commands_of(const CLI::App& command);

/// What could not be understood, one sentence; `words` are those of the command line.
std::string parse_problem(const CLI::App& app,
                          const CLI::ParseError& problem,
                          const std::vector<std::string>& words);

}  // namespace psi_xlstm::apps
