#include "core/explanation.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <new>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {

std::string explanation(const std::exception& problem) {
  if (dynamic_cast<const Error*>(&problem) != nullptr) return problem.what();
  if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&problem)) {
    return fmt::format("{}: expected a file or folder that can be used, found: {}",
                       files->path1().string(), files->code().message());
  }
  if (dynamic_cast<const std::bad_alloc*>(&problem) != nullptr) {
    return "memory: expected enough for the work, found the end of it";
  }
  return fmt::format("unexpected: {}", problem.what());
}

}  // namespace psi_xlstm
