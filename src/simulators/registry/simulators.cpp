#include "simulators/registry/simulators.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/neospice/neospice.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "simulators/vacask/vacask.hpp"

namespace psi_xlstm {
namespace {

struct Known {
  const char* name;
  const char* reads;
  bool (*found)();
  /// Throws SpiceError where there is none.
  std::unique_ptr<Simulator> (*open)(const SimulatorOptions& options);
};

// ngspice belongs to the program: where it is missing, that is to be said.
bool always() { return true; }

std::unique_ptr<Simulator> open_ngspice(const SimulatorOptions& options) {
  return std::make_unique<Ngspice>(options);
}

std::unique_ptr<Simulator> open_vacask(const SimulatorOptions& options) {
  return std::make_unique<Vacask>(
      Vacask::Options{.verilog_a_compiler = options.verilog_a_compiler, .osdi = options.osdi});
}

std::unique_ptr<Simulator> open_neospice(const SimulatorOptions&) {
  return std::make_unique<Neospice>();
}

constexpr Known kKnown[] = {
    {"ngspice", "subcircuit, compiled C (osdi), compiled Verilog-A", always, open_ngspice},
    {"vacask", "compiled C (osdi), compiled Verilog-A", Vacask::found, open_vacask},
    {"neospice", "subcircuit", Neospice::found, open_neospice}};

/// Simulators whose forms are written, and which nothing here runs.
struct Written {
  const char* name;
  const char* path;
};
constexpr Written kWritten[] = {{"xyce", "subcircuit"},
                                {"ltspice", "subcircuit"},
                                {"hspice", "verilog_a"},
                                {"spectre", "verilog_a"},
                                {"ads", "verilog_a"}};

constexpr const char* kAll = "all";

void check_names(const std::vector<std::string>& names) {
  const std::vector<std::string> known = simulator_names();
  for (const std::string& name : names) {
    if (name == kAll || std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw ConfigError(fmt::format("simulator: expected {} or all, found {}", fmt::join(known, ", "),
                                  in_quotes(name, 40)));
  }
}

}  // namespace

std::vector<std::string> simulator_names() {
  std::vector<std::string> names;
  for (const Known& known : kKnown) names.emplace_back(known.name);
  for (const Written& written : kWritten) names.emplace_back(written.name);
  return names;
}

std::vector<SimulatorState> simulator_states(const SimulatorOptions& options) {
  std::vector<SimulatorState> states;
  for (const Known& known : kKnown) {
    SimulatorState state{.name = known.name, .reads = known.reads};
    try {
      state.version = known.open(options)->version();
    } catch (const SpiceError& e) {
      state.problem = e.what();
    }
    states.push_back(std::move(state));
  }
  return states;
}

Simulators open_simulators(const std::vector<std::string>& names,
                           const SimulatorOptions& options,
                           std::vector<NotRun>& not_run) {
  check_names(names);
  const auto named = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  Simulators simulators;
  for (const Known& known : kKnown) {
    if (names.empty() ? !known.found() : !named(known.name) && !named(kAll)) continue;
    try {
      simulators.push_back(known.open(options));
    } catch (const SpiceError& e) {
      not_run.push_back({known.name, "all forms", e.what()});
    }
  }
  for (const Written& written : kWritten) {
    if (!named(written.name) && !named(kAll)) continue;
    not_run.push_back({written.name, written.path,
                       "the file is written, its USE.md says how to use it, nothing here runs it"});
  }
  return simulators;
}

}  // namespace psi_xlstm
