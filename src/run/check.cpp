#include "run/check.hpp"

#include <utility>

#include "core/atomic_file.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {

void check_manifest(const std::filesystem::path& run, CheckResult& result) {
  const std::filesystem::path manifest = run / kManifestName;
  for (std::string& sentence :
       compare_files(parse_manifest(read_file(manifest), manifest.string()), run)) {
    result.differences.push_back(std::move(sentence));
  }
}

}  // namespace psi_xlstm
