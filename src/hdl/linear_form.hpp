#pragma once

#include <string>
#include <utility>
#include <vector>

namespace psi_xlstm::hdl {

/// A weighted sum of node voltages, a constant, and starts of states (which depend on g0).
struct LinearForm {
  struct Term {
    double coefficient = 0;
    std::string plus, minus;
  };
  double constant = 0;
  std::vector<Term> terms;
  /// (coefficient, parameter): what depends on the start, e.g. that of a state, c0_<s>.
  std::vector<std::pair<double, std::string>> starts;

  void add(const LinearForm& other, double factor) {
    constant += factor * other.constant;
    for (const Term& t : other.terms) terms.push_back({factor * t.coefficient, t.plus, t.minus});
    for (const auto& [c, name] : other.starts) starts.emplace_back(factor * c, name);
  }
};

}  // namespace psi_xlstm::hdl
