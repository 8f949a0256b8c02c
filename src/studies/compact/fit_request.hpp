#pragma once

/// @file
/// What somebody asks for who has waveforms and wants a model: the options of `psi fit`, of which
/// the config of a study is made.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/study.hpp"

namespace psi_xlstm {

/// All but the records; the rest of a config follows from it.
struct FitRequest {
  std::string name;                     ///< Of the model; empty: `stem`.
  std::string stem = "device";          ///< Any text of which a name can be made.
  std::string split;                    ///< See data/split.hpp.
  std::string correct;                  ///< "offset", "skew" or both with a comma; empty: nothing.
  bool continuous = false;              ///< Each record goes on where the last one ended.
  std::optional<double> g0;             ///< Conductance at the start of every record [S].
  std::optional<double> noise;          ///< As a fraction of the current's standard deviation.
  std::optional<int> states, features;  ///< Only models of this size.
  ReadingConfig reading;                ///< What the files cannot say themselves.
  int sign = 1;                         ///< -1: the current was counted out of the device.
  int seed = 11;                        ///< Of the starting points.
  bool time_constants = true;           ///< Whether to estimate them too.
  bool cosimulate = true;  ///< Whether to compare the emitted model with its equations.
};

/// The config for `files`. Throws ConfigError where the name is no identifier or an option is out
/// of its range.
StudyConfig fit_study(const FitRequest& request, const std::vector<std::string>& files);

}  // namespace psi_xlstm
