#include "diagnosis/set_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/number_text.hpp"
#include "core/plural.hpp"
#include "core/utf8.hpp"
#include "diagnosis/diagnosis.hpp"
#include "diagnosis/drive.hpp"
#include "diagnosis/energy.hpp"
#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

// The record that gives back the largest part of its energy.
std::pair<const Record*, Energy> most_returning(const std::vector<Record>& records, double offset) {
  std::pair<const Record*, Energy> most{&records.front(), {}};
  for (const Record& record : records) {
    const Energy energy = energy_of(record, offset);
    if (energy.returned > most.second.returned) most = {&record, energy};
  }
  return most;
}

Finding about(FindingKind kind, const std::string& record, double value, std::string unit) {
  return {.kind = kind,
          .severity = FindingSeverity::kWarning,
          .record = record,
          .value = value,
          .unit = std::move(unit)};
}

// Between which values nine tenths of |I / V| lie, at voltages that say something.
struct Conductances {
  double low = 0, high = 0;      // [S], of 90 % of the samples that say something
  double mean = 0, mean_sd = 0;  // [S], by least squares, and what the noise makes of it
  const Record* record = nullptr;
};

Conductances conductances_of(const Record& record) {
  constexpr double kSays = 0.2;  // of the largest voltage
  const std::vector<double>&v = record.voltage[0], &i = record.current[0];
  double largest = 0, products = 0, squares = 0;
  for (double x : v) largest = std::max(largest, std::abs(x));
  std::vector<double> g;
  for (std::size_t k = 0; k < v.size(); ++k) {
    products += v[k] * i[k];
    squares += v[k] * v[k];
    if (largest > 0 && std::abs(v[k]) > kSays * largest) g.push_back(std::abs(i[k] / v[k]));
  }
  Conductances out{.record = &record};
  if (g.empty()) return out;
  std::sort(g.begin(), g.end());
  out.low = g[g.size() / 20];
  out.high = g[g.size() - 1 - g.size() / 20];
  out.mean = products / squares;
  out.mean_sd = noise_sd_from_differences(i) / std::sqrt(squares);
  return out;
}

std::string two_records(const Conductances& a, const Conductances& b) {
  return fmt::format("records {} and {}", in_quotes(a.record->id), in_quotes(b.record->id));
}

}  // namespace

std::optional<Finding> energy_finding(const std::vector<Record>& records, const ZeroCurrent& zero) {
  const auto [record, energy] = most_returning(records, 0);
  if (energy.returned <= limits::kReturnedEnergy) return std::nullopt;
  const double percent = 100 * energy.returned;
  const std::string where = "record " + in_quotes(record->id);
  Finding found = about(FindingKind::kActive, record->id, 0, "V");
  found.severity = FindingSeverity::kRefusal;
  if (energy.returned >= limits::kReversedEnergy) {
    found.kind = FindingKind::kReversed;
    found.value = percent;
    found.unit = "%";
    found.sentence = fmt::format(
        "{}: the current runs against the voltage ({:.3g} % of the energy comes out): if it was "
        "counted out of the device, use --sign -1, or leave that away where it was given",
        where, percent);
    return found;
  }
  const double sd = current_deviation(records);
  const bool offset =
      offset_share(zero, sd) > limits::kZeroCurrent &&
      most_returning(records, zero.offset).second.returned <= limits::kReturnedEnergy;
  if (offset) {
    found.kind = FindingKind::kOffset;
    found.value = zero.offset;
    found.unit = "A";
    found.sentence = fmt::format(
        "{}: the current is {} where the voltage is zero and {:.3g} % of the energy comes out: an "
        "active device, or an offset of a channel, which --correct offset takes off the current",
        where, engineering(zero.offset, "A"), percent);
    return found;
  }
  constexpr double kOneSide = 0.5;  // of a storing device the open voltages lie on both sides of 0
  if (energy.first_open && std::abs(*energy.mean_open) > kOneSide * *energy.rms_open) {
    found.value = *energy.first_open;
    found.sentence = fmt::format(
        "{}: this is an active device: I = 0 A at V = {:.3g} V, and {:.3g} % of the energy comes "
        "out; models here are resistances, which only take",
        where, *energy.first_open, percent);
    return found;
  }
  found.kind = FindingKind::kCharge;
  found.value = percent;
  found.unit = "%";
  found.sentence = fmt::format(
      "{}: this device stores charge: it gives back {:.3g} % of the energy it takes; models here "
      "are resistances, which only take",
      where, percent);
  return found;
}

std::optional<Finding> offset_finding(const std::vector<Record>& records, const ZeroCurrent& zero) {
  const double share = offset_share(zero, current_deviation(records));
  if (share <= limits::kZeroCurrent) return std::nullopt;
  Finding found = about(FindingKind::kOffset, "", zero.offset, "A");
  const std::string instead = zero.separable
                                  ? std::string()
                                  : fmt::format(
                                        ", or a delay of {} between the channels, which so few "
                                        "crossings cannot tell from it",
                                        engineering(std::abs(zero.offset) / zero.slope, "s"));
  found.sentence = fmt::format(
      "the current is {} where the voltage is zero, {:.2g} % of its standard deviation ({}): an "
      "offset of its channel{}; --correct offset takes it off",
      engineering(zero.offset, "A"), 100 * share, count_of(zero.crossings, "crossing"), instead);
  return found;
}

std::optional<Finding> skew_finding(const std::vector<Record>& records, const ZeroCurrent& zero) {
  const double share = delay_share(zero, current_deviation(records));
  if (share <= limits::kZeroCurrent) return std::nullopt;
  Finding found = about(FindingKind::kSkew, "", zero.delay, "s");
  const Record& first = records.front();
  const double step =
      (first.time.back() - first.time.front()) / static_cast<double>(first.size() - 1);
  const bool ahead = zero.delay < 0;
  const std::string instead = ahead ? fmt::format(", or a capacitance of {} across the device",
                                                  engineering(-zero.delay * zero.conductance, "F"))
                                    : std::string();
  found.sentence = fmt::format(
      "the current is {} {} the voltage, {:.2g} samples and {:.2g} % of its standard deviation ({} "
      "of zero volts): channels that are not sampled together{}; --correct skew shifts "
      "it",
      engineering(std::abs(zero.delay), "s"), ahead ? "ahead of" : "behind",
      std::abs(zero.delay) / step, 100 * share, count_of(zero.crossings, "crossing"), instead);
  return found;
}

std::optional<Finding> mixed_finding(const std::vector<Record>& records) {
  std::vector<Conductances> all;
  for (const Record& record : records) all.push_back(conductances_of(record));
  std::erase_if(all, [](const Conductances& c) { return !(c.high > 0); });
  if (all.size() < 2) return std::nullopt;
  const auto [least, most] = std::minmax_element(
      all.begin(), all.end(),
      [](const Conductances& a, const Conductances& b) { return a.mean < b.mean; });
  const auto is_told = [](const Conductances& c) {
    return std::abs(c.mean) > limits::kSure * c.mean_sd && std::abs(c.mean) >= c.low;
  };
  if (least->mean < 0 && most->mean > 0 && is_told(*least) && is_told(*most)) {
    Finding found = about(FindingKind::kMixed, least->record->id, least->mean, "S");
    found.sentence = fmt::format(
        "{} conduct {} and {}: one of the two currents is counted the other way round",
        two_records(*least, *most), engineering(least->mean, "S"), engineering(most->mean, "S"));
    return found;
  }
  std::sort(all.begin(), all.end(),
            [](const Conductances& a, const Conductances& b) { return a.low < b.low; });
  Conductances below = all.front();  // the highest so far
  double widest = 1;
  std::pair<Conductances, Conductances> apart;
  for (const Conductances& c : all) {
    if (c.low > widest * below.high) {
      widest = c.low / below.high;
      apart = {below, c};
    }
    if (c.high > below.high) below = c;
  }
  if (widest < limits::kConductanceGap) return std::nullopt;
  Finding found = about(FindingKind::kMixed, apart.second.record->id, widest, "times");
  found.sentence = fmt::format(
      "{} conduct at most {} and at least {}, {:.3g} times as much with no record between them: "
      "another device, unit or range; --split leaves records out",
      two_records(apart.first, apart.second), engineering(apart.first.high, "S"),
      engineering(apart.second.low, "S"), widest);
  return found;
}

std::optional<Finding> one_voltage_finding(const std::vector<Record>& records) {
  double widest = 0;
  const Record* shown = nullptr;
  for (const Record& record : records) {
    const auto [low, high] =
        std::minmax_element(record.voltage[0].begin(), record.voltage[0].end());
    const double part = (*high - *low) / std::max(std::abs(*low), std::abs(*high));
    if (shown != nullptr && !(part > widest)) continue;
    widest = part;
    shown = &record;
  }
  if (!(widest <= limits::kOneVoltage)) return std::nullopt;
  const double level = median(shown->voltage[0]);
  Finding found = about(FindingKind::kOneVoltage, shown->id, level, "V");
  found.sentence = fmt::format(
      "record {}: the voltage stays at {} within {:.2g} %{}: nothing is known about another "
      "voltage, "
      "and what moves the state cannot be told",
      in_quotes(shown->id), engineering(level, "V"), 100 * widest,
      records.size() > 1 ? " and no other record moves more" : "");
  return found;
}

bool too_few_periods(const std::vector<Record>& records) {
  constexpr double kRounding = 0.02;
  if (records.empty() || records.size() > 2) return false;
  const Record& first = records.front();
  const bool known = first.kind == RecordKind::kTransient && first.voltage.size() == 1 &&
                     first.size() >= 2 && first.time.size() == first.size();
  return known && drive_of(first).periods < limits::kPeriodsToDivide - kRounding;
}

std::optional<Finding> few_periods_finding(const std::vector<Record>& records, bool divide) {
  if (!too_few_periods(records)) return std::nullopt;
  const Record& first = records.front();
  const double periods = drive_of(first).periods;
  Finding found = about(FindingKind::kFewPeriods, first.id, periods, "periods");
  found.sentence = fmt::format(
      "record {} holds {:.2g} period{} of its voltage, too few to be divided in time: {}",
      in_quotes(first.id), periods, fmt::format("{:.2g}", periods) == "1" ? "" : "s",
      divide ? "the errors are those of voltages that the training has not seen; leave --split out"
             : "all of it is fitted, and the errors are those of parts left out one at a time");
  return found;
}

}  // namespace psi_xlstm
