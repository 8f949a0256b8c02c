#pragma once

#include <chrono>
#include <string>

#include "run/manifest.hpp"

namespace psi_xlstm {

/// Measures one stage after another; everything that is a time goes to timings.json alone.
class Stopwatch {
 public:
  Stopwatch();

  /// Ends a stage that began where the last one ended.
  void stage(const std::string& name);

  /// Notes a stage of `duration` seconds that was measured elsewhere, e.g. side by side with
  /// others.
  void add(const std::string& name, double duration);

  /// The text of timings.json, finished now.
  std::string text();

 private:
  Timings timings_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace psi_xlstm
