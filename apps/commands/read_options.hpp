#pragma once

// The options of every command that reads files of data.

#include <CLI/CLI.hpp>
#include <string>

#include "config/reading.hpp"

namespace psi_xlstm::apps {

/// Adds --time, --voltage, --current, --shunt, --record, --sweep-rate and --columns to `command`.
void add_read_options(CLI::App& command, ReadingConfig& config);

/// These options as they were given, for a command that the user can copy; empty or with a blank
/// before each.
std::string read_options_text(const ReadingConfig& config);

}  // namespace psi_xlstm::apps
