#include "data/readers/remarks.hpp"

#include <filesystem>

namespace psi_xlstm {

std::string without_folder(const std::string& remark, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (!remark.starts_with(file + ":")) continue;
    return std::filesystem::path(file).filename().string() + remark.substr(file.size());
  }
  return remark;
}

}  // namespace psi_xlstm
