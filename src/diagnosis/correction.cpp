#include "diagnosis/correction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/number_text.hpp"
#include "core/plural.hpp"
#include "core/utf8.hpp"
#include "diagnosis/diagnosis.hpp"
#include "diagnosis/zero_current.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

Finding done(FindingKind kind, double value, const char* unit, std::string sentence) {
  return {.kind = kind,
          .severity = FindingSeverity::kRemark,
          .value = value,
          .unit = unit,
          .sentence = std::move(sentence)};
}

// `values`, which were measured `delay` after `time`, at the samples begin .. end - 1 of it.
std::vector<double> moved(const std::vector<double>& time,
                          const std::vector<double>& values,
                          double delay,
                          std::size_t begin,
                          std::size_t end) {
  std::vector<double> out;
  std::size_t right = 1;
  for (std::size_t k = begin; k < end; ++k) {
    const double at = time[k] + delay;
    while (right + 1 < time.size() && time[right] < at) ++right;
    const double part = (at - time[right - 1]) / (time[right] - time[right - 1]);
    out.push_back(values[right - 1] + part * (values[right] - values[right - 1]));
  }
  return out;
}

void keep(std::vector<double>& values, std::size_t begin, std::size_t end) {
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(end), values.end());
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(begin));
}

// The current of `record` as if it had been sampled together with the voltage.
void shift_current(Record& record, double delay) {
  constexpr std::size_t kFewest = 8;
  const std::vector<double>& time = record.time;
  const auto measured = [&](double t) { return t >= time.front() && t <= time.back(); };
  std::size_t begin = 0, end = record.size();
  while (begin < end && !measured(time[begin] + delay)) ++begin;
  while (end > begin && !measured(time[end - 1] + delay)) --end;
  if (end - begin < kFewest) {
    throw DataError(fmt::format(
        "--correct skew: expected at least {} samples of record {} after a shift of {}, "
        "found {}",
        kFewest, in_quotes(record.id), engineering(delay, "s"), end - begin));
  }
  record.current[0] = moved(time, record.current[0], delay, begin, end);
  if (!record.clean_current.empty()) {
    record.clean_current = moved(time, record.clean_current, delay, begin, end);
  }
  keep(record.voltage[0], begin, end);
  keep(record.time, begin, end);
  if (begin > 0) record.initial_conductance.reset();
}

Finding take_off(std::vector<Record>& records, const ZeroCurrent& zero) {
  if (!(offset_share(zero, current_deviation(records)) > 0)) {
    if (zero.crossings == 0) {
      return done(FindingKind::kOffset, 0, "A",
                  "--correct offset: nothing is taken off, the voltage nowhere crosses zero");
    }
    return done(FindingKind::kOffset, 0, "A",
                fmt::format("--correct offset: nothing is taken off, the current at zero volts is "
                            "{} with a standard deviation of {} ({})",
                            engineering(zero.offset, "A"), engineering(zero.offset_sd, "A"),
                            count_of(zero.crossings, "crossing")));
  }
  for (Record& record : records) {
    for (double& i : record.current[0]) i -= zero.offset;
    for (double& i : record.clean_current) i -= zero.offset;
  }
  return done(FindingKind::kOffset, zero.offset, "A",
              fmt::format("--correct offset: took {} off the current of every record",
                          engineering(zero.offset, "A")));
}

Finding shift(std::vector<Record>& records, const ZeroCurrent& zero) {
  if (!(delay_share(zero, current_deviation(records)) > 0)) {
    const std::string found =
        zero.separable
            ? fmt::format("the delay is {} with a standard deviation of {}",
                          engineering(zero.delay, "s"), engineering(zero.delay_sd, "s"))
            : "a delay shows only where the voltage crosses zero four times, in both directions";
    return done(FindingKind::kSkew, 0, "s", "--correct skew: nothing is shifted, " + found);
  }
  for (Record& record : records) shift_current(record, zero.delay);
  return done(FindingKind::kSkew, zero.delay, "s",
              fmt::format("--correct skew: shifted the current of every record by {}",
                          engineering(-zero.delay, "s")));
}

}  // namespace

Corrections corrections_from(std::string_view text) {
  Corrections out;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    if (name == "offset") {
      out.offset = true;
    } else if (name == "skew") {
      out.skew = true;
    } else {
      throw ConfigError(fmt::format(
          "correct: expected \"offset\", \"skew\" or \"offset,skew\", found {}", in_quotes(name)));
    }
    text.remove_prefix(std::min(text.size(), name.size() + 1));
  }
  return out;
}

std::vector<Finding> correct(std::vector<Record>& records, const Corrections& wanted) {
  std::vector<Finding> all;
  if (!wanted.offset && !wanted.skew) return all;
  for (const Record& record : records) {
    if (record.kind == RecordKind::kTransient && record.voltage.size() == 1) continue;
    throw DataError(
        fmt::format("--correct: expected transient records of one port, found another "
                    "kind in record {}",
                    in_quotes(record.id)));
  }
  const ZeroCurrent zero = zero_current(records);
  if (wanted.offset) all.push_back(take_off(records, zero));
  if (wanted.skew) all.push_back(shift(records, zero));
  return all;
}

}  // namespace psi_xlstm
