#include "simulators/prepared.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr EmittedForm kForms[] = {EmittedForm::kSubcircuit, EmittedForm::kOsdi,
                                  EmittedForm::kVerilogA};

void check_paths(const std::vector<std::string>& paths) {
  const std::vector<std::string> known = all_paths();
  for (const std::string& path : paths) {
    if (std::find(known.begin(), known.end(), path) != known.end()) continue;
    throw SpiceError(
        fmt::format("path: expected subcircuit, osdi or verilog_a, found \"{}\"", path));
  }
}

}  // namespace

std::vector<std::string> all_paths() {
  std::vector<std::string> paths;
  for (const EmittedForm form : kForms) paths.emplace_back(path_of(form));
  return paths;
}

std::vector<EmittedModel> prepared_models(const ir::Network& network,
                                          const Simulator& simulator,
                                          const std::vector<std::string>& paths,
                                          std::vector<NotRun>& not_run) {
  check_paths(paths);
  const std::vector<EmittedForm> read = simulator.forms();
  std::vector<EmittedModel> models;
  for (const EmittedForm form : kForms) {
    const bool wanted = paths.empty()
                            ? std::find(read.begin(), read.end(), form) != read.end()
                            : std::find(paths.begin(), paths.end(), path_of(form)) != paths.end();
    if (!wanted) continue;
    try {
      models.push_back(simulator.prepared(network, form));
    } catch (const Error& e) {  // the other forms are kept
      not_run.push_back({simulator.name(), path_of(form), e.what()});
    }
  }
  return models;
}

}  // namespace psi_xlstm
