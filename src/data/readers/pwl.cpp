#include "data/readers/pwl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "core/identifier.hpp"
#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kPointsPerLine = 4;

void check(const PwlWaveform& waveform) {
  const std::size_t count = waveform.times.size();
  if (count == 0 || waveform.values.size() != count) {
    throw DataError(fmt::format(
        "PWL waveform: expected as many voltages as times, at least one, found {} and {}",
        waveform.values.size(), count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(waveform.times[i]) || !std::isfinite(waveform.values[i]) ||
        (i > 0 && !(waveform.times[i] > waveform.times[i - 1]))) {
      throw DataError(
          fmt::format("PWL waveform: expected finite numbers and times that increase, found {} V "
                      "at {} s",
                      waveform.values[i], waveform.times[i]));
    }
  }
}

bool separates(char c) { return c == ' ' || c == '\t' || c == ','; }

std::array<double, 2> point_of(const std::string_view text, const std::string& where) {
  std::array<double, 2> point{};
  std::string_view line = text;
  std::size_t found = 0;
  while (!line.empty()) {
    std::size_t end = 0;
    while (end < line.size() && !separates(line[end])) ++end;
    const auto number = csv_number(line.substr(0, end));
    if (!number || !std::isfinite(*number) || found == 2) break;
    point[found++] = *number;
    while (end < line.size() && separates(line[end])) ++end;
    line.remove_prefix(end);
  }
  if (found != 2 || !line.empty()) {
    throw DataError(
        fmt::format("{}: expected a time [s] and a voltage [V], found {}", where, shown(text)));
  }
  return point;
}

}  // namespace

double PwlWaveform::value(double time) const {
  const auto next = std::upper_bound(times.begin(), times.end(), time);
  if (next == times.begin()) return values.front();
  if (next == times.end()) return values.back();
  const auto i = static_cast<std::size_t>(next - times.begin());
  const double part = (time - times[i - 1]) / (times[i] - times[i - 1]);
  return values[i - 1] + part * (values[i] - values[i - 1]);
}

PwlWaveform read_pwl(const std::filesystem::path& file) {
  CsvLines lines(file);
  PwlWaveform waveform;
  while (const auto line = lines.next()) {
    const std::string_view text = trimmed(*line);
    if (text.front() == '*' || text.front() == ';') continue;
    const auto [time, voltage] = point_of(text, lines.where());
    if (!waveform.times.empty() && !(time > waveform.times.back())) {
      throw DataError(fmt::format("{}: expected times that increase, found {} s after {} s",
                                  lines.where(), time, waveform.times.back()));
    }
    waveform.times.push_back(time);
    waveform.values.push_back(voltage);
  }
  if (waveform.times.empty()) {
    throw DataError(fmt::format("{}: expected lines of a time [s] and a voltage [V], found none",
                                file.string()));
  }
  return waveform;
}

std::string pwl_text(const PwlWaveform& waveform) {
  check(waveform);
  std::string text;
  for (std::size_t i = 0; i < waveform.times.size(); ++i) {
    text += fmt::format("{} {}\n", waveform.times[i], waveform.values[i]);
  }
  return text;
}

std::string pwl_source(const PwlWaveform& waveform,
                       const std::string& name,
                       const std::string& positive,
                       const std::string& negative) {
  check(waveform);
  for (const std::string& word : {name, positive, negative}) {
    if (&word != &name && word == "0") continue;  // ground
    checked_identifier(word, "PWL source");
  }
  std::string text = fmt::format("v{} {} {} pwl(", name, positive, negative);
  for (std::size_t i = 0; i < waveform.times.size(); ++i) {
    if (i % kPointsPerLine == 0) text += "\n+";
    text += fmt::format(" {} {}", waveform.times[i], waveform.values[i]);
  }
  return text + " )\n";
}

}  // namespace psi_xlstm
