#include "simulators/spice_netlist.hpp"

#include <fmt/format.h>

#include <vector>

#include "core/number_text.hpp"

namespace psi_xlstm {
namespace {

// A source of 0 V beside the circuit that bends at every corner of `stimulus` until `stop` [s]. The
// corners of a repeated pulse are sums of its period, which ngspice 44 can step over when one comes
// out a rounding apart from the time it is at; those of a piecewise linear source are numbers of
// the deck.
std::string corners(const Stimulus& stimulus, double stop) {
  constexpr double kMost = 2000;
  if (!(stop > 0) || stimulus.breakpoint_count(stop) > kMost) return "";
  const std::vector<double> times = stimulus.breakpoints(stop);
  if (times.empty()) return "";
  std::string text = "vcorners corners 0 dc 0.0 pwl(0 0";
  for (const double time : times) text += fmt::format("\n+ {} 0", shortest(time));
  return text + ")\nrcorners corners 0 1000.0\n";
}

}  // namespace

std::string spice_netlist(const EmittedModel& model,
                          const TestCircuit& circuit,
                          double stop_time,
                          TableSource tables,
                          bool small_signal) {
  std::string netlist = model.definition();
  if (small_signal) {
    netlist += fmt::format("vin in 0 dc {} ac 1.0\n", shortest(circuit.stimulus.value(0)));
  } else {
    netlist += circuit.stimulus.netlist("vin", "in", "0", tables == TableSource::kPiecewiseLinear);
    netlist += corners(circuit.stimulus, stop_time);
  }
  const bool resistor = circuit.series_resistance > 0;
  if (resistor) netlist += fmt::format("rseries in p {}\n", shortest(circuit.series_resistance));
  netlist += fmt::format("vmeter {} d 0.0\n", resistor ? "p" : "in");
  return netlist + model.element("1", "d", "0", circuit.device);
}

}  // namespace psi_xlstm
