#include "hdl/osdi/library.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/program.hpp"
#include "hdl/osdi/osdi.hpp"
#include "hdl/osdi/text.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

namespace fs = std::filesystem;

constexpr double kTimeLimit = 300;  // of one compilation [s]

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<fs::path> c_compiler() {
  if (const std::string named = environment("CC"); !named.empty()) {
    if (auto found = find_program(named)) return found;
  }
  for (const char* const name : {"cc", "gcc", "clang"}) {
    if (auto found = find_program(name)) return found;
  }
  return std::nullopt;
}

void compile_osdi(const fs::path& source, const fs::path& library) {
  const auto compiler = c_compiler();
  if (!compiler) {
    throw EmitError(fmt::format("{}: expected a C compiler (CC, cc, gcc or clang), found none",
                                library.string()));
  }
  const fs::path partial = fmt::format("{}.part{}", fs::absolute(library).string(), getpid());
  // Absolute paths: a file may be named like an option.
  const ProgramOutcome outcome =
      run_program({compiler->string(), "-std=gnu99", "-O3", "-fPIC", "-shared", "-s",
                   "-fno-math-errno", "-fvisibility=hidden", "-Wno-psabi", "-x", "c",
                   fs::absolute(source).string(), "-o", partial.string(), "-lm"},
                  "", kTimeLimit);
  std::error_code problem;
  if (outcome.succeeded()) fs::rename(partial, library, problem);
  if (outcome.succeeded() && !problem) return;
  const std::string found = outcome.start_error != 0
                                ? std::generic_category().message(outcome.start_error)
                            : !outcome.status ? fmt::format("no end within {} s", kTimeLimit)
                            : problem         ? problem.message()
                                              : line_with_error(outcome.errors);
  std::error_code ignored;
  fs::remove(partial, ignored);
  throw EmitError(fmt::format("{}: expected {} to compile it, found: {}", source.string(),
                              compiler->string(), found));
}

OsdiLibrary::OsdiLibrary(const ir::Network& network) {
  compile(network.name, osdi_source(network));
}

OsdiLibrary::OsdiLibrary(const std::string& name, const std::string& device) {
  compile(name, std::string(kOsdiAbi) + device);
}

void OsdiLibrary::compile(const std::string& device, const std::string& text) {
  std::error_code problem;
  std::string name = (fs::temp_directory_path(problem) / "psi_osdi_XXXXXX").string();
  if (problem || mkdtemp(name.data()) == nullptr) {
    throw EmitError(fmt::format("folder for compiled models: expected one at {}, got none", name));
  }
  folder_ = name;
  file_ = folder_ / (device + ".osdi");
  try {
    const fs::path source = folder_ / (device + ".c");
    write_file(source, text);
    compile_osdi(source, file_);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    throw;
  }
}

OsdiLibrary::~OsdiLibrary() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace psi_xlstm::hdl
