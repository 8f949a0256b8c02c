// psi predict: a model on another waveform.

#include "model/predict.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "command.hpp"
#include "core/output_target.hpp"
#include "data/readers/options.hpp"
#include "model/compact_model.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/csv.hpp"
#include "read_options.hpp"

namespace psi_xlstm::apps {
namespace {

void predict_record(const model::Model& model,
                    std::optional<double> g0,
                    const std::string& file,
                    Record& record) {
  try {
    for (const std::string& warning : model::predict_in_place(model, g0, record)) {
      spdlog::warn("{}", warning);
    }
  } catch (const DataError& e) {
    throw DataError(fmt::format("{}: {}", file, e.what()));
  }
}

// A prediction may not take the place of what it is made of.
void refuse_as_output(const std::string& out, const std::string& input) {
  std::error_code ignored;  // Of files that are not there.
  if (out == "-" || !std::filesystem::equivalent(out, input, ignored)) return;
  throw ConfigError(fmt::format(
      "--out {}: expected another file than the model and the drive, found one of them", out));
}

// The records where somebody reads them: as CSV, or, with --json, as lists.
int print_records(const std::vector<Record>& records) {
  if (!telling().json) {
    write_output(csv_text(records));
    return kDone;
  }
  auto list = nlohmann::ordered_json::array();
  for (const Record& record : records) {
    list.push_back({{"id", record.id},
                    {"time_s", record.time},
                    {"voltage_V", record.voltage[0]},
                    {"current_A", record.current[0]}});
  }
  answer({{"records", list}});
  return kDone;
}

int store_records(const std::vector<Record>& records, const std::string& file, bool force) {
  write_result(file, csv_text(records), force);
  std::size_t samples = 0;
  for (const Record& record : records) samples += record.size();
  answer({{"file", file}, {"records", records.size()}, {"samples", samples}});
  return kDone;
}

}  // namespace

void add_predict(CLI::App& app, int& exit_code) {
  struct Options {
    std::string model, drive, out = "-";
    std::optional<double> g0;
    ReadingConfig reading;
    bool force = false;
  };
  const auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("predict", "The current of a model under another voltage");
  command->add_option("model", o->model, "model.safetensors")->required();
  command->add_option("drive", o->drive, "File with time and voltage; - reads standard input")
      ->required();
  command->add_option("--out", o->out, "CSV file; - writes standard output");
  command
      ->add_option("--g0", o->g0,
                   "Conductance at the start [S] (default: from a current in the "
                   "drive, else the middle of the model's range)")
      ->check(positive());
  add_read_options(*command, o->reading);
  command->add_flag("--force", o->force, "Replace a file of this name");
  add_telling(*command);
  add_example(
      *command,
      {"psi predict results/my_device/model.safetensors drive.csv --g0 2e-4 --out current.csv"});
  command->callback([o, &exit_code] {
    for (const std::string& input : {o->model, o->drive}) refuse_as_output(o->out, input);
    if (o->out != "-") check_output_file(o->out);
    const auto model = model::load(o->model);
    const std::string file = input_path(o->drive);
    ReadOptions how = read_options(o->reading, 1);
    how.fewest_samples = 2;
    how.current_required = false;
    std::vector<Record> records = read_records({file}, how);
    for (Record& record : records) {
      for (const std::string& remark : record.remarks) spdlog::warn("{}", remark);
      predict_record(*model, o->g0, file, record);
    }
    exit_code = o->out == "-" ? print_records(records) : store_records(records, o->out, o->force);
  });
}

}  // namespace psi_xlstm::apps
