#pragma once

#include "devices/mem3.hpp"
#include "tau/response.hpp"

namespace psi_xlstm::tau {

/// A conductance driven by V^2.
inline constexpr Response kSquareResponse{Form::kConductance, Drive::kSquare};

/// A device with one time constant of 1 ms, measured for 20 ms.
inline Mem3Config one_process() {
  Mem3Config config;
  config.taus = {1e-3};
  config.gains = {0.2e-3};
  config.duration = 20e-3;
  config.sample_rate = 500e3;
  config.carrier = 25e3;
  config.seed = 1001;
  return config;
}

}  // namespace psi_xlstm::tau
