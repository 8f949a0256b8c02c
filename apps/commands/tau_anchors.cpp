// psi tau --anchors: devices of ngspice with known times, measured by the program itself.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "command.hpp"
#include "studies/time_constants/anchors.hpp"
#include "tau_design.hpp"

namespace psi_xlstm::apps {

int run_tau_anchors(std::uint32_t seed) {
  const auto anchors = measure_anchors({.seed = seed}, {});
  print("{}", to_text(anchor_table(anchors)));
  const std::string missed = missed_anchor(anchors);
  if (missed.empty()) return kDone;
  spdlog::error("{}", missed);
  return kMissedCriterion;
}

}  // namespace psi_xlstm::apps
