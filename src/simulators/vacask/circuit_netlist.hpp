#pragma once

#include <cstddef>
#include <string>

#include "circuit/circuit.hpp"
#include "hdl/emitted_model.hpp"

namespace psi_xlstm::vacask {

/// A user's circuit has names of its own in VACASK's language: node 0, 1, ... of the circuit is
/// "n1", "n2", ..., an element "e1", ..., and the current into a device that through "meter1", ....
std::string node_name(std::size_t node);
std::string element_name(std::size_t element);
std::string meter_name(std::size_t device);

/// The name of library `number` = 1.. of the user in the folder of the simulation.
std::string library_name(std::size_t number);

/// The whole netlist, with the model of the compiled file "device.osdi" at the devices, `libraries`
/// compiled files of the user's own, and the lines `control` of its control block. `max_step` [s]
/// is the longest that a compiled model is to allow. Throws SpiceError where the circuit has
/// something that was not taken apart or that this language does not have.
std::string netlist(const EmittedModel& model,
                    const Circuit& circuit,
                    std::size_t libraries,
                    double max_step,
                    const std::string& control);

}  // namespace psi_xlstm::vacask
