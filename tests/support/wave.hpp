#pragma once

#include <cmath>
#include <string>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm::testing {

/// 50 samples of a sine of 1 V and of a current of `scale` [A] that leads it, 0.1 us apart.
inline Record wave(const std::string& id, double scale) {
  Record record;
  record.id = id;
  record.voltage.resize(1);
  record.current.resize(1);
  for (int i = 0; i < 50; ++i) {
    record.time.push_back(i * 0.1e-6);
    record.voltage[0].push_back(std::sin(i * 0.3));
    record.current[0].push_back(scale * std::sin(i * 0.3 + 0.1));
  }
  return record;
}

}  // namespace psi_xlstm::testing
