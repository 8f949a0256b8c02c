#pragma once

#include <string>

#include "hdl/emitted_model.hpp"
#include "simulators/test_circuit.hpp"

namespace psi_xlstm {

/// How a dialect gives a table of voltages to a source.
enum class TableSource {
  kExternal,        ///< By the program that runs the simulator, as ngspice's shared library can.
  kPiecewiseLinear  ///< As numbers of the netlist.
};

/// `circuit` with `model` as lines of SPICE, without a title and without analyses: the sources are
/// "vin" and on, each with an AC magnitude of 1 V where `small_signal` is true, the device is
/// instance "1" and its current flows through the source "vmeter". Corners of the stimulus before
/// `stop_time` [s] stand as numbers in a source of 0 V beside it, so that no simulator steps over
/// one by a rounding. Throws SpiceError as Stimulus::netlist() does.
std::string spice_netlist(const EmittedModel& model,
                          const TestCircuit& circuit,
                          double stop_time,
                          TableSource tables,
                          bool small_signal = false);

}  // namespace psi_xlstm
