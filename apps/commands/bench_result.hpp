#pragma once

// What the benchmarks of psi share: where their results go.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "bench/result.hpp"

namespace psi_xlstm::apps {

/// Declares the folder of the results.
std::shared_ptr<std::string> add_bench_folder(CLI::App& command);

/// Prints the tables of `result` and stores it in the folder `out`.
void publish(const BenchResult& result, const std::filesystem::path& out);

}  // namespace psi_xlstm::apps
