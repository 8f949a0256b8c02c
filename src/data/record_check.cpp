#include "data/record_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

void check_finite(const Record& record, const std::vector<double>& values, const char* what) {
  const auto lost =
      std::find_if_not(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
  if (lost == values.end()) return;
  throw DataError(
      fmt::format("record {}: expected a finite {} at every sample, found {} at sample {}",
                  printable(record.id), what, *lost, lost - values.begin()));
}

void check_count(const Record& record, std::size_t count, const char* what) {
  if (count == record.time.size()) return;
  throw DataError(fmt::format("record {}: expected as many {} as times, found {} and {}",
                              printable(record.id), what, count, record.time.size()));
}

void check_something(const Record& record, const std::vector<double>& values, const char* what) {
  if (std::any_of(values.begin(), values.end(), [](double x) { return x != 0; })) return;
  throw DataError(
      fmt::format("record {}: expected a {}, found only zeros", printable(record.id), what));
}

}  // namespace

void check_drive(const Record& record) {
  check_count(record, record.voltage.at(0).size(), "voltages");
  check_finite(record, record.time, "time");
  check_finite(record, record.voltage[0], "voltage");
  for (std::size_t k = 1; k < record.time.size(); ++k) {
    if (record.time[k] > record.time[k - 1]) continue;
    throw DataError(
        fmt::format("record {}: expected times that increase, found {} s after {} s at sample {}",
                    printable(record.id), record.time[k], record.time[k - 1], k));
  }
}

void check_waveforms(std::span<const Record> records) {
  std::size_t samples = 0;
  for (const Record& record : records) {
    check_drive(record);
    check_count(record, record.current.at(0).size(), "currents");
    check_finite(record, record.current[0], "current");
    const std::size_t fewest = records.size() == 1 ? kFewestOfAll : kFewestOfRecord;
    if (record.time.size() < fewest) {
      throw DataError(fmt::format("record {}: expected at least {} samples, found {}",
                                  printable(record.id), fewest, record.time.size()));
    }
    check_something(record, record.voltage[0], "voltage");
    check_something(record, record.current[0], "current");
    samples += record.time.size();
  }
  if (samples < kFewestOfAll) {
    throw DataError(fmt::format("{} records: expected at least {} samples together, found {}",
                                records.size(), kFewestOfAll, samples));
  }
}

}  // namespace psi_xlstm
