#pragma once

#include <filesystem>
#include <string>

#include "hdl/osdi/library.hpp"

namespace psi_xlstm::hdl {

/// Which release of the interface a compiled device library was made for.
struct OsdiVersion {
  unsigned major = 0, minor = 0;

  std::string text() const;  ///< "0.3"
  bool operator==(const OsdiVersion&) const = default;
};

/// 0.3 or 0.4.
OsdiVersion version_of(OsdiRelease release);

/// Reads the symbols OSDI_VERSION_MAJOR and OSDI_VERSION_MINOR of `library`, a 64-bit ELF file, as
/// data: nothing of it is executed. Throws EmitError where it is no such file or has no such
/// symbols.
OsdiVersion osdi_version(const std::filesystem::path& library);

}  // namespace psi_xlstm::hdl
