#include "circuit/stimulus.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/identifier.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

double value_of(const ConstantTerm& term, double) { return term.voltage; }

double value_of(const SineTerm& term, double time) {
  const double phase = term.phase_deg * std::numbers::pi / 180;
  const double angle = 2 * std::numbers::pi * term.frequency * std::max(time - term.delay, 0.0);
  return term.offset + term.amplitude * std::sin(angle + phase);
}

double value_of(const PulseTerm& term, double time) {
  double since = time - term.delay;
  if (term.period > 0 && since > term.period)
    since -= term.period * std::floor(since / term.period);
  if (since <= 0) return term.low;
  if (since < term.rise) return term.low + (term.high - term.low) * since / term.rise;
  since -= term.rise;
  if (since <= term.width) return term.high;
  since -= term.width;
  if (since < term.fall) return term.high + (term.low - term.high) * since / term.fall;
  return term.low;
}

double value_of(const DecayingJumpTerm& term, double time) {
  const double since = time - term.start;
  if (since <= 0) return 0;
  return term.amplitude * (std::exp(-since * term.decay_rate) - std::exp(-since / term.rise_time));
}

double value_of(const VoltageTable& table, double time) { return interpolate(table, time); }

void add_breakpoints(const ConstantTerm&, double, std::vector<double>&) {}

void add_breakpoints(const SineTerm& term, double, std::vector<double>& times) {
  times.push_back(term.delay);
}

// How often the pulse begins again.
double repeats_of(const PulseTerm& term, double stop) {
  return term.period > 0 && stop > term.delay ? std::floor((stop - term.delay) / term.period) : 0;
}

double count_breakpoints(const ConstantTerm&, double) { return 0; }
double count_breakpoints(const SineTerm&, double) { return 1; }
double count_breakpoints(const PulseTerm& term, double stop) {
  return 4 * (repeats_of(term, stop) + 1);
}
double count_breakpoints(const DecayingJumpTerm&, double) { return 1; }
double count_breakpoints(const VoltageTable& table, double) {
  return static_cast<double>(table.times.size());
}

void add_breakpoints(const PulseTerm& term, double stop, std::vector<double>& times) {
  const double repeats = repeats_of(term, stop);
  for (double k = 0; k <= repeats; ++k) {
    double time = term.delay + k * term.period;
    times.push_back(time);
    for (const double length : {term.rise, term.width, term.fall}) times.push_back(time += length);
  }
}

void add_breakpoints(const DecayingJumpTerm& term, double, std::vector<double>& times) {
  times.push_back(term.start);
}

void add_breakpoints(const VoltageTable& table, double, std::vector<double>& times) {
  times.insert(times.end(), table.times.begin(), table.times.end());
}

std::string source_text(const ConstantTerm& term) { return fmt::format("dc {}", term.voltage); }

std::string source_text(const SineTerm& term) {
  return fmt::format("dc {} sin({} {} {} {} 0 {})", value_of(term, 0), term.offset, term.amplitude,
                     term.frequency, term.delay, term.phase_deg);
}

std::string source_text(const PulseTerm& term) {
  // Without a period ngspice takes the stop time of the analysis: one pulse.
  const std::string period = term.period > 0 ? fmt::format(" {}", term.period) : "";
  return fmt::format("dc {} pulse({} {} {} {} {} {}{})", term.low, term.low, term.high, term.delay,
                     term.rise, term.fall, term.width, period);
}

std::string source_text(const DecayingJumpTerm& term) {
  // ngspice replaces a second delay of exactly 0 by the print step.
  const double start = term.start > 0 ? term.start : 1e-30;
  return fmt::format("dc 0 exp(0 {} {} {} {} {})", term.amplitude, start, term.rise_time, start,
                     1 / term.decay_rate);
}

std::string source_text(const VoltageTable&) { return "external"; }

std::string piecewise_linear_text(const VoltageTable& table) {
  std::string text = fmt::format("dc {} pwl(", table.values.front());
  for (std::size_t k = 0; k < table.times.size(); ++k) {
    text += fmt::format("{}{} {}", k == 0 ? "" : "\n+ ", table.times[k], table.values[k]);
  }
  return text + ")";
}

/// What is wrong with a term, or an empty text.
std::string problem_of(const ConstantTerm& term) {
  return std::isfinite(term.voltage) ? "" : "expected a finite voltage";
}

std::string problem_of(const SineTerm& term) {
  if (!std::isfinite(term.offset) || !std::isfinite(term.amplitude))
    return "expected finite voltages";
  if (!(term.frequency > 0) || !std::isfinite(term.frequency)) return "expected a frequency > 0 Hz";
  if (!(term.delay >= 0) || !std::isfinite(term.delay)) return "expected a delay >= 0 s";
  return std::isfinite(term.phase_deg) ? "" : "expected a finite phase";
}

std::string problem_of(const PulseTerm& term) {
  if (!std::isfinite(term.low) || !std::isfinite(term.high)) return "expected finite voltages";
  if (!(term.delay >= 0) || !std::isfinite(term.delay)) return "expected a delay >= 0 s";
  const double length = term.rise + term.width + term.fall;
  if (!(term.rise > 0 && term.width > 0 && term.fall > 0) || !std::isfinite(length)) {
    return "expected rise, width and fall > 0 s";
  }
  const bool repeats = term.period >= length * (1 - 1e-12) && std::isfinite(term.period);
  return term.period == 0 || repeats ? ""
                                     : "expected a period of 0 or at least rise + width + fall";
}

std::string problem_of(const DecayingJumpTerm& term) {
  if (!std::isfinite(term.amplitude)) return "expected a finite amplitude";
  if (!(term.start >= 0) || !std::isfinite(term.start)) return "expected a start >= 0 s";
  const bool rates = term.decay_rate > 0 && std::isfinite(term.decay_rate) && term.rise_time > 0 &&
                     std::isfinite(term.rise_time);
  return rates ? "" : "expected a decay rate and a rise time > 0";
}

/// A pulse of 0 V in series with `term`, or an empty text: ngspice has no breakpoint where an EXP
/// source or a delayed SIN source begins.
std::string breakpoint_text(const Stimulus::Term& term) {
  double start = 0, edge = 0;
  if (const auto* const jump = std::get_if<DecayingJumpTerm>(&term)) {
    start = jump->start;
    edge = jump->rise_time;
  } else if (const auto* const sine = std::get_if<SineTerm>(&term)) {
    start = sine->delay;
    edge = 0.01 / sine->frequency;
  }
  if (start == 0) return "";
  return fmt::format("dc 0 pulse(0 0 {} {} {} {})", start, edge, edge, edge);
}

/// What stands after the nodes of every source, in series; `table` is the waveform of an external
/// one.
struct Source {
  std::string text;
  const VoltageTable* table = nullptr;
};

std::vector<Source> sources_of(const Stimulus& stimulus) {
  std::vector<Source> sources;
  for (const auto& term : stimulus.terms) {
    sources.push_back({.text = std::visit([](const auto& t) { return source_text(t); }, term),
                       .table = std::get_if<VoltageTable>(&term)});
    const std::string breakpoint = breakpoint_text(term);
    if (!breakpoint.empty()) sources.push_back({.text = breakpoint, .table = nullptr});
  }
  return sources;
}

std::string name_of_source(std::string_view source_name, std::size_t k) {
  return k == 0 ? std::string(source_name) : fmt::format("{}_{}", source_name, k);
}

}  // namespace

double Stimulus::value(double time) const {
  double sum = 0;
  for (const Term& term : terms) {
    sum += std::visit([time](const auto& t) { return value_of(t, time); }, term);
  }
  return sum;
}

double Stimulus::breakpoint_count(double stop) const {
  double count = 0;
  for (const Term& term : terms) {
    count += std::visit([stop](const auto& t) { return count_breakpoints(t, stop); }, term);
  }
  return count;
}

std::vector<double> Stimulus::breakpoints(double stop) const {
  const double count = breakpoint_count(stop);
  if (!(count <= kMostBreakpoints)) {
    throw SpiceError(
        fmt::format("stimulus: expected at most {:.0f} breakpoints until {} s, got "
                    "{:.3g}",
                    kMostBreakpoints, stop, count));
  }
  std::vector<double> times;
  for (const Term& term : terms) {
    std::visit([&](const auto& t) { add_breakpoints(t, stop, times); }, term);
  }
  std::erase_if(times, [stop](double time) { return !(time > 0 && time < stop); });
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

std::string Stimulus::netlist(std::string_view source_name,
                              std::string_view positive,
                              std::string_view negative,
                              bool tables_as_numbers) const {
  check_stimulus(*this);
  if (!is_identifier(source_name) || (source_name.front() != 'v' && source_name.front() != 'V')) {
    throw SpiceError(
        fmt::format("stimulus source: expected an identifier that begins with v, "
                    "got \"{}\"",
                    source_name));
  }
  for (const std::string_view node : {positive, negative}) {
    if (node != "0" && !is_identifier(node)) {
      throw SpiceError(fmt::format("stimulus node: expected 0 or an identifier, got \"{}\"", node));
    }
  }
  const auto sources = sources_of(*this);
  std::string text;
  for (std::size_t k = 0; k < sources.size(); ++k) {
    const bool is_last = k + 1 == sources.size();
    text += fmt::format("{} {} {} {}\n", name_of_source(source_name, k),
                        k == 0 ? std::string(positive) : name_of_source(source_name, k),
                        is_last ? std::string(negative) : name_of_source(source_name, k + 1),
                        sources[k].table != nullptr && tables_as_numbers
                            ? piecewise_linear_text(*sources[k].table)
                            : sources[k].text);
  }
  return text;
}

std::map<std::string, VoltageTable> Stimulus::tables(std::string_view source_name) const {
  const auto sources = sources_of(*this);
  std::map<std::string, VoltageTable> found;
  for (std::size_t k = 0; k < sources.size(); ++k) {
    if (sources[k].table != nullptr) found[name_of_source(source_name, k)] = *sources[k].table;
  }
  return found;
}

void check_stimulus(const Stimulus& stimulus) {
  if (stimulus.terms.empty()) throw SpiceError("stimulus: expected at least one term, got none");
  for (std::size_t k = 0; k < stimulus.terms.size(); ++k) {
    const std::string problem =
        std::visit([](const auto& term) { return problem_of(term); }, stimulus.terms[k]);
    if (!problem.empty()) throw SpiceError(fmt::format("stimulus term {}: {}", k, problem));
  }
}

}  // namespace psi_xlstm
