#include "simulators/reached_end.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace psi_xlstm {

std::string stopped_early(std::string_view simulator,
                          double reached,
                          double stop_time,
                          double max_step) {
  const double missing = std::max(1e-9 * stop_time, 1e-4 * max_step);
  if (reached >= stop_time - missing) return "";
  return fmt::format("{} stopped at {} s instead of {} s", simulator, reached, stop_time);
}

}  // namespace psi_xlstm
