#include "devices/published_bound.hpp"

#include <fmt/format.h>

#include <cstddef>

#include "devices/published_recipe.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {

std::vector<double> published_mean_current(const std::vector<double>& voltage, int starts) {
  if (voltage.empty() || starts < 1) {
    throw DataError(
        fmt::format("mean current: expected at least one sample and one start, found {} and {}",
                    voltage.size(), starts));
  }
  const PublishedDevice device;
  std::vector<double> mean(voltage.size(), 0.0);
  for (int s = 0; s < starts; ++s) {
    const double w = device.w_min + (device.w_max - device.w_min) * (s + 0.5) / starts;
    const std::vector<double> current = published_current(voltage, device.conductance(w));
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += current[k] / starts;
  }
  return mean;
}

}  // namespace psi_xlstm
