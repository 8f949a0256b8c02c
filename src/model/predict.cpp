#include "model/predict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/number_text.hpp"
#include "hdl/text/plan.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::model {
namespace {

using Warnings = std::vector<std::string>;

double start_of(const Model& model,
                const StartRange& range,
                std::optional<double> g0,
                const Record& record,
                Warnings& warnings) {
  if (g0) return *g0;
  if (record.initial_conductance) return *record.initial_conductance;
  if (!record.current.empty() && !record.current[0].empty()) {
    constexpr std::size_t kFewest = 8;
    const double start = record.size() < kFewest ? 0 : model.start_of(record);
    if (start > 0 && std::isfinite(start)) return start;
    throw DataError(fmt::format(
        "record {}: expected at least {} samples whose current tells the conductance at the start, "
        "found {} that do not; give it",
        record.id, kFewest, record.size()));
  }
  warnings.push_back(fmt::format("record {}: no initial conductance is given, assumed {}",
                                 record.id, engineering(range.middle, "S")));
  return range.middle;
}

void warn_of_start(const Model& model,
                   const StartRange& range,
                   double start,
                   const Record& record,
                   Warnings& warnings) {
  if (range.high <= 0 || (start >= range.low && start <= range.high)) return;
  const bool compact = model.about().kind == Kind::kCompact;
  warnings.push_back(
      fmt::format("record {}: the initial conductance {} is outside the range {} to {} that the "
                  "model {}",
                  record.id, engineering(start, "S"), engineering(range.low, "S"),
                  engineering(range.high, "S"), compact ? "can hold" : "was trained on"));
}

// Between two samples the state of a compact model is driven by one voltage.
void warn_of_steps(const Model& model, const Record& record, Warnings& warnings) {
  const Description& about = model.about();
  const bool known = about.box.step_max > 0 && about.no_circuit.empty();
  if (about.kind != Kind::kCompact || about.states == 0 || !known) return;
  const double resolved = std::max(about.box.step_max, hdl::longest_step(model.circuit_network()));
  double longest = 0;
  for (std::size_t k = 1; k < record.time.size(); ++k) {
    longest = std::max(longest, record.time[k] - record.time[k - 1]);
  }
  if (longest <= resolved * (1 + 1e-6)) return;
  warnings.push_back(
      fmt::format("record {}: samples are up to {} apart, the model resolves steps of at most {}: "
                  "the current behind a longer one is wrong; give the voltage at more times",
                  record.id, engineering(longest, "s"), engineering(resolved, "s")));
}

void warn_of_extrapolation(const Model& model, const Record& record, Warnings& warnings) {
  const ir::TrainingBox& box = model.about().box;
  const std::vector<std::string>& ports = model.about().ports;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const auto [low, high] =
        std::minmax_element(record.voltage[p].begin(), record.voltage[p].end());
    const double slack = 1e-9 * (box.voltage_max[p] - box.voltage_min[p]);
    const bool known = box.voltage_max[p] > box.voltage_min[p];
    if (!known || (*low >= box.voltage_min[p] - slack && *high <= box.voltage_max[p] + slack)) {
      continue;
    }
    warnings.push_back(fmt::format(
        "record {}: the voltage{} runs from {} to {}, the model was trained on {} to {}: it "
        "extrapolates",
        record.id, ports.size() == 1 ? "" : " of port " + ports[p], engineering(*low, "V"),
        engineering(*high, "V"), engineering(box.voltage_min[p], "V"),
        engineering(box.voltage_max[p], "V")));
  }
  warn_of_steps(model, record, warnings);
  const double longest = model.about().longest_time;
  if (longest > 0 && record.time.back() > longest * (1 + 1e-9)) {
    warnings.push_back(
        fmt::format("record {}: the time runs to {}, the model, which sees it, was trained to {}: "
                    "it extrapolates",
                    record.id, engineering(record.time.back(), "s"), engineering(longest, "s")));
  }
}

}  // namespace

Warnings predict_in_place(const Model& model, std::optional<double> g0, Record& record) {
  model.check_ports(record);
  Warnings warnings;
  double start = 1;
  if (model.about().sees == SecondInput::kStart) {
    const StartRange range = model.starts();
    start = start_of(model, range, g0, record, warnings);
    warn_of_start(model, range, start, record, warnings);
  } else if (g0 && model.about().sees == SecondInput::kTime) {
    warnings.push_back(fmt::format(
        "record {}: the model sees the time and no initial conductance: the given one changes "
        "nothing",
        record.id));
  }
  std::vector<std::vector<double>> currents = model.currents(record, start);
  if (record.size() > 0) warn_of_extrapolation(model, record, warnings);
  for (const std::vector<double>& current : currents) {
    const auto lost =
        std::find_if_not(current.begin(), current.end(), [](double i) { return std::isfinite(i); });
    if (lost == current.end()) continue;
    throw DataError(fmt::format(
        "record {}: expected a finite current at every sample, found {} at sample {}: the model "
        "does not hold under this voltage",
        record.id, *lost, lost - current.begin()));
  }
  record.current = std::move(currents);
  record.clean_current.clear();
  record.initial_conductance.reset();
  return warnings;
}

}  // namespace psi_xlstm::model
