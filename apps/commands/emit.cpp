// psi emit: a trained model as Verilog-A, as a SPICE subcircuit, and compiled.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "core/output_target.hpp"
#include "hdl/model_files.hpp"
#include "hdl/text/names.hpp"
#include "model/model.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::apps {

namespace {

// Whether `file` is of these printers: they all open with the same facts.
bool is_printed(const std::filesystem::path& file) {
  constexpr std::size_t kOpening = 4096;
  std::string text(kOpening, ' ');
  std::ifstream(file, std::ios::binary).read(text.data(), kOpening);
  return text.find(" trained numbers; trained on ") != std::string::npos;
}

constexpr hdl::OsdiRelease kReleases[] = {hdl::OsdiRelease::k03, hdl::OsdiRelease::k04};

// A user's own file may not go: the texts are known by what they open with, a compiled model by
// the C text that lies beside it.
void refuse_foreign_files(const std::filesystem::path& folder, const std::string& name) {
  std::vector<std::string> endings = hdl::form_endings();
  endings.insert(endings.end(), hdl::companion_endings().begin(), hdl::companion_endings().end());
  endings.push_back(hdl::compiled_ending(hdl::OsdiRelease::k04));
  for (const std::string& ending : endings) {
    const std::filesystem::path file = folder / (name + ending);
    check_output_file(file);
    std::error_code error;
    const bool compiled = file.extension() == ".osdi";
    if (!std::filesystem::is_regular_file(file, error)) continue;
    if (is_printed(compiled ? folder / (name + ".c") : file)) continue;
    throw ConfigError(fmt::format(
        "{}: expected no file, or one that psi emit wrote, found another: give another folder with "
        "--out, another --name, or --force to replace it",
        file.string()));
  }
}

// A compiled model for another interface does not stay beside the text of another model.
void remove_compiled(const std::filesystem::path& folder, const std::string& name) {
  if (!is_printed(folder / (name + ".c"))) return;
  std::error_code ignored;
  for (const auto release : kReleases) {
    std::filesystem::remove(folder / (name + hdl::compiled_ending(release)), ignored);
  }
}

std::vector<hdl::OsdiRelease> releases(const std::string& asked) {
  using enum hdl::OsdiRelease;
  if (asked == "both") return {std::begin(kReleases), std::end(kReleases)};
  return {asked == "0.4" ? k04 : k03};
}

}  // namespace

void add_emit(CLI::App& app, int& exit_code) {
  struct Options {
    std::string model, out = ".", name, osdi = "0.3";
    bool force = false;
  };
  const auto o = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("emit", "Write a model as Verilog-A, SPICE subcircuit and OSDI");
  command->add_option("model", o->model, "model.safetensors")->required();
  command->add_option("--out", o->out, "Folder for <name>.va, .sp, .c, .osdi, symbols, USE.md");
  command->add_option("--name", o->name, "Name of the module (default: the model's)")
      ->check(model_name());
  command
      ->add_option(
          "--osdi", o->osdi,
          "Interface of the compiled model: 0.3 (every ngspice), 0.4 (VACASK, ngspice from "
          "44 on: <name>_0.4.osdi) or both")
      ->check(CLI::IsMember({"0.3", "0.4", "both"}));
  command->add_flag("--force", o->force, "Replace files that psi emit did not write");
  add_telling(*command);
  add_example(*command, {"psi emit results/my_device/model.safetensors --out hdl"});
  command->callback([o, &exit_code] {
    const auto model = model::load(o->model);
    ir::Network network = model->circuit_network();
    if (!o->name.empty()) network.name = o->name;
    const std::string name = hdl::usable_model_name(network.name);
    if (!o->force) refuse_foreign_files(o->out, name);
    remove_compiled(o->out, name);
    const hdl::ModelFiles written =
        hdl::write_model_files(network, o->out, model->about().data_checksum, releases(o->osdi));
    for (const std::string& change : written.renamed) spdlog::warn("{}", change);
    auto names = nlohmann::ordered_json::array();
    for (const std::filesystem::path& file : written.files) {
      say("{}\n", file.string());
      names.push_back(file.string());
    }
    if (!written.left_out.empty()) spdlog::warn("{}", written.left_out);
    answer({{"files", names}, {"left_out", written.left_out}});
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
