// psi data: writes the records of a generator as CSV.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "command.hpp"
#include "core/output_target.hpp"
#include "core/plural.hpp"
#include "data/readers/pwl.hpp"
#include "devices/mem3.hpp"
#include "devices/stretched.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/csv.hpp"
#include "studies/compact/data_source.hpp"

namespace psi_xlstm::apps {
namespace {

struct DataOptions {
  std::string source, out, part, pwl;
  int seed = 42;
  Mem3Config mem3;
  StretchedConfig stretched;
  bool has_taus = false, has_duration = false, force = false;
  std::vector<std::string> of_relaxations, of_stretched;  // Options that were given.
};

std::vector<Record> part_of(const Dataset& dataset, const std::string& part) {
  if (part == "all") return dataset.records;
  const std::vector<int>& indices = part == "train"        ? dataset.split.train
                                    : part == "validation" ? dataset.split.validation
                                                           : dataset.split.test;
  std::vector<Record> records;
  for (int i : indices) records.push_back(dataset.records[static_cast<std::size_t>(i)]);
  return records;
}

// The device that the options of mem3 and stretched describe.
Mem3Config relaxation_device(const DataOptions& o) {
  Mem3Config device = o.mem3;
  device.seed = o.seed;
  if (o.source == "mem3") {
    device.gains.assign(o.mem3.taus.size(), 0.2 * o.mem3.g0);
    return device;
  }
  if (o.has_taus && o.mem3.taus.size() != 1) {
    throw ConfigError(
        fmt::format("data stretched: expected one --tau, found {}", o.mem3.taus.size()));
  }
  StretchedConfig stretched = o.stretched;
  if (o.has_taus) stretched.tau = o.mem3.taus.front();
  stretched.drive = device;
  return stretched_device(stretched);
}

// One noisy record of such a device, or, where a part is asked for, that part of three.
std::vector<Record> relaxation_records(const DataOptions& o) {
  Mem3Config device = relaxation_device(o);
  if (o.pwl.empty()) {
    if (o.part.empty()) return {mem3_record(device, mem3_drive(device))};
    return part_of(mem3_dataset(device), o.part);
  }
  if (!o.part.empty()) throw ConfigError("data: expected no --part with --pwl, found both");
  const PwlWaveform waveform = read_pwl(o.pwl);
  if (!o.has_duration) device.duration = waveform.times.back();
  return {mem3_record(device, [&](double t) { return waveform.value(t); })};
}

// Options say something about some sources only.
void check_options(const DataOptions& o) {
  const bool relaxation = o.source == "mem3" || o.source == "stretched";
  const auto refuse = [&](const std::vector<std::string>& given, const char* of) {
    if (given.empty()) return;
    throw ConfigError(fmt::format("data {}: expected no {}, an option of {}, found it", o.source,
                                  given.front(), of));
  };
  if (!relaxation) refuse(o.of_relaxations, "mem3 and stretched");
  if (o.source != "stretched") refuse(o.of_stretched, "stretched");
}

std::vector<Record> records_of(const DataOptions& o) {
  if (o.source == "mem3" || o.source == "stretched") return relaxation_records(o);
  DataSourceConfig config;
  config.source = value_named<DataSource>(o.source).value();
  return part_of(load_data(config, o.seed).dataset, o.part.empty() ? "all" : o.part);
}

// Whether this command wrote `file`: nobody measures a current without its noise.
bool is_generated(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return false;
  std::string header;
  std::ifstream stream(file);
  std::getline(stream, header);
  return header.find("time_s,voltage_V,current_A,current_clean_A") != std::string::npos;
}

void write_records(const DataOptions& o) {
  if (o.out == "-") {
    if (telling().json) {
      throw ConfigError("--out -: expected the name of a file beside --json, found -");
    }
    write_output(csv_text(records_of(o)));
    return;
  }
  check_output_file(o.out);
  const std::vector<Record> records = records_of(o);
  write_result(o.out, csv_text(records), o.force || is_generated(o.out));
  say("{} in {}\n", count_of(records.size(), "record"), o.out);
  answer({{"file", o.out}, {"records", records.size()}});
}

}  // namespace

void add_data(CLI::App& app, int& exit_code) {
  const auto o = std::make_shared<DataOptions>();
  CLI::App* command = app.add_subcommand("data", "Write generated records as CSV");
  command->add_option("source", o->source, "published, vteam, mem3 or stretched")
      ->required()
      ->check(one_of_these({"published", "vteam", "mem3", "stretched"}));
  command->add_option("--out", o->out, "CSV file; - writes standard output")
      ->required()
      ->check(not_empty());
  command->add_option("--seed", o->seed, "Of starts and noise")->check(seed_number());
  command
      ->add_option("--part", o->part,
                   "all, train, validation or test; without it all, of mem3 and stretched one "
                   "record with noise")
      ->check(one_of_these({"all", "train", "validation", "test"}));
  CLI::Option_group* more = command->add_option_group("mem3", "Options of mem3 and stretched");
  const auto* taus = more->add_option("--tau", o->mem3.taus, "Time constants [s], or 0.3ms,9ms")
                         ->delimiter(',')
                         ->transform(time_in_seconds());
  const auto* beta = more->add_option("--beta", o->stretched.beta, "Exponent of stretched");
  add_choice(*more, "--waveform", o->mem3.waveform, "bursts, step or published");
  more->add_option("--pwl", o->pwl, "Drive: a file of two columns, time [s] and voltage [V]");
  more->add_option("--amplitude", o->mem3.amplitude, "Of the waveform [V]")->check(positive());
  const auto* duration =
      more->add_option("--duration", o->mem3.duration, "[s]")->transform(time_in_seconds());
  more->add_option("--sample-rate", o->mem3.sample_rate, "[1/s]")->check(positive());
  more->add_option("--noise", o->mem3.noise, "Of the sd of the current")->check(not_negative());
  command->add_flag("--force", o->force, "Replace a file of this name that psi data did not write");
  add_telling(*command);
  add_example(*command, {"psi data mem3 --tau 0.34ms,1.2ms,8.7ms --out device.csv"});
  command->callback([o, taus, beta, duration, more, &exit_code] {
    for (const CLI::Option* option : more->get_options()) {
      if (option->count() > 0) o->of_relaxations.push_back(option->get_name());
    }
    if (beta->count() > 0) o->of_stretched.push_back(beta->get_name());
    check_options(*o);
    o->has_taus = taus->count() > 0;
    o->has_duration = duration->count() > 0;
    write_records(*o);
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
