#include "equations/physics.hpp"

#include <fmt/format.h>

#include "equations/shape_check.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::equations {

using torch::Tensor;

StateLaw threshold_law(const Tensor& V, const ThresholdDevice& device) {
  const auto over_on = torch::relu(V / device.v_on - 1).pow(device.exponent);
  const auto over_off = torch::relu(V / device.v_off - 1).pow(device.exponent);
  return {.rate = device.k_on * over_on + device.k_off * over_off,  // one of the two is zero
          .target = torch::where(V > 0, torch::full_like(V, device.target_on),
                                 torch::full_like(V, device.target_off))};
}

Tensor device_state(const Tensor& G, const ThresholdDevice& device) {
  return (device.r_off - 1 / G) / (device.r_off - device.r_on);
}

Tensor device_law_residual(const Tensor& x, const LawIntegrals& integrals, std::int64_t window) {
  expect_shape("law, states", x, {kAny, kAny});
  const auto blocks = x.size(0) - 1, batch = x.size(1);
  if (blocks < 1 || window < 1) {
    throw ShapeError(
        fmt::format("law: expected at least one block and windows of at least one, found {} and {}",
                    blocks, window));
  }
  expect_shape("law, gain", integrals.gain, {blocks, batch});
  expect_shape("law, loss", integrals.loss, {blocks, batch});
  const auto before = x.narrow(0, 0, blocks), after = x.narrow(0, 1, blocks);
  const auto missing = after - before - integrals.gain + integrals.loss * (before + after) / 2;
  const auto padding = (window - blocks % window) % window;  // of the last window, with zeros
  return torch::constant_pad_nd(missing, {0, 0, 0, padding}).unflatten(0, {-1, window}).sum(1);
}

}  // namespace psi_xlstm::equations
