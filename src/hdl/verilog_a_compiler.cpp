#include "hdl/verilog_a_compiler.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdlib>
#include <system_error>

#include "core/atomic_file.hpp"
#include "core/program.hpp"
#include "hdl/osdi/version.hpp"
#include "hdl/verilog_a.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

namespace fs = std::filesystem;

constexpr double kTimeLimit = 300;  // of one compilation [s]

fs::path temporary_folder() {
  std::error_code problem;
  std::string name = (fs::temp_directory_path(problem) / "psi_openvaf_XXXXXX").string();
  if (problem || mkdtemp(name.data()) == nullptr) {
    throw EmitError(fmt::format("folder for compiled models: expected one at {}, got none", name));
  }
  return name;
}

/// What went wrong, or an empty text.
std::string problem_with(const ProgramOutcome& outcome, const fs::path& library) {
  if (outcome.start_error != 0) return std::generic_category().message(outcome.start_error);
  if (!outcome.status) return fmt::format("no end within {} s", kTimeLimit);
  if (!outcome.succeeded()) {
    const std::string end = WIFSIGNALED(*outcome.status)
                                ? fmt::format("signal {}", WTERMSIG(*outcome.status))
                                : fmt::format("exit status {}", WEXITSTATUS(*outcome.status));
    const std::string said = outcome.errors.empty() ? outcome.output : outcome.errors;
    const std::string line = line_with_error(said);
    return line.empty() ? end : end + ": " + line;
  }
  std::error_code ignored;
  if (!fs::is_regular_file(library, ignored)) return "success without a library";
  return "";
}

}  // namespace

std::optional<fs::path> verilog_a_compiler(const fs::path& named) {
  if (!named.empty()) return named;
  if (const char* const value = std::getenv("PSI_OPENVAF"); value != nullptr && *value != '\0') {
    return fs::path(value);
  }
  for (const char* const name : {"openvaf", "openvaf-r"}) {
    if (auto found = find_program(name)) return found;
  }
  return std::nullopt;
}

VerilogALibrary::VerilogALibrary(const ir::Network& network, const fs::path& compiler) {
  const std::string text = verilog_a(network);
  folder_ = temporary_folder();
  file_ = folder_ / (network.name + ".osdi");
  try {
    const fs::path source = folder_ / (network.name + ".va");
    write_file(source, text);
    std::string problem;
    for (const bool bounded : {true, false}) {
      std::vector<std::string> arguments = {compiler.string(), source.string(), "-o",
                                            file_.string()};
      if (bounded) arguments.insert(arguments.end(), {"-D", "PSI_BOUND_STEP"});
      problem = problem_with(run_program(arguments, "", kTimeLimit), file_);
      bounds_step_ = bounded;
      if (problem.empty()) break;
    }
    if (!problem.empty()) {
      throw EmitError(fmt::format("{}.va: expected {} to compile it, found: {}", network.name,
                                  compiler.string(), problem));
    }
    (void)osdi_version(file_);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    throw;
  }
}

VerilogALibrary::~VerilogALibrary() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace psi_xlstm::hdl
