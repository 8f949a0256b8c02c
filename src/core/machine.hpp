#pragma once

#include <string>

namespace psi_xlstm {

/// The machine that measures.
struct Machine {
  std::string processor;    ///< Its name, where the system tells it; else empty.
  std::string system;       ///< The distribution and its release; else empty.
  int cores = 0;            ///< That this process may use.
  double load_average = 0;  ///< Programs that wanted to run in the minute before: they disturb.

  template <class Self, class Visitor>
  static void fields(Self& m, Visitor& visit) {
    visit("processor", m.processor);
    visit("system", m.system);
    visit("cores", m.cores);
    visit("load_average", m.load_average);
  }
};

/// This machine, now.
Machine this_machine();

/// `machine` as one sentence.
std::string sentence(const Machine& machine);

}  // namespace psi_xlstm
