#pragma once

/// @file
/// The machine's C compiler, which turns an emitted C file into a library that ngspice loads.

#include <filesystem>
#include <optional>
#include <string>

#include "core/temporary_folder.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// The C compiler that is used: the environment variable CC, else cc, gcc or clang from PATH.
/// Nothing where there is none.
std::optional<std::filesystem::path> c_compiler();

/// Which release of the interface a library is made for.
enum class OsdiRelease {
  k03 = 3,  ///< 0.3, which every ngspice with OSDI reads.
  k04 = 4   ///< 0.4, which VACASK and ngspice from 44 on read.
};

/// Compiles `source` to the shared library `library`, which appears complete or not at all and only
/// as long as this process lives: the compiler writes into a temporary folder. The code runs on
/// every processor of this kind: the instruction set is chosen when it is loaded. Throws EmitError,
/// with what the compiler said, where there is no compiler or it fails.
void compile_osdi(const std::filesystem::path& source,
                  const std::filesystem::path& library,
                  OsdiRelease release = OsdiRelease::k03);

/// A device compiled into a folder of its own, which is removed with this object.
class OsdiLibrary {
 public:
  /// Of `network`. Throws EmitError where osdi_source(network) or compile_osdi() does.
  explicit OsdiLibrary(const ir::Network& network, OsdiRelease release = OsdiRelease::k03);
  /// Of a device written by hand: `device` is C that stands behind the declarations of
  /// src/hdl/osdi/abi.h, `name` an identifier. Throws EmitError where compile_osdi() does.
  OsdiLibrary(const std::string& name, const std::string& device);

  const std::filesystem::path& file() const { return file_; }

 private:
  OsdiLibrary(const std::string& name,
              std::string_view first,
              const std::string& second,
              OsdiRelease release);

  TemporaryFolder folder_;
  std::filesystem::path file_;
};

}  // namespace psi_xlstm::hdl
