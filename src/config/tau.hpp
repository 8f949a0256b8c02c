#pragma once

#include <string>
#include <vector>

#include "core/config_io.hpp"

namespace psi_xlstm {

/// How time constants are estimated from records.
struct TauConfig {
  std::string start = "by evidence";  ///< "rest", "unknown" or "by evidence".
  std::string response = "any";       ///< "any" or one of tau::describe().
  bool bias_dependent = true;         ///< Try rates that depend on bias where fixed ones fail.
  std::vector<double> tau_range;      ///< For the advice, shortest and longest [s]; empty: own.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("start", c.start, one_of({"rest", "unknown", "by evidence"}));
    visit("response", c.response);
    visit("bias_dependent", c.bias_dependent);
    visit("tau_range_s", c.tau_range, greater_than(0));
  }
};

/// The same as a stage of a study, on all its records.
struct TauStageConfig {
  bool enabled = false;
  TauConfig estimate;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("enabled", c.enabled);
    TauConfig::fields(c.estimate, visit);
  }
};

}  // namespace psi_xlstm
