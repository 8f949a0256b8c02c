#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace psi_xlstm::apps {

/// The manual page of `app` in troff (man macros), with all its commands.
std::string manual_page(const CLI::App& app, const std::string& version);

}  // namespace psi_xlstm::apps
