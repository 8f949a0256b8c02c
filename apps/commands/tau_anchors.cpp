// psi tau --anchors: devices of ngspice with known times, measured by the program itself.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "command.hpp"
#include "studies/time_constants/anchors.hpp"
#include "tau_design.hpp"

namespace psi_xlstm::apps {

int run_tau_anchors(std::uint32_t seed) {
  const auto anchors = measure_anchors({.seed = seed}, {});
  const Table table = anchor_table(anchors);
  say("{}", to_text(table));
  const std::string missed = missed_anchor(anchors);
  answer({{"table", nlohmann::ordered_json::parse(to_json(table))}, {"missed", missed}});
  if (missed.empty()) return kDone;
  spdlog::error("{}", missed);
  return kMissedCriterion;
}

}  // namespace psi_xlstm::apps
