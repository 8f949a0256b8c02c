#include "diagnosis/diagnosis.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "diagnosis/record_findings.hpp"
#include "diagnosis/set_findings.hpp"
#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

bool can_be_looked_at(const Record& record) {
  constexpr std::size_t kFewest = 8;
  return record.kind == RecordKind::kTransient && record.voltage.size() == 1 &&
         record.current.size() == 1 && record.size() >= kFewest &&
         record.time.size() == record.size() && record.current[0].size() == record.size();
}

void add(std::optional<Finding> finding, std::vector<Finding>& all) {
  if (finding) all.push_back(std::move(*finding));
}

}  // namespace

double current_deviation(const std::vector<Record>& records) {
  double squares = 0, count = 0;
  for (const Record& record : records) {
    const double sd = standard_deviation(record.current[0]).value_or(0);
    squares += sd * sd * static_cast<double>(record.size());
    count += static_cast<double>(record.size());
  }
  return count > 0 ? std::sqrt(squares / count) : 0;
}

double offset_share(const ZeroCurrent& zero, double current_sd) {
  const bool sure = std::abs(zero.offset) > limits::kSure * zero.offset_sd;
  return zero.crossings > 0 && sure && current_sd > 0 ? std::abs(zero.offset) / current_sd : 0;
}

// Of a sine, the slope at a crossing is sqrt(2) times its root mean square.
double delay_share(const ZeroCurrent& zero, double current_sd) {
  const bool sure = std::abs(zero.delay) > limits::kSure * zero.delay_sd;
  if (!zero.separable || !sure || !(current_sd > 0)) return 0;
  return std::abs(zero.delay) * zero.slope / (std::sqrt(2.0) * current_sd);
}

std::vector<Finding> diagnose(const std::vector<Record>& records, const DiagnosisOptions& options) {
  std::vector<Record> seen;
  std::copy_if(records.begin(), records.end(), std::back_inserter(seen), can_be_looked_at);
  std::vector<Finding> all;
  if (seen.empty()) return all;
  const ZeroCurrent zero = zero_current(seen);
  add(energy_finding(seen, zero), all);
  const bool power_explains_offset = !all.empty();
  if (!power_explains_offset) {
    add(offset_finding(seen, zero), all);
    add(skew_finding(seen, zero), all);
  }
  add(clipping_finding(seen), all);
  add(sampling_finding(seen), all);
  add(noise_finding(seen, options.noise), all);
  add(mixed_finding(seen), all);
  add(one_voltage_finding(seen), all);
  add(few_periods_finding(seen, options.divide), all);
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    return static_cast<int>(a.severity) > static_cast<int>(b.severity);
  });
  return all;
}

}  // namespace psi_xlstm
