#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/progress.hpp"

namespace psi_xlstm {

/// What a measurement in a process of its own gave.
struct TrainerMeasurement {
  std::string text;          ///< JSON; empty where there is none.
  std::string reason;        ///< Why not, one sentence.
  bool interrupted = false;  ///< By SIGINT or SIGTERM.
};

/// Runs the measurement `kind` of psi_trainer, which is the program that loads LibTorch, as a job
/// called `name` with `settings`. `progress` is told how far it is (0 to 1) and what comes next.
/// Throws as LocalPool::run() does.
TrainerMeasurement measure_in_trainer(const std::string& kind,
                                      const std::string& name,
                                      const nlohmann::json& settings,
                                      const TaskProgress& progress);

}  // namespace psi_xlstm
