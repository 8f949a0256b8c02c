#include "read_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command_line.hpp"
#include "core/shell_word.hpp"

namespace psi_xlstm::apps {

void add_read_options(CLI::App& command, ReadingConfig& config) {
  const char* group = "What a file cannot say itself";
  command.add_option("--time", config.time, "Column of the time, by name or number")
      ->check(not_empty())
      ->group(group);
  command.add_option("--voltage", config.voltage, "Column of the voltage, or a difference: 2-1")
      ->check(not_empty())
      ->group(group);
  command.add_option("--current", config.current, "Column of the current, or a difference")
      ->check(not_empty())
      ->group(group);
  command.add_option("--shunt", config.shunt, "The current is a voltage over so many ohm")
      ->transform(positive_with_prefix())
      ->group(group);
  command.add_option("--record", config.record, "Column that tells the records")
      ->check(not_empty())
      ->group(group);
  command
      .add_option("--sweep-rate", config.sweep_rate,
                  "Where a file has no time: the voltage was swept so fast [V/s]")
      ->transform(positive_with_prefix())
      ->group(group);
  command
      .add_option("--columns", config.columns,
                  "Names of the columns, e.g. t,v,i; - leaves one as it is")
      ->delimiter(',')
      ->group(group);
}

std::string read_options_text(const ReadingConfig& config) {
  std::string text;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format(" {} {}", name, shell_word(value));
  };
  add("--columns", fmt::format("{}", fmt::join(config.columns, ",")));
  add("--time", config.time);
  add("--voltage", config.voltage);
  add("--current", config.current);
  if (config.shunt) add("--shunt", fmt::format("{}", *config.shunt));
  add("--record", config.record);
  if (config.sweep_rate) add("--sweep-rate", fmt::format("{}", *config.sweep_rate));
  return text;
}

}  // namespace psi_xlstm::apps
