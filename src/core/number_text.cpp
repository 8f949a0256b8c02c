#include "core/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::array<std::string_view, 9> kPrefixes = {"f", "p", "n", "u", "m", "", "k", "M", "G"};
constexpr int kLowestPower = -15;
constexpr int kHighestPower = 9;

bool takes_prefix(std::string_view unit) {
  return !unit.empty() && std::all_of(unit.begin(), unit.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

struct Decimal {
  double mantissa;  // Three significant digits, 1 <= |mantissa| < 10.
  int power;        // Of ten.
};

// `value` rounded to three significant digits; `value` is finite and not zero.
Decimal three_digits(double value) {
  // Not strtod(), which reads a comma where the locale has one.
  const std::string text = fmt::format("{:.2e}", value);
  const char* const end = text.data() + text.size();
  Decimal decimal{};
  const char* exponent =
      std::from_chars(text.data(), end, decimal.mantissa, std::chars_format::fixed).ptr + 1;
  if (*exponent == '+') ++exponent;
  std::from_chars(exponent, end, decimal.power);
  return decimal;
}

// `decimal` as a fixed-point text of three significant digits after scaling by 10^-`shift`.
std::string fixed(const Decimal& decimal, int shift) {
  const int power = decimal.power - shift;
  return fmt::format("{:.{}f}", decimal.mantissa * std::pow(10.0, power), std::max(0, 2 - power));
}

std::string with_unit(const std::string& number, std::string_view unit) {
  return unit.empty() ? number : fmt::format("{} {}", number, unit);
}

}  // namespace

std::string shortest(double value) {
  if (!std::isfinite(value)) {
    throw EmitError(fmt::format("number: expected a finite value, found {}", value));
  }
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  // A bare "1" is an integer in Verilog-A, where 1/2 is 0.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string engineering(double value, std::string_view unit) {
  if (std::isnan(value)) return "n/a";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return with_unit("0", unit);
  const Decimal decimal = three_digits(value);
  if (takes_prefix(unit)) {
    const int group = 3 * static_cast<int>(std::floor(decimal.power / 3.0));
    if (group >= kLowestPower && group <= kHighestPower) {
      const auto index = static_cast<std::size_t>((group - kLowestPower) / 3);
      return fmt::format("{} {}{}", fixed(decimal, group), kPrefixes[index], unit);
    }
  } else if (decimal.power >= -3 && decimal.power < 4) {
    return with_unit(fixed(decimal, 0), unit);
  }
  return with_unit(fmt::format("{:.2f}e{}", decimal.mantissa, decimal.power), unit);
}

}  // namespace psi_xlstm
