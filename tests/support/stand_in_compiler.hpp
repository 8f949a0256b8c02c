#pragma once

/// @file
/// Stand-ins for a Verilog-A compiler: scripts with OpenVAF's command line. None of them reads
/// Verilog-A; the one that succeeds compiles the C twin of the same model, so that what is tested
/// is everything around the compiler, not the compiler.

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "core/atomic_file.hpp"
#include "hdl/osdi/library.hpp"
#include "hdl/osdi/osdi.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::testing {

/// A folder of scripts, removed with this object.
class StandInCompilers {
 public:
  StandInCompilers() {
    std::string name = (std::filesystem::temp_directory_path() / "stand_in_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~StandInCompilers() { std::filesystem::remove_all(folder_); }
  StandInCompilers(const StandInCompilers&) = delete;
  StandInCompilers& operator=(const StandInCompilers&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

  /// An executable script called `name`; called as `name model.va -o library [-D MACRO]`.
  std::filesystem::path script(const std::string& name, const std::string& body) const {
    const std::filesystem::path file = folder_ / name;
    write_file(file, "#!/bin/sh\n" + body + "\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return file;
  }

  /// One that makes a library of the C twin of `network` for OSDI 0.`minor`, after `before`.
  std::filesystem::path twin(const std::string& name,
                             const ir::Network& network,
                             int minor = 3,
                             const std::string& before = "") const {
    std::string source = hdl::osdi_source(network);
    const std::string version = "OSDI_VERSION_MINOR = PSI_OSDI";
    source.replace(source.find(version), version.size(),
                   "OSDI_VERSION_MINOR = " + std::to_string(minor));
    const std::filesystem::path file = folder_ / (name + ".c");
    write_file(file, source);
    return script(name, before + "\nexec " + hdl::c_compiler()->string() +
                            " -std=gnu99 -O2 -fPIC -shared -fvisibility=hidden -Wno-psabi " +
                            file.string() + " -o \"$3\" -lm");
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace psi_xlstm::testing
