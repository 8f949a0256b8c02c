#pragma once

#include <optional>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::fit {

/// The voltage [V], up to one and a half times the training voltages, at which the current of
/// `network` (one port) falls most steeply with the voltage while its states stand still; nothing
/// where it rises everywhere. Behind a resistor such a model has several currents at one voltage of
/// the source: the circuit jumps, and a simulator cannot follow it. Without states it is the curve
/// I(V). Throws ShapeError for several ports.
std::optional<double> falling_voltage(const ir::Network& network);

}  // namespace psi_xlstm::fit
