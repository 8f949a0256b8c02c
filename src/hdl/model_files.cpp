#include "hdl/model_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/atomic_file.hpp"
#include "hdl/osdi/osdi.hpp"
#include "hdl/schematic_symbols.hpp"
#include "hdl/subcircuit.hpp"
#include "hdl/text/names.hpp"
#include "hdl/usage.hpp"
#include "hdl/verilog_a.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"

namespace psi_xlstm::hdl {

namespace {

// The first lines of every file, each between `open` and `close`.
std::string origin(const std::string& data_checksum, const char* open, const char* close) {
  std::string text;
  for (const std::string& sentence :
       {fmt::format("made by psi-xlstm {}, of data with the checksum {}", version(),
                    data_checksum.empty() ? "(not recorded)" : data_checksum),
        std::string("free of any licence: use, change and pass on this file as you like; it comes "
                    "without any warranty")}) {
    text += fmt::format("{}{}{}\n", open, sentence, close);
  }
  return text;
}

}  // namespace

const std::vector<std::string>& form_endings() {
  static const std::vector<std::string> endings = {".va", ".sp", ".c", ".osdi"};
  return endings;
}

const std::vector<std::string>& companion_endings() {
  static const std::vector<std::string> endings = {".sym", ".kicad_sym", ".USE.md"};
  return endings;
}

std::string compiled_ending(OsdiRelease release) {
  return release == OsdiRelease::k03 ? ".osdi" : "_0.4.osdi";
}

ModelFiles write_model_files(const ir::Network& named,
                             const std::filesystem::path& folder,
                             const std::string& data_checksum,
                             const std::vector<OsdiRelease>& releases) {
  const RenamedNetwork renamed = with_usable_names(named);
  const ir::Network& network = renamed.network;
  ModelFiles written{.files = {}, .left_out = {}, .renamed = renamed.changes};
  const auto path_of = [&](const std::string& ending) { return folder / (network.name + ending); };
  const auto write = [&](const char* ending, const std::string& text) {
    write_file(path_of(ending), text);
    written.files.push_back(path_of(ending));
  };
  const std::string module = origin(data_checksum, "// ", "") + verilog_a(network),
                    circuit = origin(data_checksum, "* ", "") + subcircuit(network),
                    source = origin(data_checksum, "/* ", " */") + osdi_source(network);
  write(".va", module);
  write(".sp", circuit);
  write(".c", source);
  try {
    for (const OsdiRelease release : releases) {
      const std::filesystem::path compiled = path_of(compiled_ending(release));
      compile_osdi(path_of(".c"), compiled, release);
      written.files.push_back(compiled);
    }
  } catch (const EmitError& e) {
    written.left_out = e.what();
    std::error_code ignored;
    for (const OsdiRelease release : releases) {
      std::filesystem::remove(path_of(compiled_ending(release)), ignored);
    }
    std::erase_if(written.files, [](const auto& file) { return file.extension() == ".osdi"; });
  }
  write(".sym", xschem_symbol(network, origin(data_checksum, "* ", "")));
  write(".kicad_sym", kicad_symbol(network, origin(data_checksum, "", ";")));
  const bool compiled = written.left_out.empty() && std::find(releases.begin(), releases.end(),
                                                              OsdiRelease::k03) != releases.end();
  write(".USE.md", origin(data_checksum, "<!-- ", " -->") + usage_page(network, compiled));
  return written;
}

}  // namespace psi_xlstm::hdl
