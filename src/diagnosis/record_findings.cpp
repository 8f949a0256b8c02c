#include "diagnosis/record_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/number_text.hpp"
#include "core/utf8.hpp"
#include "diagnosis/clipping.hpp"
#include "diagnosis/diagnosis.hpp"
#include "diagnosis/drive.hpp"
#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

// The worst of many records.
template <class T>
struct Worst {
  const Record* record = nullptr;
  T what = {};
  double badness = 0;
  int others = 0;

  void see(const Record& seen, const T& found, double how_bad) {
    if (record != nullptr) ++others;
    if (record != nullptr && how_bad <= badness) return;
    record = &seen;
    what = found;
    badness = how_bad;
  }

  // "record "a"" or "record "a" and 3 others".
  std::string where() const {
    std::string text = "record " + in_quotes(record->id);
    if (others > 0) text += fmt::format(" and {} other{}", others, others > 1 ? "s" : "");
    return text;
  }
};

std::vector<double> every_second(const std::vector<double>& values) {
  std::vector<double> out;
  for (std::size_t k = 0; k < values.size(); k += 2) out.push_back(values[k]);
  return out;
}

// Part of the sd that is noise; absent where the estimate may be curvature, or there is no sd.
struct FoundNoise {
  double share = 0;
  bool white = false;  ///< The same with half the samples.
};

FoundNoise found_noise(const Record& record) {
  constexpr double kSame = 1.5;
  const std::vector<double>& current = record.current[0];
  const double sd = standard_deviation(current).value_or(0);
  if (!(sd > 0) || current.size() < 16) return {};
  const double all = noise_sd_from_differences(current);
  const double half = noise_sd_from_differences(every_second(current));
  return {all / sd, half < kSame * all};
}

}  // namespace

std::optional<Finding> clipping_finding(const std::vector<Record>& records) {
  Worst<Clipping> worst;
  for (const Record& record : records) {
    if (const auto c = clipping_of(record)) worst.see(record, *c, c->samples);
  }
  if (worst.record == nullptr) return std::nullopt;
  const Clipping& c = worst.what;
  const bool of_current = c.channel == "current";
  const char* other = of_current ? "V" : "A";
  return Finding{
      .kind = FindingKind::kClipping,
      .severity = FindingSeverity::kWarning,
      .record = worst.record->id,
      .value = static_cast<double>(c.samples),
      .unit = "samples",
      .sentence = fmt::format(
          "{}: {} samples of the {} stand at {} while the {} goes from {} to {}: clipped by a "
          "compliance or by the range of a converter, which the model takes for the device",
          worst.where(), c.samples, c.channel, engineering(c.level, c.unit),
          of_current ? "voltage" : "current", engineering(c.other_first, other),
          engineering(c.other_last, other))};
}

std::optional<Finding> sampling_finding(const std::vector<Record>& records) {
  Worst<Drive> worst;
  for (const Record& record : records) {
    const Drive drive = drive_of(record);
    if (!drive.samples_per_period) continue;
    if (*drive.samples_per_period >= limits::kSamplesPerPeriod) continue;
    worst.see(record, drive, 1 / *drive.samples_per_period);
  }
  if (worst.record == nullptr) return std::nullopt;
  const double samples = *worst.what.samples_per_period;
  // The sag of the straight line between two samples of a sine, over its amplitude.
  const double error = 1 - std::cos(std::acos(-1.0) / samples);
  return Finding{.kind = FindingKind::kSampling,
                 .severity = FindingSeverity::kWarning,
                 .record = worst.record->id,
                 .value = samples,
                 .unit = "samples per period",
                 .sentence = fmt::format(
                     "{}: {:.3g} samples in a period of {}: between samples the voltage is taken "
                     "as a straight "
                     "line, which of a sine is off by {:.2g} % of the amplitude; sample faster",
                     worst.where(), samples, engineering(*worst.what.period, "s"), 100 * error)};
}

std::optional<Finding> noise_finding(const std::vector<Record>& records,
                                     std::optional<double> told) {
  if (!told || !(*told > 0)) return std::nullopt;
  Worst<double> worst;
  for (const Record& record : records) {
    const FoundNoise noise = found_noise(record);
    if (!(noise.share > 0)) continue;
    const double ratio = noise.share / *told;
    const bool more = ratio > limits::kNoiseFactor && noise.white;
    const bool less = ratio < 1 / limits::kNoiseFactor;
    if (more || less) worst.see(record, noise.share, std::abs(std::log(ratio)));
  }
  if (worst.record == nullptr) return std::nullopt;
  return Finding{
      .kind = FindingKind::kNoise,
      .severity = FindingSeverity::kWarning,
      .record = worst.record->id,
      .value = 100 * worst.what,
      .unit = "%",
      .sentence = fmt::format(
          "{}: the differences of neighbouring samples speak for noise of {:.2g} % of the standard "
          "deviation of the current, --noise says {:.3g} %; without --noise it is estimated",
          worst.where(), 100 * worst.what, 100 * *told)};
}

}  // namespace psi_xlstm
