#include "hdl/verilog_a_compiler.hpp"

#include <fmt/format.h>

#include <vector>

#include "core/atomic_file.hpp"
#include "core/cache_folder.hpp"
#include "core/process.hpp"
#include "hdl/osdi/version.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

namespace fs = std::filesystem;

constexpr double kTimeLimit = 300;  // of one compilation [s]

/// What went wrong, or an empty text.
std::string problem_with(const ProgramOutcome& outcome, const fs::path& library) {
  if (!outcome.succeeded()) return outcome.problem();
  std::error_code ignored;
  return fs::is_regular_file(library, ignored) ? "" : "success without a library";
}

}  // namespace

std::optional<fs::path> verilog_a_compiler(const fs::path& named) {
  if (!named.empty()) return named;
  for (const char* const name : {"openvaf", "openvaf-r"}) {
    const fs::path found = installed_program("PSI_OPENVAF", name);
    if (!found.empty()) return found;
  }
  return std::nullopt;
}

VerilogALibrary::VerilogALibrary(const ir::Network& network,
                                 const fs::path& compiler,
                                 VerilogAShape shape)
    : folder_("openvaf"), file_(folder_.path() / (network.name + ".osdi")) {
  const fs::path source = folder_.path() / (network.name + ".va");
  write_file(source, verilog_a(network, shape));
  std::string problem;
  for (const bool bounded : {true, false}) {
    std::vector<std::string> arguments = {compiler.string(), source.string(), "-o", file_.string()};
    if (bounded) arguments.insert(arguments.end(), {"-D", "PSI_BOUND_STEP"});
    if (is_in_nodes(network, shape)) arguments.insert(arguments.end(), {"-O", "0"});
    problem =
        problem_with(run_program(arguments, "", kTimeLimit, {.temporary = folder_.path()}), file_);
    bounds_step_ = bounded;
    if (problem.empty()) break;
  }
  if (!problem.empty()) {
    throw EmitError(fmt::format("{}.va: expected {} to compile it, found: {}", network.name,
                                compiler.string(), problem));
  }
  (void)osdi_version(file_);
}

}  // namespace psi_xlstm::hdl
