#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "run/folder.hpp"

namespace psi_xlstm::testing {

/// The bytes of every file of a run, by its path in the folder, but for those that hold times or
/// are the list of files itself.
inline std::map<std::string, std::string> files_of(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::filesystem::path& file = entry.path();
    const bool times = file.filename() == "timings.json" || file.stem() == "latency" ||
                       file.filename() == kLedgerName;  // grows with every run in the folder
    if (!entry.is_regular_file() || times) continue;
    files[file.lexically_relative(folder).string()] = read_file(file);
  }
  return files;
}

/// The names of the files that one has and the other has not, or with other bytes.
inline std::vector<std::string> differences(const std::filesystem::path& a,
                                            const std::filesystem::path& b) {
  const auto one = files_of(a), two = files_of(b);
  std::vector<std::string> names;
  for (const auto& [name, bytes] : one) {
    const auto other = two.find(name);
    if (other == two.end() || other->second != bytes) names.push_back(name);
  }
  for (const auto& [name, bytes] : two) {
    if (!one.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace psi_xlstm::testing
