#pragma once

/// @file
/// What every compiled model has to do, whatever network it was made of.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "hdl/osdi/library.hpp"
#include "hdl/osdi/osdi.hpp"
#include "hdl/text/plan.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "support/osdi_host.hpp"

namespace psi_xlstm::testing {

inline constexpr std::uint32_t kStatic = 0;  ///< Operating point and DC sweep.
inline constexpr std::uint32_t kTransient = OSDI_CALC_REACT_RESIDUAL | OSDI_CALC_REACT_JACOBIAN;

/// Compiled once for all tests of a process; the library may go once it is loaded.
inline const OsdiModel& compiled(const ir::Network& network) {
  static std::map<std::string, OsdiModel> models;
  const std::string source = hdl::osdi_source(network);
  const auto found = models.find(source);
  if (found != models.end()) return found->second;
  return models.emplace(source, OsdiModel(hdl::OsdiLibrary(network).file())).first->second;
}

/// Node voltages within the training box, the reference terminal away from ground.
inline std::vector<double> drawn_voltages(const ir::Network& network, std::size_t nodes, Rng& rng) {
  std::vector<double> v;
  for (std::size_t i = 0; i < nodes; ++i) v.push_back(0.3 * network.voltage_scale * rng.normal());
  return v;
}

/// Every column of the matrix against central differences of the residual; no derivative is
/// missing.
inline void expect_derivatives_of_the_residual(OsdiDevice& device,
                                               std::vector<double> v,
                                               std::uint32_t flags,
                                               const std::string& name) {
  for (std::size_t column = 0; column < device.nodes(); ++column) {
    const double step = 1e-5, middle = v[column];
    v[column] = middle + step;
    device.evaluate(v, flags);
    const std::vector<double> above = device.residual();
    v[column] = middle - step;
    device.evaluate(v, flags);
    const std::vector<double> below = device.residual();
    v[column] = middle;
    device.evaluate(v, flags);
    for (std::size_t row = 0; row < device.nodes(); ++row) {
      const double expected = (above[row] - below[row]) / (2 * step);
      double scale = std::abs(expected);
      for (std::size_t j = 0; j < device.nodes(); ++j) {
        scale = std::max(scale, std::abs(device.resist(row, j)));
      }
      ASSERT_NEAR(device.resist(row, column), expected, 1e-7 * scale)
          << name << " row " << row << " column " << column << " flags " << flags;
    }
  }
}

/// Multiplicity and area multiply the currents of the terminals and nothing else.
inline void expect_scaled_currents(const OsdiModel& model,
                                   const ir::Network& network,
                                   const std::vector<double>& v) {
  OsdiDevice plain(model), scaled(model);
  scaled.set("m", 3);
  scaled.set("area", 2);
  ASSERT_EQ(plain.setup() + scaled.setup(), 0U);
  plain.evaluate(v, kTransient);
  scaled.evaluate(v, kTransient);
  const auto terminals = static_cast<std::size_t>(network.port_count() + 1);
  for (std::size_t n = 0; n < plain.nodes(); ++n) {
    const double factor = n < terminals ? 6 : 1;
    EXPECT_DOUBLE_EQ(scaled.residual()[n], factor * plain.residual()[n]) << network.name << n;
    for (std::size_t j = 0; j < plain.nodes(); ++j) {
      // What is left where terms cancel is no part of a number.
      EXPECT_NEAR(scaled.resist(n, j), factor * plain.resist(n, j),
                  4e-15 * std::abs(factor * plain.resist(n, j)) + 1e-25)
          << network.name << " " << n << " " << j;
    }
  }
  EXPECT_DOUBLE_EQ(scaled.output("g"), 2 * plain.output("g"));
}

/// tau_scale multiplies every time constant: f_x / (dq/dx) is dx/dt without its leak and falls by
/// that factor. The longest step follows where things get faster, unless it was given.
inline void expect_scaled_times(const OsdiModel& model,
                                const ir::Network& network,
                                const std::vector<double>& v) {
  OsdiDevice plain(model), slow(model), fast(model), bounded(model);
  slow.set("tau_scale", 50);
  fast.set("tau_scale", 0.1);
  bounded.set("dtmax", 3e-9);
  ASSERT_EQ(plain.setup() + slow.setup() + fast.setup() + bounded.setup(), 0U);
  plain.evaluate(v, kTransient);
  slow.evaluate(v, kTransient);
  const auto states = static_cast<std::size_t>(network.state_count());
  const auto first = static_cast<std::size_t>(network.port_count() + 1);
  for (std::size_t s = first; s < first + states; ++s) {
    const double slope = plain.residual()[s] / plain.react(s, s);
    EXPECT_NEAR(slow.residual()[s] / slow.react(s, s) * 50, slope, 1e-12 * std::abs(slope));
    EXPECT_DOUBLE_EQ(slow.residual()[s + states], plain.residual()[s + states]);
  }
  for (int k = 1; k <= network.rate_count(); ++k) {
    const std::string tau = "tau_" + std::to_string(k);
    EXPECT_DOUBLE_EQ(slow.output(tau), 50 * plain.output(tau));
  }
  const double longest = hdl::plan_emission(network).max_step;
  EXPECT_DOUBLE_EQ(plain.bound_step(), longest);
  EXPECT_DOUBLE_EQ(slow.bound_step(), longest);
  EXPECT_DOUBLE_EQ(fast.bound_step(), 0.1 * longest);
  EXPECT_DOUBLE_EQ(bounded.bound_step(), 3e-9);
}

/// Where nothing moves, f_r is r + 1e3 x: the state stays at its start. With hold=0, in AC and in a
/// transient it moves.
inline void expect_held_state(const OsdiModel& model,
                              const ir::Network& network,
                              const std::vector<double>& v) {
  OsdiDevice held(model), loose(model);
  loose.set("hold", 0);
  ASSERT_EQ(held.setup() + loose.setup(), 0U);
  held.evaluate(v, kStatic);
  const auto states = static_cast<std::size_t>(network.state_count());
  const auto first = static_cast<std::size_t>(network.port_count() + 1);
  for (std::size_t s = first; s < first + states; ++s) {
    EXPECT_DOUBLE_EQ(held.residual()[s + states], v[s + states] + 1e3 * v[s]);
  }
  loose.evaluate(v, kStatic);
  EXPECT_NE(held.residual(), loose.residual());
  for (const std::uint32_t moving : {std::uint32_t{OSDI_CALC_REACT_JACOBIAN}, kTransient}) {
    held.evaluate(v, moving);
    EXPECT_EQ(held.residual(), loose.residual());
  }
}

}  // namespace psi_xlstm::testing
