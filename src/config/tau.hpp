#pragma once

#include <array>
#include <string>
#include <vector>

#include "config/limits.hpp"
#include "core/json/config_io.hpp"

namespace psi_xlstm {

/// What is known about the state at the start of a record: at rest, nothing, or what the record
/// itself says.
enum class TauStart { kRest, kUnknown, kByEvidence };

constexpr auto enum_names(TauStart) {
  return std::array{EnumName{TauStart::kRest, "rest"}, EnumName{TauStart::kUnknown, "unknown"},
                    EnumName{TauStart::kByEvidence, "by evidence"}};
}

/// How time constants are estimated from records.
struct TauConfig {
  TauStart start = TauStart::kByEvidence;
  std::string response = "any";
  bool bias_dependent = true;
  std::vector<double> tau_range;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("start", c.start, about("What is known of the state at the start of a record"));
    visit(
        "response", c.response,
        about(
            "How the current follows the state, e.g. conductance driven by V^2; any: by evidence"));
    visit("bias_dependent", c.bias_dependent,
          about("Try rates that depend on bias where fixed ones fail"));
    visit(
        "tau_range_s", c.tau_range,
        positive_up_to(kLongestTime).about("For the advice, shortest and longest [s]; empty: own"));
  }
};

/// The same as a stage of a study, on all its records.
struct TauStageConfig {
  bool enabled = false;
  TauConfig estimate;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("enabled", c.enabled,
          about("Estimate the time constants of the device from all records"));
    TauConfig::fields(c.estimate, visit);
  }
};

}  // namespace psi_xlstm
