#include "core/machine.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <stdlib.h>

#include <fstream>

namespace psi_xlstm {
namespace {

// What follows `key` and `separator` in the first line of `file` that begins with `key`.
std::string value_in(const char* file, const std::string& key, const std::string& separator) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t at = line.find(separator);
    if (at == std::string::npos) continue;
    std::string value = line.substr(at + separator.size());
    std::erase(value, '"');
    return value;
  }
  return "";
}

int usable_cores() {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

}  // namespace

Machine this_machine() {
  double load = 0;
  return {.processor = value_in("/proc/cpuinfo", "model name", ": "),
          .system = value_in("/etc/os-release", "PRETTY_NAME", "="),
          .cores = usable_cores(),
          .load_average = getloadavg(&load, 1) == 1 ? load : 0};
}

std::string sentence(const Machine& machine) {
  return fmt::format("{} ({} cores), {}; load in the minute before: {:.2f}.",
                     machine.processor.empty() ? "Unknown processor" : machine.processor,
                     machine.cores, machine.system.empty() ? "unknown system" : machine.system,
                     machine.load_average);
}

}  // namespace psi_xlstm
