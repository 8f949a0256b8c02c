#pragma once

#include <filesystem>

#include "bench/result.hpp"

namespace psi_xlstm {

/// The figures of the finished study in `folder`, as the result of a benchmark that is called like
/// the folder: its metrics, the durations of its stages and the machine that it ran on. Throws
/// ConfigError where it is no finished study with metrics, DataError where a file is broken.
BenchResult result_of_run(const std::filesystem::path& folder);

}  // namespace psi_xlstm
