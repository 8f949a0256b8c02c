#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fit/train.hpp"
#include "ir/dynamics.hpp"
#include "metrics/spectrum.hpp"
#include "metrics/statistics.hpp"

namespace psi_xlstm::fit {
namespace {

// Frequency of the fastest strong line of the drive [Hz]: at least 30 % of the largest amplitude.
double drive_frequency(const std::vector<TrainingRecord>& records) {
  constexpr double kStrong = 0.3;
  double fastest = 0;
  for (const TrainingRecord& r : records) {
    const Spectrum spectrum = amplitude_spectrum(r.record.time, r.record.voltage[0]);
    double largest = 0;
    for (std::size_t i = 1; i < spectrum.amplitude.size(); ++i) {
      largest = std::max(largest, spectrum.amplitude[i]);
    }
    for (std::size_t i = 1; i < spectrum.amplitude.size(); ++i) {
      if (spectrum.amplitude[i] >= kStrong * largest) {
        fastest = std::max(fastest, spectrum.frequency[i]);
      }
    }
  }
  return fastest;
}

// Largest relaxation rate along a trajectory, taken at every 16th sample [1/s].
double fastest_rate(const ir::Network& network,
                    const std::vector<double>& voltage,
                    const ir::Trajectory& run) {
  constexpr std::size_t kEvery = 16;
  double fastest = 0;
  ir::Evaluator evaluator(network);
  std::vector<double> c(run.states.size());
  for (std::size_t k = 0; k < voltage.size() && !c.empty(); k += kEvery) {
    for (std::size_t s = 0; s < c.size(); ++s) c[s] = run.states[s][k];
    evaluator.evaluate(ir::Part::kDynamics, {&voltage[k], 1}, c);
    for (int i = 0; i < network.rate_count(); ++i) fastest = std::max(fastest, evaluator.rate(i));
  }
  return fastest;
}

// Median of the rates at which something happens: a device with thresholds rests most of the time.
double typical_rate(std::vector<double> rates) {
  constexpr double kHappens = 1e-3;
  if (rates.empty()) return 0;
  const double largest = *std::max_element(rates.begin(), rates.end());
  std::erase_if(rates, [&](double rate) { return rate < kHappens * largest; });
  return rates.empty() ? 0 : median(rates);
}

// What makes a state of order 1.
double scale_of(const ir::Network& network, std::size_t state) {
  if (network.start == ir::Start::kNode) return 1 / network.state_excursion[state];
  return network.parameters[static_cast<std::size_t>(network.conductance().readout_weight) + state];
}

// Where the current is below its noise, nobody knows the conductance: near 0 V.
void add_conductances(const TrainingRecord& r, const ir::Trajectory& run, ir::TrainingBox& box) {
  const std::vector<double>& voltage = r.record.voltage[0];
  const auto add = [&](double least_current) {
    bool any = false;
    for (std::size_t k = 0; k < voltage.size(); ++k) {
      const double g = run.conductance[k];
      if (std::abs(g * voltage[k]) < least_current) continue;
      any = true;
      box.conductance_min = std::min(box.conductance_min, g);
      box.conductance_max = std::max(box.conductance_max, g);
    }
    return any;
  };
  if (!add(r.noise_sd)) add(0);
}

}  // namespace

ir::TrainingBox training_box(const ir::Network& network,
                             const std::vector<TrainingRecord>& records) {
  std::vector<ir::Trajectory> runs;
  for (const TrainingRecord& r : records) {
    runs.push_back(ir::simulate(network, r.record.time, r.record.voltage[0],
                                ir::initial_state(network, r.start.value)));
  }
  return training_box(network, records, runs);
}

ir::TrainingBox training_box(const ir::Network& network,
                             const std::vector<TrainingRecord>& records,
                             const std::vector<ir::Trajectory>& runs) {
  ir::TrainingBox box;
  box.conductance_min = box.voltage_min[0] = std::numeric_limits<double>::infinity();
  box.voltage_max[0] = -box.voltage_min[0];
  std::vector<double> rates;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const TrainingRecord& r = records[i];
    const ir::Trajectory& run = runs[i];
    const std::vector<double>& time = r.record.time;
    const std::vector<double>& voltage = r.record.voltage[0];
    box.fastest_rate = std::max(box.fastest_rate,
                                fastest_rate(ir::at_start(network, r.start.value), voltage, run));
    const auto [low, high] = std::minmax_element(voltage.begin(), voltage.end());
    box.voltage_min[0] = std::min(box.voltage_min[0], *low);
    box.voltage_max[0] = std::max(box.voltage_max[0], *high);
    box.duration = std::max(box.duration, time.back() - time.front());
    add_conductances(r, run, box);
    for (std::size_t k = 1; k < time.size(); ++k) {
      box.step_max = std::max(box.step_max, time[k] - time[k - 1]);
      for (std::size_t s = 0; s < run.states.size(); ++s) {
        rates.push_back(std::abs(scale_of(network, s) * (run.states[s][k] - run.states[s][k - 1]) /
                                 (time[k] - time[k - 1])));
      }
    }
  }
  box.median_rate = typical_rate(std::move(rates));
  box.drive_frequency = drive_frequency(records);
  return box;
}

}  // namespace psi_xlstm::fit
