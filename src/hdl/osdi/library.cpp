#include "hdl/osdi/library.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/process.hpp"
#include "hdl/osdi/osdi.hpp"
#include "hdl/osdi/text.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

namespace fs = std::filesystem;

constexpr double kTimeLimit = 300;  // of one compilation [s]

// Compiles `source`, called `name` in messages, to `library`; what the compiler stores on its way
// goes to `folder`.
void compile(const fs::path& source,
             const std::string& name,
             const fs::path& library,
             const fs::path& folder,
             OsdiRelease release) {
  const auto compiler = c_compiler();
  if (!compiler) {
    throw EmitError(
        fmt::format("{}: expected a C compiler (CC, cc, gcc or clang), found none", name));
  }
  // Absolute paths: a file may be named like an option.
  const ProgramOutcome outcome = run_program(
      {compiler->string(), "-std=gnu99", "-O3", "-fPIC", "-shared", "-s", "-fno-math-errno",
       "-fvisibility=hidden", "-Wno-psabi", fmt::format("-DPSI_OSDI={}", static_cast<int>(release)),
       "-x", "c", fs::absolute(source).string(), "-o", library.string(), "-lm"},
      "", kTimeLimit, {.temporary = folder});
  std::error_code ignored;
  const std::string problem = !outcome.succeeded()                    ? outcome.problem()
                              : fs::is_regular_file(library, ignored) ? ""
                                                                      : "success without a library";
  if (problem.empty()) return;
  throw EmitError(
      fmt::format("{}: expected {} to compile it, found: {}", name, compiler->string(), problem));
}

}  // namespace

std::optional<fs::path> c_compiler() {
  if (const std::string named = environment_variable("CC"); !named.empty()) {
    if (auto found = find_program(named)) return found;
  }
  for (const char* const name : {"cc", "gcc", "clang"}) {
    if (auto found = find_program(name)) return found;
  }
  return std::nullopt;
}

void compile_osdi(const fs::path& source, const fs::path& library, OsdiRelease release) {
  const TemporaryFolder folder("osdi");
  const fs::path compiled = folder.path() / "model.osdi";
  compile(source, source.string(), compiled, folder.path(), release);
  write_file(library, read_file(compiled));
}

OsdiLibrary::OsdiLibrary(const ir::Network& network, OsdiRelease release)
    : OsdiLibrary(network.name, "", osdi_source(network), release) {}

OsdiLibrary::OsdiLibrary(const std::string& name, const std::string& device)
    : OsdiLibrary(name, kOsdiAbi, device, OsdiRelease::k03) {}

OsdiLibrary::OsdiLibrary(const std::string& name,
                         std::string_view first,
                         const std::string& second,
                         OsdiRelease release)
    : folder_("osdi"), file_(folder_.path() / (name + ".osdi")) {
  const fs::path source = folder_.path() / (name + ".c");
  write_file(source, std::string(first) + second);
  compile(source, name + ".c", file_, folder_.path(), release);
}

}  // namespace psi_xlstm::hdl
