// psi emit: a trained model as Verilog-A and as a SPICE subcircuit.

#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "psi_xlstm/core/atomic_file.hpp"
#include "psi_xlstm/core/identifier.hpp"
#include "psi_xlstm/hdl/subcircuit.hpp"
#include "psi_xlstm/hdl/verilog_a.hpp"

namespace psi_xlstm::apps {

void add_emit(CLI::App& app, int& exit_code) {
  struct Options {
    std::string model, out = ".", name;
  };
  const auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("emit", "Write a model as Verilog-A and SPICE subcircuit");
  command->add_option("model", o->model, "model.safetensors")->required();
  command->add_option("--out", o->out, "Folder for <name>.va and <name>.sp");
  command->add_option("--name", o->name, "Name of the module (default: the model's)");
  command->callback([o, &exit_code] {
    ir::Network network = experiments::load_model(o->model).network;
    if (!o->name.empty()) network.name = checked_identifier(o->name, "--name");
    const std::filesystem::path base = std::filesystem::path(o->out) / network.name;
    write_file(base.string() + ".va", hdl::verilog_a(network));
    write_file(base.string() + ".sp", hdl::subcircuit(network));
    fmt::print("{0}.va\n{0}.sp\n", base.string());
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
