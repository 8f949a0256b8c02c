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

LawIntegrals integrate_law(const StateLaw& law, double dt, std::int64_t block) {
  expect_shape("law, rate", law.rate, {kAny, kAny});
  expect_shape("law, target", law.target, law.rate.sizes());
  const auto samples = law.rate.size(0);
  if (block < 1 || samples < 1 || samples % block != 0) {
    throw ShapeError(fmt::format("law: expected blocks that divide {} samples, found blocks of {}",
                                 samples, block));
  }
  const auto over_blocks = [&](const Tensor& x) { return dt * x.unflatten(0, {-1, block}).sum(1); };
  return {.gain = over_blocks(law.rate * law.target), .loss = over_blocks(law.rate)};
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

Tensor residual_loss(const Tensor& residual, double scale) {
  return (residual / scale).square().mean();
}

Tensor monotone_residual(const Tensor& G, const Tensor& V, const Tensor& dt, double rate_scale) {
  expect_shape("voltage", V, {kAny, kAny});
  expect_shape("conductance", G, {V.size(0) + 1, V.size(1)});
  expect_shape("step", dt, V.sizes());
  const auto rise = (G.narrow(0, 1, V.size(0)) - G.narrow(0, 0, V.size(0))) / dt;
  return torch::relu(-V.sign() * rise / rate_scale) * (V.abs() > kSmallVoltage);
}

Tensor passive_residual(const Tensor& V, const Tensor& I, double power_scale) {
  expect_shape("current", I, V.sizes());
  return torch::relu(-V * I / power_scale) * (V.abs() > kSmallVoltage);
}

}  // namespace psi_xlstm::equations
