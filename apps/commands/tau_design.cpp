#include "tau_design.hpp"

#include <fmt/format.h>

#include "command.hpp"
#include "core/output_target.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/time_constants/design.hpp"

namespace psi_xlstm::apps {

void add_tau_design(CLI::App& command, TauDesignOptions& options) {
  tau::DesignRequest& request = options.request;
  tau::AdviceRequest& conditions = request.conditions;
  command.add_flag("--design", options.wanted, "Propose a burst waveform instead");
  CLI::Option_group* group = command.add_option_group("design", "Options of --design");
  group->add_option("--tau", request.taus, "Processes present together, e.g. 1us,3us,10us")
      ->delimiter(',')
      ->transform(time_in_seconds());
  group->add_option("--duration", request.duration, "Of the waveform [s]")
      ->transform(time_in_seconds());
  group->add_option("--amplitude", conditions.amplitude, "Largest voltage [V]")->check(positive());
  group->add_option("--noise", conditions.noise, "Of the sd of the current")->check(positive());
  group->add_option("--sample-rate", conditions.sample_rate, "[1/s]")->check(positive());
  group->add_option("--levels", request.levels, "Of a round")->check(whole_number(2, 200));
  group->add_option("--seed", request.seed, "Of the search, or of the noise of --anchors")
      ->check(seed_number());
}

namespace {

// The netlist tells whose the files of the folder are: the others have no place for a mark.
void check_design_files(const std::filesystem::path& folder) {
  check_output_folder(folder);
  constexpr const char* kMark = "* psi tau --design";
  const std::filesystem::path netlist = folder / "design.sp";
  if (std::filesystem::exists(netlist)) return check_own_file(netlist, kMark);
  for (const char* name : {"design.pwl", "plain.pwl", "design.json"}) {
    check_own_file(folder / name, kMark);
  }
}

}  // namespace

int run_tau_design(const TauDesignOptions& options) {
  tau::DesignRequest request = options.request;
  if (options.range.empty() == request.taus.empty()) {
    throw ConfigError("tau --design: expected either --tau or --tau-range, found " +
                      std::string(request.taus.empty() ? "neither" : "both"));
  }
  if (!options.range.empty()) {
    request.conditions.shortest_tau = options.range.front();
    request.conditions.longest_tau = options.range.back();
  }
  check_design_files(options.out);
  const Table table = write_tau_design(request, options.out);
  say("{}", to_text(table));
  say("design.pwl, design.sp, plain.pwl, design.json in {}\n", options.out);
  answer({{"folder", options.out}, {"table", nlohmann::ordered_json::parse(to_json(table))}});
  return kDone;
}

}  // namespace psi_xlstm::apps
