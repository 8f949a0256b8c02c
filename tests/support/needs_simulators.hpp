#pragma once

/// @file
/// Tests that run simulators of scripts/simulators.sh, and stand-ins for programs that misbehave.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "core/atomic_file.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm::testing {

/// Whether `found`; with PSI_REQUIRE_SIMULATORS=1 that it is not is a failure.
inline bool has_simulator(bool found) {
  const char* required = std::getenv("PSI_REQUIRE_SIMULATORS");
  if (required != nullptr && std::string(required) == "1") {
    EXPECT_TRUE(found) << "scripts/simulators.sh installs it";
  }
  return found;
}

/// A folder with one program of a few lines of shell, removed with this object.
class StandInProgram {
 public:
  explicit StandInProgram(const std::string& body) {
    std::string name = (std::filesystem::temp_directory_path() / "stand_in_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    file_ = std::filesystem::path(name) / "program";
    write_file(file_, "#!/bin/sh\n" + body + "\n");
    std::filesystem::permissions(file_, std::filesystem::perms::owner_all);
  }
  ~StandInProgram() { std::filesystem::remove_all(file_.parent_path()); }
  StandInProgram(const StandInProgram&) = delete;
  StandInProgram& operator=(const StandInProgram&) = delete;

  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
};

/// A sine of 1 V on a device that starts at 2e-4 S.
inline TestCircuit driven_by_a_sine() {
  return {.stimulus = {{SineTerm{.amplitude = 1, .frequency = 1e5}}},
          .device = {.conductance = 2e-4, .hold = {}, .max_step = 1e-7}};
}

}  // namespace psi_xlstm::testing
