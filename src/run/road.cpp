#include "run/road.hpp"

#include <stdexcept>

#include "psi_xlstm/core/version.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {

RunFolder& Road::claim(const std::string& config) {
  folder_.emplace(options_.folder);
  if (options_.claimed) options_.claimed();
  folder_->begin();
  folder_->write("config.json", config);
  return *folder_;
}

RunFolder& Road::folder() {
  if (!folder_) throw std::logic_error("the folder of a run is used before it is taken");
  return *folder_;
}

void Road::finish(const std::vector<int>& seeds) {
  Manifest manifest;
  manifest.program_version = version();
  manifest.git_commit = git_commit();
  manifest.versions = library_versions();
  manifest.seeds = seeds;
  manifest.files = file_checksums(folder().path(), folder().written());
  folder().write(kTimingsName, watch_.text());
  folder().end();
  folder().write(kManifestName, manifest_text(manifest));
  folder().settle();
}

}  // namespace psi_xlstm
