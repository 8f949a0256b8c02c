// psi predict: a model on another waveform.

#include "model/predict.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "command.hpp"
#include "core/atomic_file.hpp"
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

}  // namespace

void add_predict(CLI::App& app, int& exit_code) {
  struct Options {
    std::string model, drive, out = "-";
    std::optional<double> g0;
    ReadingConfig reading;
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
  command->callback([o, &exit_code] {
    for (const std::string& input : {o->model, o->drive}) refuse_as_output(o->out, input);
    const auto model = model::load(o->model);
    const std::string file = o->drive == "-" ? "/dev/stdin" : o->drive;
    ReadOptions how = read_options(o->reading, 1);
    how.fewest_samples = 2;
    how.current_required = false;
    std::vector<Record> records = read_records({file}, how);
    for (Record& record : records) {
      for (const std::string& remark : record.remarks) spdlog::warn("{}", remark);
      predict_record(*model, o->g0, file, record);
    }
    const std::string text = csv_text(records);
    if (o->out == "-") {
      write_output(text);
    } else {
      write_file(o->out, text);
    }
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
