#pragma once

#include <string>
#include <vector>

#include "hdl/emitted_model.hpp"
#include "simulators/test_circuit.hpp"

namespace psi_xlstm::vacask {

/// The sources of `stimulus` from node "in" to ground, one line each, "vin1" and on; nothing but
/// its value at t = 0 and a small signal of 1 V where `small_signal` is true. Throws SpiceError
/// where a term cannot be said in this language.
std::string sources(const Stimulus& stimulus, bool small_signal);

/// What VACASK calls the module `name` of a compiled file: it knows lower case alone.
std::string module_name(const std::string& name);

/// What each term of `stimulus` is of a source of this language: sources in series, or, of
/// currents, side by side. Throws SpiceError where a term cannot be said.
std::vector<std::string> waveforms(const Stimulus& stimulus);

/// A whole netlist: `circuit` with the device of the compiled file "device.osdi" as "device1", then
/// the lines `control` of its control block.
std::string netlist(const EmittedModel& model,
                    const TestCircuit& circuit,
                    bool small_signal,
                    const std::string& control);

}  // namespace psi_xlstm::vacask
