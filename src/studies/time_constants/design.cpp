#include "studies/time_constants/design.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "circuit/netlist_check.hpp"
#include "core/atomic_file.hpp"
#include "core/number_text.hpp"
#include "data/readers/pwl.hpp"

namespace psi_xlstm {
namespace {

using nlohmann::json;

// A bound as a number, or null where it is infinite: JSON has no infinity.
json finite(const std::vector<double>& values) {
  json out = json::array();
  for (double value : values) out.push_back(std::isfinite(value) ? json(value) : json());
  return out;
}

json as_json(const tau::DesignedWaveform& waveform) {
  return {{"durations_s", waveform.waveform.durations},
          {"levels_v", waveform.waveform.levels},
          {"sd_ln_tau", finite(waveform.sd_ln_tau)},
          {"sd_ln_tau_own_noise", finite(waveform.sd_own_noise)}};
}

json as_json(const tau::DesignRequest& request, const tau::Design& design) {
  const tau::AdviceRequest& conditions = request.conditions;
  return {{"taus_s", request.taus},
          {"range_s", {conditions.shortest_tau, conditions.longest_tau}},
          {"duration_s", request.duration},
          {"sample_rate_hz", conditions.sample_rate},
          {"amplitude_v", conditions.amplitude},
          {"noise_of_sd", conditions.noise},
          {"noise_a", design.noise},
          {"seed", request.seed},
          {"designed", as_json(design.designed)},
          {"plain", as_json(design.plain)}};
}

// What each row of the table is about: a process, or a device of the range.
std::vector<std::string> subjects(const tau::DesignRequest& request) {
  std::vector<std::string> names;
  for (double tau : request.taus) names.push_back(engineering(tau, "s"));
  if (!names.empty()) return names;
  for (const tau::RelaxationDevice& device : tau::devices_of_range(request.conditions)) {
    std::string name = engineering(device.taus.front(), "s");
    if (device.taus.size() > 1) name += " and " + engineering(device.taus.back(), "s");
    names.push_back(std::move(name));
  }
  return names;
}

Table table_of(const tau::DesignRequest& request, const tau::Design& design) {
  Table table{.caption = "Cramer-Rao bound of ln(tau), one standard deviation",
              .header = {"process", "designed", "log-spaced bursts", "designed, own noise",
                         "log-spaced bursts, own noise"},
              .rows = {},
              .note = ""};
  const std::vector<std::string> names = subjects(request);
  const auto percent = [](double sd) { return fmt::format("{:.3g} %", 100 * sd); };
  for (std::size_t i = 0; i < names.size(); ++i) {
    table.rows.push_back(
        {names[i], percent(design.designed.sd_ln_tau[i]), percent(design.plain.sd_ln_tau[i]),
         percent(design.designed.sd_own_noise[i]), percent(design.plain.sd_own_noise[i])});
  }
  table.note = fmt::format(
      "{}, {:.3g} samples per second, {}; noise {}, {:.3g} % of the sd of the bursts' current; own "
      "noise: the same fraction of each waveform's own current",
      engineering(request.duration, "s"), request.conditions.sample_rate,
      engineering(request.conditions.amplitude, "V"), engineering(design.noise, "A"),
      100 * request.conditions.noise);
  return table;
}

}  // namespace

Table write_tau_design(const tau::DesignRequest& request, const std::filesystem::path& folder) {
  const tau::Design design = tau::design_bursts(request);
  const double rate = request.conditions.sample_rate;
  const PwlWaveform designed = tau::breakpoints(design.designed.waveform, rate);
  const std::string source = pwl_source(designed, "drive", "drive", "0");
  check_netlist(source);
  write_file(folder / "design.pwl", pwl_text(designed));
  write_file(folder / "design.sp", "* psi tau --design\n" + source);
  write_file(folder / "plain.pwl", pwl_text(tau::breakpoints(design.plain.waveform, rate)));
  write_file(folder / "design.json", as_json(request, design).dump(2) + "\n");
  return table_of(request, design);
}

}  // namespace psi_xlstm
