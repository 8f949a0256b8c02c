#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>

#include "bench/tau_benchmark.hpp"
#include "bench/tau_benchmark_cases.hpp"
#include "devices/mem3.hpp"
#include "devices/published_recipe.hpp"
#include "devices/stretched.hpp"
#include "devices/vt100k.hpp"
#include "devices/vteam.hpp"
#include "tau/excitation.hpp"

namespace psi_xlstm {
namespace {

constexpr double kPublishedRate = 20e6;  // Samples per second of the published records.

// The record of `config` under `voltage`, simulated once, and its noise anew for every seed.
std::function<std::vector<Record>(int)> with_noise(const Mem3Config& config,
                                                   const std::function<double(double)>& voltage) {
  Mem3Config silent = config;
  silent.noise = 0;
  const auto clean = std::make_shared<const Record>(mem3_record(silent, voltage));
  return [clean, noise = config.noise](int seed) {
    Record record = *clean;
    Rng rng(static_cast<std::uint32_t>(seed));
    add_noise(record, noise, rng);
    return std::vector<Record>{std::move(record)};
  };
}

std::vector<double> bounds_of(const Mem3Config& config, const std::function<double(double)>& V) {
  Mem3Config silent = config;
  silent.noise = 0;
  const Record record = mem3_record(silent, V);
  const tau::RelaxationDevice device{.g0 = config.g0, .gains = config.gains, .taus = config.taus};
  const tau::SampledDrive drive{.time = record.time, .voltage = record.voltage[0], .weights = {}};
  const double noise = tau::noise_of(device, drive, tau::square_drive, config.noise);
  return tau::cramer_rao_bound(device, drive,
                               {.noise = noise, .known_start = true, .drive = tau::square_drive})
      .sd_ln_tau;
}

TauCase told_case(const std::string& name,
                  const Mem3Config& config,
                  const std::function<double(double)>& voltage) {
  TauCase out;
  out.name = name;
  out.taus = config.taus;
  out.bounds = bounds_of(config, voltage);
  out.draw = with_noise(config, voltage);
  return out;
}

TauCase designed_case(const tau::BenchmarkCase& designed) {
  const tau::DesignRequest& request = designed.request;
  const double rate = request.conditions.sample_rate;
  const PwlWaveform waveform =
      tau::breakpoints(tau::design_bursts(request).designed.waveform, rate);
  Mem3Config config;
  config.g0 = request.conditions.g0;
  config.taus = request.taus;
  config.gains.assign(config.taus.size(), request.conditions.gain * config.g0);
  config.duration = waveform.times.back();
  config.sample_rate = rate;
  config.noise = request.conditions.noise;
  return told_case("designed, " + designed.name, config,
                   [waveform](double t) { return waveform.value(t); });
}

TauCase published_case() {
  Mem3Config config;
  config.duration = kPublishedDuration;
  config.sample_rate = kPublishedRate;
  TauCase out;
  out.name = "published waveforms, 2 ms";
  out.answer = TauAnswer::kNotIdentifiable;
  out.taus = config.taus;
  out.fewest_right = 1;
  std::vector<std::function<std::vector<Record>(int)>> sequences;
  for (int q = 0; q < kPublishedSequences; ++q) {
    const PublishedTones tones = published_tones(q);
    const auto drive = [tones](double t) { return published_drive(t, tones.low, tones.high); };
    sequences.push_back(with_noise(config, drive));
  }
  out.draw = [sequences](int seed) {
    return sequences[static_cast<std::size_t>(seed) % sequences.size()](seed);
  };
  return out;
}

TauCase vteam_case() {
  TauCase out;
  out.name = "VTEAM";
  out.answer = TauAnswer::kNoneFixed;
  out.fewest_right = 1;
  out.draw = [](int seed) {
    VteamConfig config;
    config.seed = seed;
    const Dataset dataset = vt100k_dataset(config);
    std::vector<Record> records;
    for (int i : dataset.split.train) {
      records.push_back(dataset.records[static_cast<std::size_t>(i)]);
    }
    return records;
  };
  return out;
}

TauCase stretched_case() {
  const Mem3Config config = stretched_device({});
  TauCase out;
  out.name = "stretched exponential, beta 0.5";
  out.answer = TauAnswer::kNoneFixed;
  out.fewest_right = 1;
  out.draw = with_noise(config, mem3_drive(config));
  return out;
}

}  // namespace

std::vector<TauCase> tau_cases() {
  const Mem3Config mem3;
  std::vector<TauCase> cases;
  cases.push_back(told_case("bursts, 0.34/1.2/8.7 ms", mem3, mem3_drive(mem3)));
  cases.back().fewest_right = 0.95;
  cases.back().judged_on_errors = true;
  for (const tau::BenchmarkCase& designed : tau::designed_cases()) {
    cases.push_back(designed_case(designed));
  }
  cases.push_back(published_case());
  cases.push_back(vteam_case());
  cases.push_back(stretched_case());
  return cases;
}

}  // namespace psi_xlstm
