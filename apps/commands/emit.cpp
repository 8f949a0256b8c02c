// psi emit: a trained model as Verilog-A, as a SPICE subcircuit, and compiled.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "command.hpp"
#include "core/identifier.hpp"
#include "hdl/model_files.hpp"
#include "model/model.hpp"

namespace psi_xlstm::apps {

void add_emit(CLI::App& app, int& exit_code) {
  struct Options {
    std::string model, out = ".", name;
  };
  const auto o = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("emit", "Write a model as Verilog-A, SPICE subcircuit and OSDI");
  command->add_option("model", o->model, "model.safetensors")->required();
  command->add_option("--out", o->out, "Folder for <name>.va, .sp, .c and .osdi");
  command->add_option("--name", o->name, "Name of the module (default: the model's)")
      ->check(model_name());
  command->callback([o, &exit_code] {
    const auto model = model::load(o->model);
    ir::Network network = model->circuit_network();
    if (!o->name.empty()) network.name = checked_identifier(o->name, "--name");
    const hdl::ModelFiles written =
        hdl::write_model_files(network, o->out, model->about().data_checksum);
    for (const std::string& change : written.renamed) spdlog::warn("{}", change);
    for (const std::filesystem::path& file : written.files) print("{}\n", file.string());
    if (!written.left_out.empty()) spdlog::warn("{}", written.left_out);
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
