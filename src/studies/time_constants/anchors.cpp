#include "studies/time_constants/anchors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

#include "core/number_text.hpp"
#include "core/rng.hpp"
#include "metrics/plateau.hpp"
#include "psi_xlstm/data/record.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "tau/estimate.hpp"

namespace psi_xlstm {
namespace {

constexpr double kLargestError = 0.02;
constexpr double kWidths = 2;      // Of the interval; eight of 95 % miss one in three times.
constexpr double kSwitch = 50e-6;  // When the drive of the storage times turns round [s].
constexpr double kEdge = 1e-9;     // How long that takes [s].
constexpr double kRate = 1e9;      // Samples of currents [1/s].
constexpr double kDiodeTransitTime = 5e-6;  // tt [s]
constexpr double kBf = 100, kBr = 1, kTf = 1e-9, kTr = 2e-6;
constexpr double kTauS = (kBf * (1 + kBr) * kTf + (1 + kBf) * kBr * kTr) / (1 + kBf + kBr);

// A waveform as an instrument gives it: even samples and noise.
struct Trace {
  std::vector<double> time, values;

  // The samples from `start` to `stop` [s].
  Trace between(double start, double stop) const {
    Trace part;
    for (std::size_t n = 0; n < time.size(); ++n) {
      if (time[n] < start || time[n] > stop) continue;
      part.time.push_back(time[n]);
      part.values.push_back(values[n]);
    }
    return part;
  }
  double mean() const {
    double sum = 0;
    for (double v : values) sum += v;
    return sum / static_cast<double>(values.size());
  }
  // The sd of the mean as a constant of a closed form: each sample has noise of `sd`, and half of
  // what the current changes by, from the first to the last fifth, counts as well.
  double mean_sd(double sd) const {
    const double drift = 0.5 * (part_mean(0.8, 1) - part_mean(0, 0.2));
    return std::hypot(sd / std::sqrt(static_cast<double>(values.size())), drift);
  }

 private:
  double part_mean(double from, double to) const {
    const auto count = static_cast<double>(values.size());
    const auto first = static_cast<std::size_t>(from * count);
    const auto last = static_cast<std::size_t>(to * count);
    double sum = 0;
    for (std::size_t n = first; n < last; ++n) sum += values[n];
    return sum / static_cast<double>(last - first);
  }
};

Trace sampled(const TransientResult& result,
              const std::string& vector,
              double rate,
              double start,
              double stop) {
  const VoltageTable table{.times = result.time, .values = result.vectors.at(vector)};
  Trace trace;
  for (double n = std::ceil(start * rate); n / rate < stop; ++n) {
    trace.time.push_back(n / rate);
    trace.values.push_back(interpolate(table, n / rate));
  }
  return trace;
}

void add_noise(Trace& trace, double sd, Rng& rng) {
  for (double& value : trace.values) value += sd * rng.normal();
}

// Gear: after a junction without capacitance has let go, the trapezoidal rule would ring.
TransientOptions fast_transient(std::vector<std::string> vectors) {
  TransientOptions options;
  options.stop_time = kSwitch + 10e-6;
  options.max_step = 1e-9;
  options.method = IntegrationMethod::kGear;
  options.vectors = std::move(vectors);
  return options;
}

Anchor failed(Anchor anchor, const std::string& reason) {
  anchor.reason = reason;
  return anchor;
}

// The end of the plateau of `trace` after the switching, as a storage time.
void read_storage_time(Anchor& anchor, const Trace& trace) {
  const Trace after = trace.between(kSwitch + 3 * kEdge, trace.time.back());
  const PlateauEnd end = plateau_end(after.time, after.values);
  if (!end.found) anchor.reason = "the current does not fall after a plateau";
  const double start = kSwitch + kEdge / 2;
  anchor.value = end.time - start;
  anchor.low = end.low - start;
  anchor.high = end.high - start;
}

// Widens the interval by the uncertainty of the closed form, which is a function of noisy means.
void add_uncertainty_of_known(Anchor& anchor, double sd) {
  const double below = anchor.value - anchor.low, above = anchor.high - anchor.value;
  anchor.low = anchor.value - std::hypot(below, 1.96 * sd);
  anchor.high = anchor.value + std::hypot(above, 1.96 * sd);
}

Anchor diode(double reverse_voltage,
             const AnchorOptions& options,
             Rng& rng,
             const SimulatorOptions& simulator) {
  const std::string netlist = fmt::format(
      "vd in 0 pulse(100 {} {} {} {} 1 2)\n"
      "r1 in a 10k\nvm a b 0\nd1 b 0 dm\n"
      ".model dm d(is=1e-14 tt={} cjo=0 rs=0)\n",
      -reverse_voltage, kSwitch, kEdge, kEdge, kDiodeTransitTime);
  const TransientResult result = transient(netlist, fast_transient({"i(vm)"}), simulator);
  Anchor anchor{.name = fmt::format("diode, storage, {} V reverse", reverse_voltage)};
  if (!result.usable()) return failed(std::move(anchor), result.reason);
  Trace trace = sampled(result, "i(vm)", kRate, kSwitch - 5e-6, kSwitch + 10e-6);
  const double noise = options.noise * 10e-3;
  add_noise(trace, noise, rng);
  read_storage_time(anchor, trace);
  const Trace before = trace.between(0, kSwitch);
  const Trace after = trace.between(kSwitch + 2 * kEdge, kSwitch + 0.95 * anchor.value);
  const double ratio = -before.mean() / after.mean();
  const double ratio_sd =
      std::hypot(before.mean_sd(noise) / before.mean(), after.mean_sd(noise) / after.mean());
  anchor.known = kDiodeTransitTime * std::log1p(ratio);
  add_uncertainty_of_known(anchor, kDiodeTransitTime * ratio / (1 + ratio) * ratio_sd);
  return anchor;
}

Anchor transistor(double reverse_voltage,
                  const AnchorOptions& options,
                  Rng& rng,
                  const SimulatorOptions& simulator) {
  // The capacitances only keep the simulator's steps finite after the junctions have let go.
  const std::string netlist = fmt::format(
      "vcc vc 0 20\nrc vc cc 2k\nvmc cc c 0\n"
      "vb vb 0 pulse(20 {} {} {} {} 1 2)\nrb vb bb 20k\nvmb bb b 0\nq1 c b 0 qm\n"
      ".model qm npn(is=1e-16 bf={} br={} tf={} tr={} cje=10f cjc=10f)\n",
      -reverse_voltage, kSwitch, kEdge, kEdge, kBf, kBr, kTf, kTr);
  const TransientResult result =
      transient(netlist, fast_transient({"i(vmc)", "i(vmb)"}), simulator);
  Anchor anchor{.name = fmt::format("transistor, storage, {} V reverse", reverse_voltage)};
  if (!result.usable()) return failed(std::move(anchor), result.reason);
  Trace collector = sampled(result, "i(vmc)", kRate, kSwitch - 5e-6, kSwitch + 10e-6);
  Trace base = sampled(result, "i(vmb)", kRate, kSwitch - 5e-6, kSwitch + 10e-6);
  add_noise(collector, options.noise * 10e-3, rng);
  const double base_noise = options.noise * 1e-3;
  add_noise(base, base_noise, rng);
  read_storage_time(anchor, collector);
  const double end = kSwitch + 0.95 * anchor.value;
  const Trace before = base.between(0, kSwitch), after = base.between(kSwitch + 2 * kEdge, end);
  const Trace collected = collector.between(kSwitch + 2 * kEdge, end);
  const double reverse = -after.mean();
  const double charge = before.mean() + reverse;  // times tau_s, what the base has to give back
  const double left = collected.mean() / kBf + reverse;
  anchor.known = kTauS * std::log(charge / left);
  add_uncertainty_of_known(anchor,
                           kTauS * std::hypot(before.mean_sd(base_noise) / charge,
                                              after.mean_sd(base_noise) * (1 / left - 1 / charge)));
  return anchor;
}

// Two RC sections from the temperature node to the surroundings: c1 at the node, r1, c2, r2.
struct ThermalNetwork {
  double c1 = 1e-3, r1 = 3;   // [J/K], [K/W]
  double c2 = 10e-3, r2 = 4;  // [J/K], [K/W]

  // The time constants [s], the short one first.
  std::pair<double, double> taus() const {
    const double a = 1 / (r1 * c1), d = (1 / r1 + 1 / r2) / c2;
    const double root = std::sqrt((a + d) * (a + d) / 4 - a / (r2 * c2));
    return {1 / ((a + d) / 2 + root), 1 / ((a + d) / 2 - root)};
  }
};

std::string thermal_netlist(const ThermalNetwork& network) {
  // 7 mV: a rise of some hundredths of a kelvin, so that the device heats with a power that does
  // not depend on it. The model's own Cthj is as good as absent.
  return fmt::format(
      "vdd d 0 pulse(0 7m 0 1u 1u 1 2)\nvg g 0 10\nm1 d g 0 tj tc vm thermal\nvt tc 0 0\n"
      "c1 tj 0 {}\nr1 tj x {}\nc2 x 0 {}\nr2 x 0 {}\n"
      ".model vm vdmos(vto=2 kp=10 rs=0 rd=0 rthjc=1e9 cthj=1e-12)\n",
      network.c1, network.r1, network.c2, network.r2);
}

// The noisy rise of the temperature node as a record of the estimator: a step of 1.
Record thermal_record(const TransientResult& result, const AnchorOptions& options, Rng& rng) {
  constexpr double kThermalRate = 500e3;
  Trace trace = sampled(result, "v(tj)", kThermalRate, 1e-5, 0.3);
  // The node does not stand at zero without heating: the rise counts.
  add_noise(trace, options.noise * (trace.values.back() - trace.values.front()), rng);
  Record record;
  record.id = "thermal";
  record.time = std::move(trace.time);
  record.voltage = {std::vector<double>(record.time.size(), 1.0)};
  record.current = {std::move(trace.values)};
  return record;
}

std::vector<Anchor> thermal(const AnchorOptions& options,
                            Rng& rng,
                            const SimulatorOptions& simulator) {
  const ThermalNetwork network;
  const auto [fast, slow] = network.taus();
  std::vector<Anchor> anchors = {{.name = "VDMOS, thermal, fast section", .known = fast},
                                 {.name = "VDMOS, thermal, slow section", .known = slow}};
  TransientOptions transient_options;
  transient_options.stop_time = 0.3;
  transient_options.max_step = 10e-6;
  transient_options.vectors = {"v(tj)"};
  transient_options.relative_tolerance = 1e-6;
  transient_options.options = {{"vntol", 1e-9}, {"abstol", 1e-15}};
  const TransientResult result = transient(thermal_netlist(network), transient_options, simulator);
  std::string reason = result.reason;
  tau::TauEstimate estimate;
  if (result.usable()) {
    estimate = tau::estimate({thermal_record(result, options, rng)}, {});
    if (estimate.processes.size() != 2) {
      reason = fmt::format("expected two time constants, found {} ({})", estimate.processes.size(),
                           estimate.conclusion);
    }
  }
  for (std::size_t k = 0; k < anchors.size(); ++k) {
    anchors[k].reason = reason;
    if (!reason.empty()) continue;
    const tau::ProcessEstimate& process = estimate.processes[k];
    anchors[k].value = process.tau;
    anchors[k].low = process.low.value_or(0);
    anchors[k].high = process.high.value_or(std::numeric_limits<double>::infinity());
  }
  return anchors;
}

}  // namespace

std::vector<Anchor> measure_anchors(const AnchorOptions& options,
                                    const SimulatorOptions& simulator) {
  Rng rng(options.seed);
  std::vector<Anchor> anchors;
  for (double reverse : {50.0, 100.0, 200.0}) {
    anchors.push_back(diode(reverse, options, rng, simulator));
  }
  for (double reverse : {2.0, 6.0, 20.0}) {
    anchors.push_back(transistor(reverse, options, rng, simulator));
  }
  for (Anchor& anchor : thermal(options, rng, simulator)) anchors.push_back(std::move(anchor));
  return anchors;
}

Table anchor_table(const std::vector<Anchor>& anchors) {
  Table table{
      .caption = "Devices of ngspice with known times",
      .header = {"device", "closed form", "measured", "95 % interval", "error", "inside"},
      .rows = {},
      .note =
          "storage times from the end of the current's plateau, thermal time constants "
          "by the estimator of psi tau; sampled with noise. The transistor's textbook constant "
          "leaves out the charging current of the collector junction and is 1 % less"};
  const auto microseconds = [](double t) { return fmt::format("{:.4f} us", 1e6 * t); };
  for (const Anchor& a : anchors) {
    if (!a.reason.empty()) {
      table.rows.push_back({a.name, microseconds(a.known), a.reason, "", "", "no"});
      continue;
    }
    table.rows.push_back({a.name, microseconds(a.known), microseconds(a.value),
                          fmt::format("{:.4f} to {:.4f}", 1e6 * a.low, 1e6 * a.high),
                          fmt::format("{:+.2f} %", 100 * a.error()), a.inside() ? "yes" : "no"});
  }
  return table;
}

std::string missed_anchor(const std::vector<Anchor>& anchors) {
  if (anchors.empty()) return "not verified: no anchor was measured";
  for (const Anchor& a : anchors) {
    if (!a.reason.empty()) return fmt::format("{}: {}", a.name, a.reason);
    const double half_width = (a.known < a.value ? a.value - a.low : a.high - a.value);
    const bool near = std::abs(a.known - a.value) <= kWidths * half_width;
    if (!(std::abs(a.error()) <= kLargestError) || !near) {
      return fmt::format(
          "{}: expected {} within 2 % and within twice the interval, found {} ({} to {})", a.name,
          engineering(a.known, "s"), engineering(a.value, "s"), engineering(a.low, "s"),
          engineering(a.high, "s"));
    }
  }
  return "";
}

}  // namespace psi_xlstm
