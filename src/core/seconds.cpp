#include "core/seconds.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 6> kUnits = {
    {{"", 0}, {"s", 0}, {"ms", -3}, {"us", -6}, {"ns", -9}, {"ps", -12}}};

// `digits` times the power of ten of `unit`, rounded once where `digits` has no exponent: 100us is
// 1e-4. 0 for an unknown unit.
double scaled(std::string_view digits, double number, std::string_view unit) {
  for (const auto& [name, power] : kUnits) {
    if (unit != name) continue;
    if (digits.find_first_of("eE") != digits.npos) return number * std::pow(10, power);
    const std::string text = fmt::format("{}e{}", digits, power);
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
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
  const double time = scaled({text.data(), stop}, number, unit);
  if (problem != std::errc() || !(time > 0 && std::isfinite(time))) {
    throw ConfigError(
        fmt::format("{}: expected a time > 0 such as 0.34ms, 10us or 2e-3 (seconds), found \"{}\"",
                    where, text.substr(0, 40)));
  }
  return time;
}

}  // namespace psi_xlstm
