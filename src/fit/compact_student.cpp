#include "fit/compact_student.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

using ir::Op;

ir::Head head_of(const StudentShape& shape) {
  switch (shape.head) {
    case StudentHead::kExp:
      return ir::Head::kExp;
    case StudentHead::kSoftplus:
      return ir::Head::kSoftplus;
    case StudentHead::kAffine:
      break;
  }
  return ir::Head::kAffine;
}

void add_gates(ir::NetworkBuilder& build,
               ir::Network& network,
               const StudentShape& shape,
               int voltage,
               int states) {
  const std::vector<int> inputs =
      shape.state_gates ? std::vector<int>{voltage, states} : std::vector<int>{voltage};
  const int phi = build.unary(Op::kTanh, build.affine("features", shape.features, inputs));
  const int forget = shape.liquid ? build.affine("forget_gate", shape.rates, {phi})
                                  : build.affine("forget_gate", shape.rates, {});
  const int relaxation = build.unary(Op::kSoftplus, build.scale(forget, -1));
  network.rate_node = build.scale(relaxation, 1 / network.reference_step);
  network.target_node = build.unary(Op::kTanh, build.affine("target", shape.states, {phi}));
}

// The curve at a fixed state, zero at V = 0; -1 where the shape has none.
int add_static_part(ir::NetworkBuilder& build, const StudentShape& shape, int voltage) {
  if (shape.static_features == 0) return -1;
  const int count = shape.static_features;
  const int weight = build.parameters("static.weight", count, 1);
  const int bias = build.parameters("static.bias", count, 1);
  const int gain = build.parameters("static.gain", 1, count);
  const int curve = build.unary(Op::kTanh, build.affine(count, {voltage}, weight, bias));
  const int origin = build.unary(Op::kTanh, build.affine(count, {}, -1, bias));
  const int sum = build.affine(1, {curve}, gain, -1);
  const int sum_at_zero = build.affine(1, {origin}, gain, -1);
  return build.binary(Op::kSum, sum, build.scale(sum_at_zero, -1));
}

std::span<double> block(ir::Network& network, const std::string& name) {
  for (const ir::ParameterBlock& b : network.blocks) {
    if (b.name == name) {
      return std::span(network.parameters)
          .subspan(static_cast<std::size_t>(b.offset),
                   static_cast<std::size_t>(b.rows * b.columns));
    }
  }
  return {};
}

// softplus^-1: the pre-activation at which ln(1 + e^a) = value.
double inverse_softplus(double value) { return value > 30 ? value : std::log(std::expm1(value)); }

void randomise_features(ir::Network& network, const StudentShape& shape, Rng& rng) {
  const int inputs = 1 + (shape.state_gates ? shape.states : 0);
  const auto weight = block(network, "features.weight");
  const auto bias = block(network, "features.bias");
  for (int j = 0; j < shape.features; ++j) {
    const double position = shape.features == 1 ? 0 : 2.0 * j / (shape.features - 1) - 1;
    const double knot = 0.92 * position + 0.05 * rng.normal();
    const double slope = 4.2 * (1 + 0.1 * rng.normal());
    double* row = &weight[static_cast<std::size_t>(j * inputs)];
    row[0] = slope;
    for (int s = 1; s < inputs; ++s) row[s] = 0.1 * rng.normal();
    bias[static_cast<std::size_t>(j)] = -slope * knot;
  }
}

void randomise_gates(ir::Network& network,
                     const StudentShape& shape,
                     const StartHint& hint,
                     Rng& rng) {
  const auto features = static_cast<std::size_t>(shape.features);
  const auto bias = block(network, "features.bias");
  const auto forget_weight = block(network, "forget_gate.weight");
  const auto forget_bias = block(network, "forget_gate.bias");
  const double crowd = 8.0 / shape.features;
  for (std::size_t k = 0; k < forget_bias.size(); ++k) {
    const double spread = forget_bias.size() == 1 ? 1.0
                                                  : static_cast<double>(k) /
                                                        static_cast<double>(forget_bias.size() - 1);
    const double fast =
        hint.fastest_time_constant > 0 ? hint.fastest_time_constant : 0.03 * hint.time_constant;
    const double tau = fast * std::pow(hint.time_constant / fast, spread);
    double at_zero = 0;  // forget gate at V = 0, c = 0 without its bias
    for (std::size_t j = 0; j < features && !forget_weight.empty(); ++j) {
      const bool right_side = bias[j] < 0;  // knot above 0 V: the feature grows where |V| grows
      double& a = forget_weight[k * features + j];
      a = (right_side ? -1 : 1) * 0.2 * crowd * (1 + 0.2 * rng.normal());
      at_zero += a * std::tanh(bias[j]);
    }
    forget_bias[k] = -inverse_softplus(network.reference_step / tau) - at_zero;
  }
  for (double& d : block(network, "target.weight")) d = 0.3 * crowd + 0.2 * rng.normal();
  for (double& d : block(network, "target.bias")) d = 0.1 * rng.normal();
}

void randomise_readout(ir::Network& network,
                       const StudentShape& shape,
                       const StartHint& hint,
                       Rng& rng) {
  const double half = 0.5 * (hint.log_conductance_high - hint.log_conductance_low);
  const auto k = block(network, "readout.weight");
  double& e = block(network, "readout.bias")[0];
  e = 0.5 * (hint.log_conductance_high + hint.log_conductance_low);
  double span = std::max(1.5 * half, 1.0);
  const ir::Head head = network.conductance().head;
  if (head != ir::Head::kExp) {  // the readout is not the log of the conductance
    const auto readout = [&](double log_g) {
      return head == ir::Head::kSoftplus ? inverse_softplus(std::exp(log_g)) : std::exp(log_g);
    };
    const double low = readout(hint.log_conductance_low);
    const double high = readout(hint.log_conductance_high);
    e = 0.5 * (low + high);
    span = std::max(0.75 * (high - low), 0.1);
  }
  for (std::size_t s = 0; s < k.size(); ++s) {
    const double share = span / static_cast<double>(k.size());
    k[s] = share * (1 + (k.size() > 1 ? 0.2 * rng.normal() : 0));
  }
  const auto weight = block(network, "static.weight");
  const auto bias = block(network, "static.bias");
  const auto gain = block(network, "static.gain");
  for (int l = 0; l < shape.static_features; ++l) {
    const auto i = static_cast<std::size_t>(l);
    const double knot =
        shape.static_features == 1 ? 0 : 1.6 * l / (shape.static_features - 1) - 0.8;
    weight[i] = 2 * (1 + 0.1 * rng.normal());
    bias[i] = -weight[i] * knot;
    gain[i] = 0.05 * rng.normal();
  }
}

}  // namespace

ir::Network build_compact_student(const StudentShape& shape,
                                  const StudentScales& scales,
                                  const std::string& name) {
  ir::Network network;
  network.name = name;
  ir::ConductanceRole& role = network.role.emplace();
  role.head = head_of(shape);
  role.scale = scales.conductance;
  network.start = role.head == ir::Head::kAffine ? ir::Start::kRest : ir::Start::kTied;
  network.voltage_scale = scales.voltage;
  network.reference_step = scales.step;
  for (int s = 0; s < shape.states; ++s) network.rate_of_state.push_back(s % shape.rates);

  ir::NetworkBuilder build(network);
  const int ports = build.ports();
  const int voltage = build.scale(ports, 1 / scales.voltage);
  const int states = shape.states > 0 ? build.states() : -1;
  if (shape.states > 0) add_gates(build, network, shape, voltage, states);
  const std::vector<int> read = shape.states > 0 ? std::vector<int>{states} : std::vector<int>{};
  int y = build.affine("readout", 1, read);
  role.readout_weight = network.node(y).weight;
  role.readout_bias = network.node(y).bias;
  const int curve = add_static_part(build, shape, voltage);
  if (curve >= 0) y = build.binary(Op::kSum, y, curve);
  if (role.head == ir::Head::kExp) y = build.unary(Op::kExp, y);
  if (role.head == ir::Head::kSoftplus) y = build.unary(Op::kSoftplus, y);
  role.node = build.scale(y, scales.conductance);
  network.current_node = build.binary(Op::kProduct, ports, role.node);
  return network;
}

void randomise(ir::Network& network, const StudentShape& shape, const StartHint& hint, Rng& rng) {
  if (shape.states > 0) {
    randomise_features(network, shape, rng);
    randomise_gates(network, shape, hint, rng);
  }
  randomise_readout(network, shape, hint, rng);
}

}  // namespace psi_xlstm::fit
