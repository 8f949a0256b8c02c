#include "tau/response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/record_check.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {

namespace {

// Numbers that have decayed to nothing, before they and their products become subnormal, which
// processors are slow at.
double vanishing(double x) { return std::abs(x) < 1e-60 ? 0.0 : x; }

}  // namespace

std::vector<Response> all_responses() {
  return {{Form::kConductance, Drive::kSquare},
          {Form::kConductance, Drive::kMagnitude},
          {Form::kConductance, Drive::kVoltage},
          {Form::kCurrent, Drive::kVoltage}};
}

std::string describe(const Response& response) {
  const char* drive = response.drive == Drive::kSquare      ? "V^2"
                      : response.drive == Drive::kMagnitude ? "|V|"
                                                            : "V";
  return fmt::format("{} driven by {}",
                     response.form == Form::kConductance ? "conductance" : "current", drive);
}

double drive_at(Drive drive, double voltage) {
  switch (drive) {
    case Drive::kSquare:
      return voltage * voltage;
    case Drive::kMagnitude:
      return std::abs(voltage);
    case Drive::kVoltage:
      break;
  }
  return voltage;
}

StepWeights step_weights(double ratio) {
  const double x = ratio;
  StepWeights w;
  w.decay = std::exp(-x);
  if (x < 1e-3) {
    w.to = x * (1. / 2 - x * (1. / 6 - x * (1. / 24 - x / 120)));
    w.from = x * (1. / 2 - x * (1. / 3 - x * (1. / 8 - x / 30)));
  } else {
    const double mean = -std::expm1(-x) / x;  // of exp(-s/tau) over the step
    w.to = 1 - mean;
    w.from = mean - w.decay;
  }
  w.decay_slope = x * w.decay;
  w.to_slope = -w.from;
  w.from_slope = w.from - x * w.decay;
  if (x < 0.02) {
    w.middle = x * (2. / 3 - x * (1. / 3 - x * (1. / 10 - x / 45)));
    w.middle_slope = -x * (2. / 3 - x * (2. / 3 - x * (3. / 10 - 4 * x / 45)));
  } else {
    w.middle = 4 * (w.from + w.decay - 2 * w.from / x);
    const double slope = w.decay - w.from / x;  // of `from` by x
    w.middle_slope = -4 * x * (slope * (1 - 2 / x) - w.decay + 2 * w.from / (x * x));
  }
  return w;
}

ColumnStream::ColumnStream(const Record& record,
                           const Response& response,
                           std::vector<double> taus,
                           bool derivatives)
    : record_(record),
      response_(response),
      taus_(std::move(taus)),
      layout_{.taus = static_cast<int>(taus_.size()), .derivatives = derivatives},
      weights_(taus_.size()),
      z_(taus_.size(), 0.0),
      z_slope_(taus_.size(), 0.0),
      start_(taus_.size(), 1.0),
      start_slope_(taus_.size(), 0.0) {}

// The voltage half way to the current sample. Plateaus with a ramp between them bend both ways:
// there it is that of the straight line.
double ColumnStream::middle_voltage() const {
  const std::vector<double>& V = record_.voltage[0];
  const std::vector<double>& t = record_.time;
  const std::size_t i = sample_;
  const double straight = (V[i - 1] + V[i]) / 2;
  if (i < 2 || i + 1 >= V.size()) return straight;
  const double h = t[i] - t[i - 1];
  const auto differs = [h](double other) { return std::abs(other - h) > 1e-2 * h; };
  if (differs(t[i - 1] - t[i - 2]) || differs(t[i + 1] - t[i])) return straight;
  const double before = V[i - 2] - 2 * V[i - 1] + V[i];
  const double after = V[i - 1] - 2 * V[i] + V[i + 1];
  if (before * after <= 0) return straight;
  const double bend = std::min(std::abs(before), std::abs(after));
  // Where one is far larger, a corner and no smooth curve.
  if (std::max(std::abs(before), std::abs(after)) > 4 * bend) return straight;
  return straight - std::copysign(bend, before) / 8;
}

void ColumnStream::step(double h, double u, double middle) {
  const double bulge = middle - (u_ + u) / 2;
  // Steps that differ by rounding only share their weights.
  if (!(std::abs(h - weights_step_) <= 1e-9 * h)) {
    std::transform(taus_.begin(), taus_.end(), weights_.begin(),
                   [h](double tau) { return step_weights(h / tau); });
    weights_step_ = h;
  }
  for (std::size_t k = 0; k < taus_.size(); ++k) {
    const StepWeights& w = weights_[k];
    if (layout_.derivatives) {
      z_slope_[k] = vanishing(w.decay * z_slope_[k] + w.decay_slope * z_[k] + w.from_slope * u_ +
                              w.to_slope * u + w.middle_slope * bulge);
      start_slope_[k] = vanishing(w.decay * start_slope_[k] + w.decay_slope * start_[k]);
    }
    z_[k] = vanishing(w.decay * z_[k] + w.from * u_ + w.to * u + w.middle * bulge);
    start_[k] = vanishing(w.decay * start_[k]);
  }
}

void ColumnStream::next(std::span<double> row) {
  const double V = record_.voltage[0][sample_];
  const double u = drive_at(response_.drive, V);
  if (sample_ > 0) {
    step(record_.time[sample_] - record_.time[sample_ - 1], u,
         drive_at(response_.drive, middle_voltage()));
  }
  u_ = u;
  const double base = response_.form == Form::kConductance ? V : 1;
  double* out = row.data();
  out[layout_.current()] = record_.current[0][sample_];
  const double statics[kStaticColumns] = {V, V * std::abs(V), V * V, V * V * V};
  std::copy_n(statics, kStaticColumns, out + layout_.statics());
  const auto scaled = [&](const std::vector<double>& values, int first) {
    for (std::size_t k = 0; k < values.size(); ++k) {
      out[static_cast<std::size_t>(first) + k] = base * values[k];
    }
  };
  scaled(z_, layout_.response());
  scaled(start_, layout_.start());
  if (layout_.derivatives) {
    scaled(z_slope_, layout_.response_slope());
    scaled(start_slope_, layout_.start_slope());
  }
  std::fill(out + layout_.count(), out + layout_.width(), 0.0);
  ++sample_;
}

void check_record(const Record& record, const std::string& where) {
  const auto fail = [&](const std::string& expected) {
    throw DataError(fmt::format("{}: record \"{}\": {}", where, record.id, expected));
  };
  if (record.kind != RecordKind::kTransient || record.voltage.size() != 1) {
    fail("expected a transient of one port, found another kind");
  }
  constexpr std::size_t kFewest = kFewestOfRecord;
  constexpr double kLeast = 1e-30;
  const std::size_t n = record.size();
  if (n < kFewest || record.time.size() != n || record.current.size() != 1 ||
      record.current[0].size() != n) {
    fail(fmt::format("expected at least {} samples of time, voltage and current, found {}, {}, {}",
                     kFewest, record.time.size(), n,
                     record.current.empty() ? 0 : record.current[0].size()));
  }
  double voltage = 0, current = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0 && !(record.time[i] > record.time[i - 1])) {
      fail(fmt::format("expected times that increase, found {} s after {} s", record.time[i],
                       record.time[i - 1]));
    }
    if (!std::isfinite(record.voltage[0][i]) || !std::isfinite(record.current[0][i])) {
      fail(fmt::format("expected finite numbers, found none at {} s", record.time[i]));
    }
    voltage = std::max(voltage, std::abs(record.voltage[0][i]));
    current = std::max(current, std::abs(record.current[0][i]));
  }
  if (!(voltage > 0) || !(current > 0)) {
    fail(fmt::format("expected a voltage and a current, found at most {} V and {} A", voltage,
                     current));
  }
  if (voltage < kLeast || current < kLeast) {  // their squares would be nothing
    fail(fmt::format("expected a voltage and a current of at least {}, found at most {} V and {} A",
                     kLeast, voltage, current));
  }
}

}  // namespace psi_xlstm::tau
