// psi data: writes the records of a generator as CSV.

#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "psi_xlstm/core/atomic_file.hpp"
#include "psi_xlstm/data/csv.hpp"
#include "psi_xlstm/experiments/data_source.hpp"

namespace psi_xlstm::apps {
namespace {

struct Options {
  std::string source, out, part = "all";
  int seed = 42;
  Mem3Config mem3;
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

}  // namespace

void add_data(CLI::App& app, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("data", "Write generated records as CSV");
  command->add_option("source", o->source, "published, vteam or mem3")
      ->required()
      ->check(CLI::IsMember({"published", "vteam", "mem3"}));
  command->add_option("--out", o->out, "CSV file")->required();
  command->add_option("--seed", o->seed, "Of starts and noise")->check(CLI::NonNegativeNumber);
  command->add_option("--part", o->part, "all, train, validation or test")
      ->check(CLI::IsMember({"all", "train", "validation", "test"}));
  CLI::Option_group* mem3 = command->add_option_group("mem3", "Options of mem3");
  mem3->add_option("--tau", o->mem3.taus, "Time constants [s]")->delimiter(',');
  mem3->add_option("--waveform", o->mem3.waveform, "bursts, step or published")
      ->check(CLI::IsMember({"bursts", "step", "published"}));
  mem3->add_option("--duration", o->mem3.duration, "[s]")->check(positive());
  mem3->add_option("--noise", o->mem3.noise, "Of the sd of the current")
      ->check(CLI::NonNegativeNumber);
  command->callback([o, &exit_code] {
    DataSourceConfig config;
    config.source = o->source;
    config.mem3 = o->mem3;
    config.mem3.gains.assign(o->mem3.taus.size(), 0.2 * o->mem3.g0);
    const experiments::SourcedData data = experiments::load_data(config, o->seed);
    const std::vector<Record> records = part_of(data.dataset, o->part);
    write_file(o->out, csv_text(records));
    fmt::print("{} records in {}\n", records.size(), o->out);
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
