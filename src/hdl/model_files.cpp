#include "hdl/model_files.hpp"

#include <fmt/format.h>

#include <system_error>

#include "core/atomic_file.hpp"
#include "hdl/osdi/library.hpp"
#include "hdl/osdi/osdi.hpp"
#include "hdl/subcircuit.hpp"
#include "hdl/verilog_a.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {

ModelFiles write_model_files(const ir::Network& network, const std::filesystem::path& folder) {
  ModelFiles written;
  const auto path_of = [&](const char* ending) { return folder / (network.name + ending); };
  const auto write = [&](const char* ending, const std::string& text) {
    write_file(path_of(ending), text);
    written.files.push_back(path_of(ending));
  };
  const std::string module = verilog_a(network);
  if (network.charge_node >= 0) {  // the one form that holds charges
    write(".va", module);
    written.left_out =
        fmt::format("model {}: its charges have no form but Verilog-A", network.name);
    for (const char* ending : {".sp", ".c", ".osdi"}) {
      std::error_code ignored;
      std::filesystem::remove(path_of(ending), ignored);
    }
    return written;
  }
  const std::string circuit = subcircuit(network), source = osdi_source(network);
  write(".va", module);
  write(".sp", circuit);
  write(".c", source);
  try {
    compile_osdi(path_of(".c"), path_of(".osdi"));
    written.files.push_back(path_of(".osdi"));
  } catch (const EmitError& e) {
    written.left_out = e.what();
    std::error_code ignored;
    std::filesystem::remove(path_of(".osdi"), ignored);
  }
  return written;
}

}  // namespace psi_xlstm::hdl
