#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <variant>
#include <vector>

#include "equations/network.hpp"
#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "ir/network_io.hpp"
#include "ir/recurrent.hpp"
#include "kernels/continuous/network.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/recurrent_networks.hpp"

namespace psi_xlstm::ir {
namespace {

using kernels::LayerKind;
using testing::DrawnNetwork;
using torch::Tensor;

std::vector<DrawnNetwork> networks() {
  return {testing::drawn_clustering(), testing::drawn_low_rank(), testing::drawn_teacher()};
}

Tensor tensor(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); }

std::vector<double> numbers(const Tensor& x) {
  const Tensor dense = x.contiguous();
  return {dense.data_ptr<double>(), dense.data_ptr<double>() + dense.numel()};
}

// The state of the equations as that of the network: h and ln n of an sLSTM, C and n of an mLSTM.
std::vector<double> as_states(const equations::ContinuousState& state) {
  std::vector<double> out;
  const auto add = [&](const Tensor& x) {
    const std::vector<double> more = numbers(x);
    out.insert(out.end(), more.begin(), more.end());
  };
  for (const auto& layer : state) {
    if (const auto* s = std::get_if<equations::SlstmMemory>(&layer)) {
      add(s->c / s->n);
      add(torch::log(s->n));
    } else {
      add(std::get<equations::MlstmMemory>(layer).C);
      add(std::get<equations::MlstmMemory>(layer).n);
    }
  }
  return out;
}

// The reverse.
equations::ContinuousState from_states(const kernels::NetworkShape& shape,
                                       const std::vector<double>& c) {
  equations::ContinuousState out;
  std::size_t next = 0;
  const auto take = [&](std::vector<std::int64_t> sizes) {
    std::int64_t count = 1;
    for (std::int64_t size : sizes) count *= size;
    const auto begin = c.begin() + static_cast<std::ptrdiff_t>(next);
    next += static_cast<std::size_t>(count);
    return tensor({begin, begin + count}).view(sizes);
  };
  for (const kernels::LayerShape& layer : shape.layers) {
    if (layer.kind == LayerKind::kSlstm) {
      const Tensor h = take({1, layer.hidden}), n = torch::exp(take({1, layer.hidden}));
      out.emplace_back(equations::SlstmMemory{h * n, n});
    } else {
      const int D = layer.rank > 0 ? layer.rank : layer.hidden / layer.heads;
      const Tensor C = take({1, layer.heads, D, D});
      out.emplace_back(equations::MlstmMemory{C, take({1, layer.heads, D})});
    }
  }
  return out;
}

// d(state)/dt [1/s] of the equations, layer by layer, and the output y.
struct Oracle {
  Oracle(const DrawnNetwork& drawn, double voltage, double start, const std::vector<double>& c) {
    const auto p = equations::named_parameters(drawn.shape, tensor(drawn.parameters));
    const auto state = from_states(drawn.shape, c);
    const Tensor input = tensor({voltage, start}).view({1, 1, 2});
    const auto run = equations::relaxation_network(drawn.shape, tensor(drawn.parameters), input,
                                                   torch::zeros({0, 1}, torch::kFloat64),
                                                   drawn.reference_step, state);
    output = run.output.item<double>();
    Tensor x = torch::linear(input[0], p.at("input.weight"), p.at("input.bias"));
    for (std::size_t l = 0; l < drawn.shape.layers.size(); ++l) {
      const std::string name = "layers." + std::to_string(l) + ".";
      const auto linear = [&](const std::string& part) {
        return torch::linear(x, p.at(name + part + "weight"), p.at(name + part + "bias"));
      };
      if (const auto* s = std::get_if<equations::SlstmMemory>(&state[l])) {
        const auto gates = equations::slstm_gates(linear(""), p.at(name + "recurrent"), s->c / s->n,
                                                  drawn.reference_step);
        const auto d = equations::slstm_derivative(*s, gates);
        add((d.c - d.n * s->c / s->n) / s->n);  // of c/n
        add(d.n / s->n);                        // of ln n
      } else {
        const auto& layer = drawn.shape.layers[l];
        const std::int64_t heads = layer.heads, width = layer.hidden / layer.heads;
        const auto by_head = [&](const Tensor& all) { return all.view({1, heads, width}); };
        equations::MlstmInput in{.q = by_head(linear("query.")),
                                 .k = equations::scaled_key(by_head(linear("key."))),
                                 .v = by_head(linear("value.")),
                                 .i = linear("input_gate."),
                                 .f = linear("forget_gate.")};
        if (layer.rank > 0) {
          in = equations::low_rank_input(in, p.at(name + "left").view({heads, width, layer.rank}),
                                         p.at(name + "right").view({heads, width, layer.rank}));
        }
        const auto d = equations::mlstm_derivative(std::get<equations::MlstmMemory>(state[l]), in,
                                                   drawn.reference_step);
        add(d.C);
        add(d.n);
      }
      x = run.hidden[l][0];
    }
  }
  void add(const Tensor& x) {
    const std::vector<double> more = numbers(x);
    derivative.insert(derivative.end(), more.begin(), more.end());
  }
  std::vector<double> derivative;
  double output = 0;
};

constexpr double kG0 = 3.1e-4;

double start_of(const DrawnNetwork& drawn) { return std::log(kG0 / drawn.conductance_scale); }

std::vector<double> disturbed(std::vector<double> c, Rng& rng) {
  for (double& x : c) x += 0.2 * rng.normal();
  return c;
}

TEST(Recurrent, StartsAtTheRestOfTheEquations) {
  for (const DrawnNetwork& drawn : networks()) {
    const Network network = drawn.network("drawn");
    const Tensor rest = tensor({0, start_of(drawn)}).view({1, 2});
    const std::vector<double> expected =
        as_states(equations::rest_state(drawn.shape, tensor(drawn.parameters), rest));
    const std::vector<double> found = initial_state(network, kG0);
    const std::vector<double> again = initial_state(at_start(network, kG0), kG0);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t s = 0; s < found.size(); ++s) {
      EXPECT_NEAR(found[s], expected[s], 1e-13) << s;
      EXPECT_EQ(found[s], again[s]);
    }
  }
}

TEST(Recurrent, MovesAsTheEquationsDo) {
  for (const DrawnNetwork& drawn : networks()) {
    const Network network = at_start(drawn.network("drawn"), kG0);
    Evaluator evaluator(network);
    Rng rng(7);
    for (int point = 0; point < 10; ++point) {
      const std::vector<double> c = disturbed(initial_state(network, kG0), rng);
      const double voltage = rng.normal();
      const Oracle oracle(drawn, voltage, start_of(drawn), c);
      std::vector<double> found(c.size());
      state_derivative(evaluator, network, {&voltage, 1}, c, found);
      for (std::size_t s = 0; s < c.size(); ++s) {
        EXPECT_NEAR(found[s], oracle.derivative[s], 1e-12 * 1e6) << s;
      }
    }
  }
}

// I = V g0 exp(y - y_rest)
TEST(Recurrent, TheCurrentIsTiedToTheStart) {
  for (const DrawnNetwork& drawn : networks()) {
    const Network network = at_start(drawn.network("drawn"), kG0);
    const std::vector<double> rest = initial_state(network, kG0);
    const double y_rest = Oracle(drawn, 0, start_of(drawn), rest).output;
    Evaluator evaluator(network);
    Rng rng(8);
    for (int point = 0; point < 10; ++point) {
      const std::vector<double> c = disturbed(rest, rng);
      const double voltage = rng.normal();
      const double y = Oracle(drawn, voltage, start_of(drawn), c).output;
      evaluator.evaluate(Part::kOutput, {&voltage, 1}, c);
      const double expected = voltage * kG0 * std::exp(y - y_rest);
      EXPECT_NEAR(evaluator.value(network.current_node) / expected, 1, 1e-12);
    }
    const double zero = 0;
    evaluator.evaluate(Part::kOutput, {&zero, 1}, rest);
    EXPECT_NEAR(evaluator.value(network.conductance().node) / kG0, 1, 1e-13);
  }
}

// What training computed is the discrete form: with ever shorter steps it becomes the equation.
TEST(Recurrent, TheStepsOfTrainingApproachIt) {
  for (const DrawnNetwork& drawn : networks()) {
    kernels::ContinuousNetwork<double> kernel(drawn.shape);
    kernel.set_parameters(drawn.parameters);
    const Network network = at_start(drawn.network("drawn"), kG0);
    const double duration = 2e-6, voltage = 0.7;
    // Runge and Kutta's fourth order on the network's own equation, from rest to `duration`.
    std::vector<double> c = initial_state(network, kG0), k1(c), k2(c), k3(c), k4(c), at(c);
    Evaluator evaluator(network);
    constexpr int kSteps = 400;
    const double h = duration / kSteps;
    const auto stage = [&](const std::vector<double>& from, double step, std::vector<double>& to) {
      for (std::size_t s = 0; s < c.size(); ++s) at[s] = c[s] + step * from[s];
      state_derivative(evaluator, network, {&voltage, 1}, at, to);
    };
    for (int k = 0; k < kSteps; ++k) {
      stage(k1, 0, k1);
      stage(k1, h / 2, k2);
      stage(k2, h / 2, k3);
      stage(k3, h, k4);
      for (std::size_t s = 0; s < c.size(); ++s) {
        c[s] += h / 6 * (k1[s] + 2 * k2[s] + 2 * k3[s] + k4[s]);
      }
    }
    evaluator.evaluate(Part::kOutput, {&voltage, 1}, c);
    const double expected = std::log(evaluator.value(network.conductance().node) / kG0);
    std::vector<double> errors;
    for (int steps : {20, 40, 80}) {
      std::vector<double> inputs;
      for (int k = 0; k <= steps; ++k) inputs.insert(inputs.end(), {voltage, start_of(drawn)});
      const std::vector<double> rest = {0, start_of(drawn)};
      const std::vector<double> rho(static_cast<std::size_t>(steps),
                                    duration / steps / drawn.reference_step);
      kernels::ContinuousState<double> state;
      const double y_rest =
          kernel.forward({.inputs = rest.data(), .rest_inputs = rest.data()}, state)[0];
      const auto y =
          kernel.forward({.steps = steps, .inputs = inputs.data(), .rho = rho.data()}, state);
      errors.push_back(std::abs(y.back() - y_rest - expected));
    }
    EXPECT_LT(errors[0], 1e-2);
    EXPECT_GT(errors[0] / errors[1], 3) << "second order";
    EXPECT_GT(errors[1] / errors[2], 3) << "second order";
  }
}

TEST(Recurrent, UnitsWithEqualForgetGatesShareARate) {
  const Network network = testing::drawn_clustering().network("drawn");
  EXPECT_EQ(network.rate_count(), 6);
  EXPECT_EQ(network.state_count(), 24);
  for (std::size_t s = 0; s < 24; ++s) {
    EXPECT_EQ(network.rate_of_state[s], static_cast<int>(s / 12 * 3 + s % 6 / 2));
  }
}

// The derivative through a junction is that by the junction times that of the junction.
TEST(Recurrent, JunctionsCutTheJacobianExactly) {
  for (const DrawnNetwork& drawn : networks()) {
    const Network network = at_start(drawn.network("drawn"), kG0);
    SparseJacobian whole(network), cut(network, Unknowns::kInputs);
    Rng rng(9);
    const std::vector<double> c = disturbed(initial_state(network, kG0), rng);
    const double voltage = 0.4;
    whole.evaluate({&voltage, 1}, c);
    cut.evaluate({&voltage, 1}, c);
    const int inputs = 1 + network.state_count();
    const int junction = network.unknowns[0], width = network.node(junction).width;
    for (int node : {network.target_node, network.rate_node, network.current_node}) {
      for (int i = 0; i < network.node(node).width; ++i) {
        for (int input = 0; input < inputs; ++input) {
          double expected = cut.derivative(node, i, input);
          for (int j = 0; j < width; ++j) {
            expected += cut.derivative(node, i, inputs + j) * cut.derivative(junction, j, input);
          }
          const double found = whole.derivative(node, i, input);
          EXPECT_NEAR(found, expected, 1e-12 * std::max(1.0, std::abs(expected)));
        }
      }
    }
  }
}

TEST(Recurrent, TheJacobianIsTheDerivative) {
  for (const DrawnNetwork& drawn : networks()) {
    const Network network = at_start(drawn.network("drawn"), kG0);
    SparseJacobian jacobian(network);
    Evaluator evaluator(network);
    Rng rng(10);
    std::vector<double> c = disturbed(initial_state(network, kG0), rng);
    const double voltage = 0.4;
    jacobian.evaluate({&voltage, 1}, c);
    for (int s = 0; s < network.state_count(); ++s) {
      const double step = 1e-5, middle = c[static_cast<std::size_t>(s)];
      const auto targets = [&](double at) {
        c[static_cast<std::size_t>(s)] = at;
        evaluator.evaluate(Part::kDynamics, {&voltage, 1}, c);
        std::vector<double> z;
        for (int i = 0; i < network.state_count(); ++i) z.push_back(evaluator.target(i));
        c[static_cast<std::size_t>(s)] = middle;
        return z;
      };
      const std::vector<double> above = targets(middle + step), below = targets(middle - step);
      for (int i = 0; i < network.state_count(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        const double expected = (above[at] - below[at]) / (2 * step);
        EXPECT_NEAR(jacobian.derivative(network.target_node, i, 1 + s), expected,
                    1e-7 * std::max(1.0, std::abs(expected)));
      }
    }
  }
}

// Reverse mode sees what forward mode sees.
TEST(Recurrent, TheGradientIsTheJacobian) {
  for (const DrawnNetwork& drawn : networks()) {
    const Network network = at_start(drawn.network("drawn"), kG0);
    SparseJacobian jacobian(network);
    Evaluator evaluator(network);
    Rng rng(11);
    const std::vector<double> c = disturbed(initial_state(network, kG0), rng);
    const double voltage = -0.6;
    jacobian.evaluate({&voltage, 1}, c);
    evaluator.evaluate(Part::kOutput, {&voltage, 1}, c);
    std::vector<double> by_states(c.size()), by_parameters(network.parameters.size());
    double by_voltage = 0;
    evaluator.gradient(network.current_node, 0, {&by_voltage, 1}, by_states, by_parameters);
    EXPECT_NEAR(by_voltage, jacobian.derivative(network.current_node, 0, 0), 1e-15);
    for (std::size_t s = 0; s < c.size(); ++s) {
      const double expected = jacobian.derivative(network.current_node, 0, 1 + static_cast<int>(s));
      EXPECT_NEAR(by_states[s], expected, 1e-12 * std::max(1e-4, std::abs(expected)));
    }
  }
}

TEST(Recurrent, IsStoredLikeAnyNetwork) {
  const Network network = testing::drawn_low_rank().network("drawn");
  const Network again = parse_network(network_bytes(network, {}), "file").network;
  EXPECT_EQ(network_bytes(again, {}), network_bytes(network, {}));
  EXPECT_EQ(initial_state(again, kG0), initial_state(network, kG0));
}

TEST(Recurrent, RefusesTheOtherConvention) {
  DrawnNetwork drawn = testing::drawn_clustering();
  drawn.shape.convention = kernels::Convention::kXlstm;
  EXPECT_THROW(drawn.network("drawn"), ShapeError);
  drawn.shape.convention = kernels::Convention::kContinuous;
  drawn.parameters.pop_back();
  try {
    drawn.network("drawn");
    FAIL() << "expected a ShapeError";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "recurrent network: expected 622 parameters, found 621");
  }
}

}  // namespace
}  // namespace psi_xlstm::ir
