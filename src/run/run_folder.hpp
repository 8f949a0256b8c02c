#pragma once

/// @file
/// What a run leaves on disk and how it is read back. Every file is written at once (temporary
/// file, then rename), so a killed run leaves whole files only.
///
///   config.json, metrics.json, manifest.json, timings.json, report.html
///   seed_<n>/fit_<i>/model.safetensors, predictions.safetensors
///   hdl/<model>.va, .sp, .c, .osdi     cosim/<stimulus>.safetensors     tables/     figures/
///   tau/tau.json, tables/, figures/

#include <filesystem>

namespace psi_xlstm {

/// Where a study keeps the time constants of its records.
inline constexpr const char* kTauFolder = "tau";

/// Makes `folder` the folder of one run: the fits of an earlier run stay, all else of it is
/// removed. Throws ConfigError where the folder holds something that is no run.
void claim(const std::filesystem::path& folder);

/// The folder of one fit.
std::filesystem::path fit_folder(const std::filesystem::path& run, int seed, int fit);

}  // namespace psi_xlstm
