#include "psi_xlstm/core/seconds.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 6> kUnits = {
    {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"ps", 1e-12}}};

// The unit's power of ten, 0 for an unknown one.
double scale_of(std::string_view unit) {
  for (const auto& [name, scale] : kUnits) {
    if (unit == name) return scale;
  }
  return 0;
}

}  // namespace

double seconds(std::string_view text, std::string_view where) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const double time = number * scale_of(unit);
  if (problem != std::errc() || !(time > 0 && std::isfinite(time))) {
    throw ConfigError(
        fmt::format("{}: expected a time > 0 such as 0.34ms, 10us or 2e-3 (seconds), found \"{}\"",
                    where, text.substr(0, 40)));
  }
  return time;
}

}  // namespace psi_xlstm
