#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "run/manifest.hpp"

namespace psi_xlstm {

/// Measures the stages of a run; everything that is a time goes to timings.json alone.
class Stopwatch {
 public:
  Stopwatch();

  /// Measures from its making to its end.
  class Part {
   public:
    Part(Stopwatch& watch, std::string name) : watch_(watch), name_(std::move(name)) {}
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part();

   private:
    Stopwatch& watch_;
    std::string name_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };

  /// Notes a stage of `duration` seconds that was measured elsewhere, e.g. side by side with
  /// others.
  void add(const std::string& name, double duration);

  /// The text of timings.json, finished now.
  std::string text();

 private:
  Timings timings_;
};

}  // namespace psi_xlstm
