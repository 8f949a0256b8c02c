#pragma once

/// @file
/// The compact student that benchmarks measure.

#include <filesystem>
#include <string>

#include "psi_xlstm/ir/network.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// A trained student and where it came from, e.g. "trained on the published data of seed 123".
struct BenchmarkStudent {
  ir::Network network;
  std::string origin;
};

/// Trains one state and eight features, as the quickstart does, on the published data of `seed`;
/// takes seconds. Throws ConfigError where the training fails.
BenchmarkStudent train_benchmark_student(int seed, int starts, const Progress& progress);

/// Reads a model. Throws DataError where the file is missing or something else.
BenchmarkStudent stored_benchmark_student(const std::filesystem::path& file);

}  // namespace psi_xlstm
