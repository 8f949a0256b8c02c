#include "fuzz/targets.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "circuit/circuit.hpp"
#include "commands/command.hpp"
#include "core/json/json_reader.hpp"
#include "core/json/safetensors.hpp"
#include "cosimulation/traces.hpp"
#include "data/readers/column_choice.hpp"
#include "data/readers/formats.hpp"
#include "data/readers/pwl.hpp"
#include "data/readers/table_records.hpp"
#include "ir/dynamics.hpp"
#include "ir/network_io.hpp"
#include "jobs/job.hpp"
#include "jobs/message.hpp"
#include "model/model.hpp"
#include "model/predict.hpp"
#include "model/predictions.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/reading.hpp"
#include "run/kinds.hpp"
#include "run/manifest.hpp"
#include "support/broken_files.hpp"
#include "support/networks.hpp"

namespace psi_xlstm::testing {
namespace {

// A file in memory with `bytes`; the same one for every call.
std::filesystem::path file_with(std::string_view bytes) {
  static const int file = ::memfd_create("fuzz", 0);
  static const std::filesystem::path path = fmt::format("/proc/{}/fd/{}", ::getpid(), file);
  static std::size_t size = 0;  // Its pages stay unless it has to be cut.
  const auto fail = [] { throw std::system_error(errno, std::generic_category()); };
  const bool shorter = bytes.size() < size;
  if (file < 0 || (shorter && ::ftruncate(file, static_cast<off_t>(bytes.size())) != 0)) fail();
  size = bytes.size();
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count =
        ::pwrite(file, bytes.data() + written, bytes.size() - written, static_cast<off_t>(written));
    if (count <= 0) fail();
    written += static_cast<std::size_t>(count);
  }
  ::lseek(file, 0, SEEK_SET);  // A reader goes on where the descriptor is.
  return path;
}

void expect(bool holds, const char* what) {
  if (!holds) throw std::logic_error(fmt::format("expected {}, found otherwise", what));
}

// What every reader promises of its records.
void check_records(const std::vector<Record>& records) {
  for (const Record& record : records) {
    if (record.kind != RecordKind::kTransient) continue;
    for (std::size_t k = 1; k < record.time.size(); ++k) {
      expect(record.time[k] > record.time[k - 1], "times that increase");
    }
    for (const auto& signals : {record.voltage, record.current}) {
      for (const auto& signal : signals) {
        expect(signal.empty() || signal.size() == record.time.size(), "as many values as times");
        for (double value : signal) expect(std::isfinite(value), "finite values");
      }
    }
  }
}

ReadOptions lenient() {
  ReadOptions options;
  options.fewest_samples = 1;
  options.current_required = false;
  options.transient_required = false;
  return options;
}

// One format, whatever the bytes look like.
template <FileContents (*kRead)(ByteSource, const ReadOptions&)>
void read_format(std::string_view bytes) {
  const ReadOptions options = lenient();
  FileContents contents = kRead(ByteSource(file_with(bytes)), options);
  if (!contents.chosen) {
    const ColumnChoice choice = choose_columns(contents.table, options);
    if (choice.problem.empty()) {
      std::vector<std::string> remarks;
      contents.records = table_records(contents.table, choice, options, "fuzz", remarks);
    }
  }
  check_records(contents.records);
}

// As `psi look` reads a file.
void read_any(std::string_view bytes) {
  check_records(read_recording(file_with(bytes), lenient()).records);
}

// As `psi fit` reads one with options.
void read_with_options(std::string_view bytes) {
  ReadOptions named;
  named.time = "1";
  named.voltage = "2-3";
  named.current = "3";
  named.shunt = 50;
  named.sign = -1;
  named.columns = {"-", "u"};
  check_records(read_recording(file_with(bytes), named).records);
}

void read_voltages(std::string_view bytes) {
  const PwlWaveform wave = read_pwl(file_with(bytes));
  expect(std::isfinite(wave.value(0)), "a finite voltage");
  pwl_text(wave);
}

void read_json(std::string_view bytes) {
  const auto tree = parse_json(bytes, "fuzz");
  const auto again = parse_json(tree.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                                "fuzz", {.depth = 200});
  // -0 is written as 0, which has no sign.
  const bool whole = tree.is_number_integer() && again.is_number_integer();
  expect(whole || again.type() == tree.type(), "the same kind of value");
}

void read_config(std::string_view bytes) {
  const auto tree = parse_json(bytes, "fuzz", {.comments = true});
  for (const StudyKind& kind : apps::study_kinds()) {
    for (const ConfigProblem& problem : kind.problems(tree)) {
      expect(!problem.pointer.empty() || !problem.expected.empty(), "a problem that says what");
    }
  }
}

void read_safetensors(std::string_view bytes) {
  const SafetensorsFile file = parse_safetensors(without_checksum(std::string(bytes)), "fuzz");
  const SafetensorsFile again = parse_safetensors(safetensors_bytes(file), "fuzz");
  expect(again.metadata == file.metadata, "the same metadata");
  expect(again.tensors.size() == file.tensors.size(), "the same tensors");
}

// What is read must be safe to run.
void read_network(std::string_view bytes) {
  const ir::Network network = ir::parse_network(without_checksum(std::string(bytes)), "f").network;
  const std::vector<double> time = {0, 1e-6, 2e-6};
  const std::vector<std::vector<double>> voltages(network.ports.size(), {0.1, 0.2, -0.3});
  ir::simulate(network, time, voltages, ir::initial_state(network, 3e-4));
}

void read_model(std::string_view bytes) {
  const auto model = model::load(file_with(without_checksum(std::string(bytes))));
  const std::size_t ports = model->about().ports.size();
  Record record;
  record.id = "fuzz";
  for (int k = 0; k < 12; ++k) record.time.push_back(5e-8 * k);
  record.current.resize(ports);
  record.voltage.assign(ports, std::vector<double>(12, 0.3));
  model::predict_in_place(*model, 3e-4, record);
  if (model->about().no_circuit.empty()) model->circuit_network();
}

void read_deck(std::string_view bytes) {
  static const ir::Network network = one_state();
  parse_circuit(bytes, "fuzz", network);
}

// What lies in the folder of a run, by the first byte.
void read_results(std::string_view bytes) {
  if (bytes.empty()) return;
  const char which = bytes.front();
  const std::string content = without_checksum(std::string(bytes.substr(1)));
  const auto file = [&] { return file_with(content); };
  switch (which) {
    case 'm':
      return static_cast<void>(parse_manifest(content, "fuzz"));
    case 't':
      return static_cast<void>(parse_timings(content, "fuzz"));
    case 'j':
      return static_cast<void>(read_job(file()));
    case 'p':
      return static_cast<void>(load_predictions(file()));
    case 'i':
      return static_cast<void>(load_currents(file()));
    case 'c':
      return static_cast<void>(load_traces(file()));
    default:
      return;
  }
}

// What another process says.
void read_messages(std::string_view bytes) {
  std::string buffer(bytes);
  for (int k = 0; k < 100; ++k) {
    const auto message = take_message(buffer);
    if (!message) return;
    encode(*message);
  }
}

constexpr FuzzTarget kTargets[] = {
    {"recording", read_any},
    {"options", read_with_options},
    {"text_table", read_format<read_text_table>},
    {"spice_raw", read_format<read_spice_raw>},
    {"mdm", read_format<read_mdm>},
    {"touchstone", read_format<read_touchstone>},
    {"easyexpert", read_format<read_easyexpert>},
    {"tektronix", read_format<read_tektronix_list>},
    {"rigol", read_format<read_rigol_sequence>},
    {"voltages", read_voltages},
    {"json", read_json},
    {"config", read_config},
    {"safetensors", read_safetensors},
    {"network", read_network},
    {"model", read_model},
    {"deck", read_deck},
    {"results", read_results},
    {"messages", read_messages},
};

}  // namespace

std::span<const FuzzTarget> fuzz_targets() { return kTargets; }

void run_fuzz_target(const FuzzTarget& target, std::string_view bytes) {
  try {
    target.run(bytes);
  } catch (const Error& e) {
    if (std::string_view(e.what()).empty()) throw std::logic_error("expected a sentence");
  }
}

}  // namespace psi_xlstm::testing
