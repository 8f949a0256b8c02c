// psi look: what a file of data is, and what psi fit would make of it.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "command.hpp"
#include "core/number_text.hpp"
#include "core/plural.hpp"
#include "core/shell_word.hpp"
#include "core/utf8.hpp"
#include "data/readers/options.hpp"
#include "data/record_facts.hpp"
#include "read_options.hpp"
#include "report/table.hpp"

namespace psi_xlstm::apps {
namespace {

constexpr std::size_t kMostColumns = 24, kMostRecords = 8;

struct LookOptions {
  std::vector<std::string> files;
  ReadingConfig reading;
  int sign = 1;
};

// A text beside its title, in lines as long as a terminal is wide.
void print_item(const std::string& title, const std::string& text) {
  constexpr int kWidth = 86;
  std::string name = title;
  for (const std::string& line : broken_lines(text, kWidth)) {
    print("  {:<9} {}\n", name, line);
    name.clear();
  }
}

// A command to copy stays on one line.
void print_command(const std::string& title, const std::string& command) {
  print("  {:<9} {}\n", title, command);
}

void print_columns(const Reading& reading) {
  Table table{.caption = "",
              .header = {"column", "unit", "taken as", "numbers", "least", "greatest"}};
  const std::size_t shown = std::min(reading.columns.size(), kMostColumns);
  for (std::size_t j = 0; j < shown; ++j) {
    const ReadColumn& column = reading.columns[j];
    const bool numbers = column.numbers > 0;
    table.rows.push_back(
        {cut(printable(column.name), 32), cut(printable(column.unit), 8), column.role,
         fmt::format("{}", column.numbers),
         numbers ? fmt::format("{:.4g}", column.least) : "text, " + in_quotes(column.text, 12),
         numbers ? fmt::format("{:.4g}", column.greatest) : ""});
  }
  if (shown < reading.columns.size()) {
    table.note = fmt::format("and {} columns more", reading.columns.size() - shown);
  }
  print("{}", to_text(table));
}

std::string range(const SignalFacts& facts, std::size_t samples, const char* unit) {
  std::string text =
      fmt::format("{} to {}", engineering(facts.least, unit), engineering(facts.greatest, unit));
  if (facts.noise > 0) {
    text += fmt::format(", noise about {}", engineering(facts.noise, unit));
    if (facts.deviation > 0)
      text += fmt::format(" ({:.2g} %)", 100 * facts.noise / facts.deviation);
  }
  constexpr std::size_t kFewLevels = 1000;  // More are no steps of a converter.
  if (facts.levels > 1 && facts.levels < kFewLevels && 4 * facts.levels < samples) {
    text +=
        fmt::format(", {} levels, {} apart or more", facts.levels, engineering(facts.step, unit));
  }
  return text;
}

void print_facts(const RecordFacts& facts) {
  print("      {} samples", facts.samples);
  if (facts.duration > 0) {
    print(" from {} on for {}, {} apart", engineering(facts.start, "s"),
          engineering(facts.duration, "s"), engineering(facts.median_step, "s"));
    if (facts.longest_step > 1.01 * facts.shortest_step) {
      print(" ({} to {})", engineering(facts.shortest_step, "s"),
            engineering(facts.longest_step, "s"));
    }
  }
  print("\n      voltage {}\n", range(facts.voltage, facts.samples, "V"));
  if (facts.current.levels > 0)
    print("      current {}\n", range(facts.current, facts.samples, "A"));
  if (facts.current_at_zero) {
    print("      current at 0 V: {} (median of {})\n", engineering(*facts.current_at_zero, "A"),
          count_of(facts.zero_crossings, "crossing"));
  }
  const auto clipped = [](const char* name, std::size_t count) {
    if (count > 0) {
      print("      {} of the {} stand still at an end of its range: compliance or clipping\n",
            count_of(count, "sample"), name);
    }
  };
  clipped("voltage", facts.voltage.clipped);
  clipped("current", facts.current.clipped);
}

void print_ac(const Record& record) {
  print(": AC, {}, {} frequencies from {} to {}\n", count_of(record.ports.size(), "port"),
        record.admittance.size(), engineering(record.admittance.front().frequency, "Hz"),
        engineering(record.admittance.back().frequency, "Hz"));
}

// Of several ports only the ranges: what stands still at one of them is no fault.
void print_ports(const Record& record) {
  print(": DC, {} samples\n", record.size());
  for (std::size_t p = 0; p < record.ports.size(); ++p) {
    const auto ends = [](const std::vector<double>& values, const char* unit) {
      const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
      return fmt::format("{} to {}", engineering(*least, unit), engineering(*greatest, unit));
    };
    print("      port {}: {}, {}\n", printable(record.ports[p]), ends(record.voltage[p], "V"),
          ends(record.current[p], "A"));
  }
}

void print_record(const Record& record) {
  print("    {}", printable(record.id));
  if (record.kind == RecordKind::kAc) {
    print_ac(record);
  } else if (record.ports.size() > 1) {
    print_ports(record);
  } else {
    print("{}\n", record.kind == RecordKind::kDc ? ": DC" : "");
    print_facts(record_facts(record));
  }
}

void print_records(const Reading& reading) {
  print_item("records", fmt::format("{}", reading.records.size()));
  const std::size_t shown = std::min(reading.records.size(), kMostRecords);
  for (std::size_t r = 0; r < shown; ++r) print_record(reading.records[r]);
  if (shown < reading.records.size()) {
    print("    and {} records more\n", reading.records.size() - shown);
  }
}

void print_way_on(const Reading& reading, const std::string& options) {
  const std::string place = reading.file.starts_with('-') ? "./" : "";  // It is no option.
  const std::string command = "psi fit " + shell_word(place + reading.file) + options;
  const bool transient =
      !reading.records.empty() && reading.records.front().kind == RecordKind::kTransient;
  if (transient) print_command("fit", command);
  if (!transient && !reading.records.empty()) {
    print_item("missing", "a voltage and a current against time, which psi fit needs");
  }
  for (const std::string& way : reading.ways)
    print_command("perhaps", fmt::format("{} {}", command, way));
}

void look(const std::string& file, const LookOptions& options) {
  ReadOptions how = read_options(options.reading, options.sign);
  how.transient_required = false;
  const Reading reading = read_recording(file, how);
  print("{}\n", printable(reading.file));
  std::string format = reading.format;
  for (const std::string& detail : reading.details) format += ", " + detail;
  print_item("format", format);
  print_item("rows",
             fmt::format("{}{}", reading.rows,
                         reading.skipped > 0 ? fmt::format(", below {} lines that were passed over",
                                                           reading.skipped)
                                             : ""));
  print_columns(reading);
  if (!reading.records.empty()) print_records(reading);
  for (const std::string& remark : reading.remarks) print_item("remark", remark);
  if (!reading.problem.empty()) print_item("missing", reading.problem);
  std::string given = read_options_text(options.reading);
  if (options.sign < 0) given += " --sign -1";
  print_way_on(reading, given);
}

}  // namespace

void add_look(CLI::App& app, int& exit_code) {
  const auto o = std::make_shared<LookOptions>();
  CLI::App* command =
      app.add_subcommand("look", "What files of data hold, and the psi fit that follows");
  command->add_option("files", o->files, "Files of a laboratory or a simulator, also .gz")
      ->required();
  command->add_option("--sign", o->sign, "-1: current was counted out of the device")
      ->check(one_of_these({"-1", "1"}));
  add_read_options(*command, o->reading);
  add_example(*command, {"psi look scope.csv --shunt 10k --voltage 2-1 --current 1"});
  command->callback([o, &exit_code] {
    for (const std::string& file : o->files) look(input_path(file), *o);
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
