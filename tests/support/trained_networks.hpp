#pragma once

/// @file
/// Two students that configs/quickstart.json and configs/mem3.json train, to six digits: what the
/// accuracy of an emitted model is judged by.

#include "fit/compact_student.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "support/networks.hpp"

namespace psi_xlstm::testing {

/// The published device: one state, eight features.
inline ir::Network published_student() {
  ir::Network network = fit::build_compact_student(
      {.states = 1, .features = 8},
      {.conductance = 1.833003278e-4, .voltage = 1.206523421, .step = 5.000125003e-8},
      "published_student");
  set_block(network, "features.weight",
            {7.97722, 1.05401, 5.02634, -1.34554, 4.68868, -1.0526, 0.0302937, -2.66703, 1.54063,
             -1.72028, 3.07912, 0.400888, 4.95076, -1.36194, 5.23405, 0.248673});
  set_block(network, "features.bias",
            {3.60938, 3.08833, 2.56329, 0.72805, -1.04714, -2.29062, -2.67485, -3.0596});
  set_block(network, "forget_gate.weight",
            {1.34392, 1.12461, 1.03169, 0.427714, -0.435362, -1.71888, -0.967579, -0.243955});
  set_block(network, "forget_gate.bias", {6.87105});
  set_block(network, "target.weight",
            {0.173499, 0.417204, 0.261939, -0.35754, -0.819177, 0.442645, 0.26996, 0.582829});
  set_block(network, "target.bias", {0.0752155});
  set_block(network, "readout.weight", {3.55641});
  set_block(network, "readout.bias", {1.35776});
  network.box = {.voltage_min = {-0.799855},
                 .voltage_max = {1.20652},
                 .conductance_min = 1.09569e-4,
                 .conductance_max = 2.33803e-3,
                 .step_max = 5.00013e-8,
                 .duration = 2e-3,
                 .drive_frequency = 1.1e5,
                 .median_rate = 370.055,
                 .fastest_rate = 7348.98};
  return network;
}

/// The device with three time constants: three states, each with a rate, affine head, start at
/// rest.
inline ir::Network mem3_student() {
  ir::Network network = fit::build_compact_student(
      {.states = 3,
       .rates = 3,
       .features = 4,
       .head = StudentHead::kAffine,
       .liquid = false,
       .state_gates = false},
      {.conductance = 1.218480851e-3, .voltage = 1, .step = 5e-7}, "mem3_student");
  set_block(network, "features.weight", {0.642872, 3.91238, 3.2783, -5.69189});
  set_block(network, "features.bias", {2.46144, 0.495861, -1.30444, -2.87335});
  set_block(network, "forget_gate.bias", {6.5469, 7.80797, 9.79576});
  set_block(network, "target.weight",
            {0.69306, -0.0821111, 1.09736, 1.11548, 0.75706, -0.253818, 0.616275, 0.532736,
             0.768084, 0.447383, 0.500068, 0.800331});
  set_block(network, "target.bias", {0.282316, 0.0233665, 0.0124152});
  set_block(network, "readout.weight", {0.0763828, 0.112724, 0.134239});
  set_block(network, "readout.bias", {0.959652});
  network.box = {.voltage_min = {-1},
                 .voltage_max = {1},
                 .conductance_min = 1.0004e-3,
                 .conductance_max = 1.26997e-3,
                 .step_max = 5e-7,
                 .duration = 0.1,
                 .drive_frequency = 1.0001e5,
                 .median_rate = 10.5194,
                 .fastest_rate = 2867.07};
  return network;
}

}  // namespace psi_xlstm::testing
