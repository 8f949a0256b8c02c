#include "data/readers/options.hpp"

namespace psi_xlstm {

ReadOptions read_options(const ReadingConfig& config, int sign) {
  ReadOptions options;
  options.time = config.time;
  options.voltage = config.voltage;
  options.current = config.current;
  options.record = config.record;
  options.columns = config.columns;
  options.shunt = config.shunt;
  options.sweep_rate = config.sweep_rate;
  options.sign = sign;
  return options;
}

}  // namespace psi_xlstm
