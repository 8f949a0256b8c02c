/// @file
/// The fused kernels against the equations, step by step and differentiated by LibTorch: outputs,
/// hidden states, carried states and the gradients of all trained numbers, for batches of 1 to 9
/// sequences of different lengths, on every instruction set of the machine.
///
/// Errors are relative to the largest number of a block. In double at most 1e-12 is allowed; in
/// single 1e-5, or three times what one rounding of the trained numbers to single changes, where
/// that is more: LayerNorm enlarges such errors where the k.q of all heads are small.
///
/// Axes: T steps, B sequences, I inputs, H hidden units.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "psi_xlstm/equations/network.hpp"
#include "psi_xlstm/kernels/instruction_set.hpp"
#include "psi_xlstm/kernels/published_network.hpp"
#include "psi_xlstm/kernels/relaxation_network.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm {
namespace {

using equations::MlstmMemory;
using equations::MlstmState;
using equations::SlstmMemory;
using equations::SlstmState;
using kernels::Convention;
using kernels::InstructionSet;
using kernels::NetworkShape;
using testing::full;
using testing::normal;
using testing::relative_error;
using torch::Tensor;

constexpr std::int64_t kSteps = 13;       // of each of the two parts of a sequence
constexpr double kReferenceStep = 50e-9;  // dt0 [s]

// Everything that a run gives, by name.
using Blocks = std::map<std::string, Tensor>;

// Two parts of B sequences, the second goes on from the states of the first and is ragged. All
// numbers are in double, but such that single holds them.
struct Scenario {
  NetworkShape shape;
  Tensor parameters;                  // [P]
  Tensor rest;                        // Inputs at which a relaxation network starts [B, I].
  Tensor inputs[2], ratio[2];         // [T, B, I] or [T + 1, B, I]; dt/dt0 [T, B].
  Tensor output_weight;               // Of the outputs in the loss [T, B] or [T + 1, B].
  std::vector<Tensor> hidden_weight;  // Of the hidden states [..., H], per layer.

  std::int64_t batch() const { return rest.size(0); }
};

Tensor held_by_single(const Tensor& x) { return x.to(torch::kFloat32).to(torch::kFloat64); }

// Numbers of the size at which training starts: weights of some tenths, forget gates around f~ = 3,
// LayerNorms around 1.
Tensor trained_numbers(const NetworkShape& shape, Rng& rng) {
  auto flat = normal(rng, {static_cast<std::int64_t>(kernels::parameter_count(shape))}, 0.1);
  const auto p = equations::named_parameters(shape, flat);
  for (const auto& [name, numbers] : p) {
    if (name.ends_with("norm.weight")) numbers.add_(1);
    if (name.ends_with("forget_gate.bias")) numbers.add_(3);
    if (name.starts_with("input.")) numbers.mul_(4);
    if (name.ends_with("left") || name.ends_with("right")) numbers.mul_(5);
  }
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const auto bias = p.find(fmt::format("layers.{}.bias", l));
    const std::int64_t hidden = shape.layers[l].hidden;
    if (bias != p.end()) bias->second.slice(0, hidden, 2 * hidden).add_(3);
  }
  return held_by_single(flat);
}

// Steps of 0.3 to 2 reference steps. Sequence b of the second part ends b steps early, half-way at
// most: steps of no duration follow, where the inputs repeat.
Tensor ragged_steps(Rng& rng, Tensor& inputs, bool ragged) {
  const std::int64_t ahead = inputs.size(0) - kSteps, batch = inputs.size(1);
  auto ratio = full({kSteps, batch}, 0);
  for (std::int64_t t = 0; t < kSteps; ++t) {
    for (std::int64_t b = 0; b < batch; ++b) {
      const bool over = ragged && t >= kSteps - std::min(b, kSteps / 2);
      ratio[t][b] = over ? 0 : rng.uniform(0.3, 2);
      if (over) inputs[t + ahead][b].copy_(inputs[t + ahead - 1][b]);
    }
  }
  return held_by_single(ratio);
}

Scenario scenario(const NetworkShape& shape, std::int64_t batch) {
  Rng rng(static_cast<std::uint32_t>(100 + batch));
  const bool edges = shape.convention == Convention::kRelaxation;
  const std::int64_t rows = kSteps + (edges ? 1 : 0), width = shape.inputs;
  Scenario s{.shape = shape,
             .parameters = trained_numbers(shape, rng),
             .rest = held_by_single(normal(rng, {batch, width})),
             .output_weight = held_by_single(normal(rng, {rows, batch}))};
  for (int part = 0; part < 2; ++part) {
    s.inputs[part] = held_by_single(normal(rng, {rows, batch, width}));
    if (part == 1 && edges) s.inputs[1][0].copy_(s.inputs[0][kSteps]);  // one edge, two parts
    s.ratio[part] = ragged_steps(rng, s.inputs[part], part == 1);
  }
  for (const auto& layer : shape.layers) {
    s.hidden_weight.push_back(held_by_single(normal(rng, {rows, batch, layer.hidden}, 0.2)));
  }
  return s;
}

// --- By the equations ---------------------------------------------------------------------------

SlstmState constant(const SlstmState& s) {
  return {s.c.detach(), s.n.detach(), s.m.detach(), s.y.detach()};
}
MlstmState constant(const MlstmState& s) { return {s.C.detach(), s.n.detach(), s.m.detach()}; }
SlstmMemory constant(const SlstmMemory& s) { return {s.c.detach(), s.n.detach()}; }
MlstmMemory constant(const MlstmMemory& s) { return {s.C.detach(), s.n.detach()}; }

template <class State>
void make_constant(State& state) {
  for (auto& layer : state) std::visit([](auto& cell) { cell = constant(cell); }, layer);
}

// Row `row` of a published state becomes that of `fresh`.
void reset_row(equations::PublishedState& state,
               const equations::PublishedState& fresh,
               std::int64_t row) {
  const auto reset = [row](Tensor& x, const Tensor& start) {
    x = x.clone();
    x[row].copy_(start[row]);
  };
  for (std::size_t l = 0; l < state.size(); ++l) {
    if (auto* s = std::get_if<SlstmState>(&state[l])) {
      const auto& f = std::get<SlstmState>(fresh[l]);
      reset(s->c, f.c), reset(s->n, f.n), reset(s->m, f.m), reset(s->y, f.y);
    } else {
      auto& m = std::get<MlstmState>(state[l]);
      const auto& f = std::get<MlstmState>(fresh[l]);
      reset(m.C, f.C), reset(m.n, f.n), reset(m.m, f.m);
    }
  }
}

void add_state(Blocks& blocks, int part, const equations::PublishedState& state) {
  for (std::size_t l = 0; l < state.size(); ++l) {
    const auto add = [&](const char* name, const Tensor& x) {
      blocks[fmt::format("part {}, layer {}, state {}", part, l, name)] = x;
    };
    if (const auto* s = std::get_if<SlstmState>(&state[l])) {
      add("c", s->c), add("n", s->n), add("m", s->m), add("y", s->y);
    } else {
      const auto& m = std::get<MlstmState>(state[l]);
      add("c", m.C.transpose(-1, -2)), add("n", m.n), add("m", m.m);  // a kernel's rows are keys
    }
  }
}

// Outputs, hidden states, and the gradient of the loss by `parameters`.
template <class Run>
void add_run(
    Blocks& blocks, const Scenario& s, int part, const Run& run, const Tensor& parameters) {
  const std::string name = fmt::format("part {}, ", part);
  Tensor loss = (s.output_weight * run.output).sum();
  blocks[name + "output"] = run.output.detach();
  for (std::size_t l = 0; l < run.hidden.size(); ++l) {
    loss = loss + (s.hidden_weight[l] * run.hidden[l]).sum();
    blocks[fmt::format("{}hidden {}", name, l)] = run.hidden[l].detach();
  }
  const auto gradient = torch::autograd::grad({loss}, {parameters})[0];
  for (const auto& [block, numbers] : equations::named_parameters(s.shape, gradient)) {
    blocks[name + "gradient of " + block] = numbers;
  }
}

Blocks by_equations(const Scenario& s) {
  Blocks blocks;
  const auto parameters = testing::variable(s.parameters);
  if (s.shape.convention == Convention::kPublished) {
    const auto start = equations::empty_state(s.shape, s.batch(), testing::in_double());
    auto state = start;
    for (int part = 0; part < 2; ++part) {
      const auto run =
          equations::published_network(s.shape, parameters, s.inputs[part], s.ratio[part], state);
      add_run(blocks, s, part, run, parameters);
      state = run.state;
      make_constant(state);
      if (part == 0) reset_row(state, start, s.batch() / 2);
      add_state(blocks, part, state);
    }
  } else {
    auto state = equations::rest_state(s.shape, parameters, s.rest);
    for (int part = 0; part < 2; ++part) {
      const auto dt = s.ratio[part] * kReferenceStep;
      const auto run = equations::relaxation_network(s.shape, parameters, s.inputs[part], dt,
                                                     kReferenceStep, state);
      add_run(blocks, s, part, run, parameters);
      state = run.state;
      make_constant(state);
    }
  }
  return blocks;
}

// --- By the kernels -----------------------------------------------------------------------------

template <class Real>
constexpr torch::ScalarType kType = sizeof(Real) == 8 ? torch::kFloat64 : torch::kFloat32;

template <class Real>
Tensor packed(const Tensor& x) {
  return x.to(kType<Real>).contiguous();
}

template <class Real>
std::span<const Real> numbers_of(const Tensor& x) {
  return {x.data_ptr<Real>(), static_cast<std::size_t>(x.numel())};
}

// A copy of the numbers of a kernel with those `sizes`; of another count it does not compare equal.
template <class Real>
Tensor taken(std::span<const Real> numbers, torch::IntArrayRef sizes) {
  auto copy = torch::empty({static_cast<std::int64_t>(numbers.size())}, kType<Real>);
  std::copy(numbers.begin(), numbers.end(), copy.template data_ptr<Real>());
  return copy.numel() == c10::multiply_integers(sizes) ? copy.view(sizes) : copy;
}

template <class Real>
void add_state(Blocks& blocks,
               const Blocks& expected,
               int part,
               const kernels::PublishedState<Real>& state) {
  for (std::size_t l = 0; l < state.layers.size(); ++l) {
    const auto& layer = state.layers[l];
    const std::map<std::string, const std::vector<Real>*> parts = {
        {"c", &layer.c}, {"n", &layer.n}, {"m", &layer.m}, {"y", &layer.y}};
    for (const auto& [letter, numbers] : parts) {
      const auto name = fmt::format("part {}, layer {}, state {}", part, l, letter);
      const auto wanted = expected.find(name);  // y of an mLSTM is the kernels' own matter
      if (wanted != expected.end()) {
        blocks[name] = taken<Real>(*numbers, wanted->second.sizes());
      }
    }
  }
}

// Outputs, hidden states, and the gradient of the loss by the reverse pass.
template <class Real, class Network>
void add_run(
    Blocks& blocks, const Scenario& s, int part, Network& network, std::span<const Real> output) {
  const std::string name = fmt::format("part {}, ", part);
  blocks[name + "output"] = taken(output, s.output_weight.sizes());
  std::vector<Tensor> padded;
  std::vector<const Real*> d_hidden;
  for (std::size_t l = 0; l < s.hidden_weight.size(); ++l) {
    const Tensor& weight = s.hidden_weight[l];
    const std::int64_t stride = network.hidden_stride(static_cast<int>(l)), width = weight.size(2);
    const auto rows = {weight.size(0), weight.size(1), stride};
    blocks[fmt::format("{}hidden {}", name, l)] =
        taken(network.hidden(static_cast<int>(l)), rows).slice(-1, 0, width);
    padded.push_back(torch::zeros(rows, kType<Real>));
    padded.back().slice(2, 0, width).copy_(weight);
    d_hidden.push_back(padded.back().template data_ptr<Real>());
  }
  const Tensor d_output = packed<Real>(s.output_weight);
  std::vector<Real> gradient(static_cast<std::size_t>(s.parameters.numel()), Real(7));
  network.backward(numbers_of<Real>(d_output), d_hidden, gradient);
  const auto flat = taken<Real>(gradient, s.parameters.sizes());
  for (const auto& [block, numbers] : equations::named_parameters(s.shape, flat)) {
    blocks[name + "gradient of " + block] = numbers;
  }
}

template <class Real>
Blocks by_published_kernels(const Scenario& s, InstructionSet set, const Blocks& expected) {
  Blocks blocks;
  kernels::PublishedNetwork<Real> network(s.shape, set);
  const Tensor parameters = packed<Real>(s.parameters);
  network.set_parameters(numbers_of<Real>(parameters));
  auto state = network.initial_state(static_cast<int>(s.batch()));
  for (int part = 0; part < 2; ++part) {
    const Tensor inputs = packed<Real>(s.inputs[part]), ratio = packed<Real>(s.ratio[part]);
    const auto output = network.forward({.steps = static_cast<int>(kSteps),
                                         .sequences = static_cast<int>(s.batch()),
                                         .inputs = inputs.data_ptr<Real>(),
                                         .step_ratio = ratio.data_ptr<Real>()},
                                        state, /*keep=*/true);
    add_run<Real>(blocks, s, part, network, output);
    if (part == 0) network.reset_row(state, static_cast<int>(s.batch() / 2));
    add_state(blocks, expected, part, state);
  }
  return blocks;
}

template <class Real>
Blocks by_relaxation_kernels(const Scenario& s, InstructionSet set, const Blocks&) {
  Blocks blocks;
  kernels::RelaxationNetwork<Real> network(s.shape, set);
  const Tensor parameters = packed<Real>(s.parameters), rest = packed<Real>(s.rest);
  network.set_parameters(numbers_of<Real>(parameters));
  kernels::RelaxationState<Real> state;
  for (int part = 0; part < 2; ++part) {
    const Tensor inputs = packed<Real>(s.inputs[part]), ratio = packed<Real>(s.ratio[part]);
    const auto output =
        network.forward({.steps = static_cast<int>(kSteps),
                         .sequences = static_cast<int>(s.batch()),
                         .inputs = inputs.data_ptr<Real>(),
                         .rho = ratio.data_ptr<Real>(),
                         .rest_inputs = part == 0 ? rest.data_ptr<Real>() : nullptr},
                        state);
    add_run<Real>(blocks, s, part, network, output);
  }
  return blocks;
}

// --- All networks of the study ------------------------------------------------------------------

double largest_error(const Blocks& found, const Blocks& expected) {
  double largest = 0;
  for (const auto& [name, block] : expected) {
    largest = std::max(largest, relative_error(found.at(name), block));
  }
  return largest;
}

// What differs by more than `tolerance`; empty if nothing does.
std::string differences(const Blocks& found, const Blocks& expected, double tolerance) {
  std::string text;
  for (const auto& [name, block] : expected) {
    const auto here = found.find(name);
    const double error = here == found.end() ? NAN : relative_error(here->second, block);
    if (!(error <= tolerance)) text += fmt::format("{}: {:.1e}\n", name, error);
  }
  return text;
}

// The largest change of a block where each trained number changes by about one rounding.
double condition(const Scenario& s, const Blocks& expected) {
  Rng rng(1);
  double largest = 0;
  for (int draw = 0; draw < 4; ++draw) {
    Scenario moved = s;
    const double rounding = std::numeric_limits<float>::epsilon();
    moved.parameters = s.parameters * (1 + normal(rng, s.parameters.sizes(), rounding));
    largest = std::max(largest, largest_error(by_equations(moved), expected));
  }
  return largest;
}

template <class Real>
void expect_parity(const NetworkShape& shape) {
  for (std::int64_t batch = 1; batch <= 9; ++batch) {
    const Scenario s = scenario(shape, batch);
    const Blocks expected = by_equations(s);
    const double tolerance = sizeof(Real) == 8 ? 1e-12 : std::max(1e-5, 3 * condition(s, expected));
    EXPECT_LE(tolerance, 1e-3) << "numbers that say little, " << batch << " sequences";
    for (const InstructionSet set : kernels::available_instruction_sets()) {
      const Blocks found = shape.convention == Convention::kPublished
                               ? by_published_kernels<Real>(s, set, expected)
                               : by_relaxation_kernels<Real>(s, set, expected);
      EXPECT_EQ(differences(found, expected, tolerance), "")
          << name(set) << ", " << batch << " sequences";
    }
  }
}

class KernelParity : public ::testing::TestWithParam<Convention> {};

TEST_P(KernelParity, OfTheTeacherInDouble) {
  expect_parity<double>(kernels::teacher_shape(GetParam()));
}

TEST_P(KernelParity, OfTheTeacherInSingle) {
  expect_parity<float>(kernels::teacher_shape(GetParam()));
}

TEST_P(KernelParity, OfTheClusteringStudentInDouble) {
  expect_parity<double>(kernels::clustering_student_shape(GetParam()));
}

TEST_P(KernelParity, OfTheClusteringStudentInSingle) {
  expect_parity<float>(kernels::clustering_student_shape(GetParam()));
}

TEST_P(KernelParity, OfTheLowRankStudentsInDouble) {
  expect_parity<double>(kernels::low_rank_student_shape(GetParam(), 2));
  expect_parity<double>(kernels::low_rank_student_shape(GetParam(), 4));
}

TEST_P(KernelParity, OfTheLowRankStudentsInSingle) {
  expect_parity<float>(kernels::low_rank_student_shape(GetParam(), 2));
  expect_parity<float>(kernels::low_rank_student_shape(GetParam(), 4));
}

// Two layers with heads of D = hidden / heads, or of `rank`.
NetworkShape memories(int hidden, int heads, int rank = 0) {
  const kernels::LayerShape layer{
      .kind = kernels::LayerKind::kMlstm, .hidden = hidden, .heads = heads, .rank = rank};
  return {.width = 6, .layers = {layer, layer}, .convention = Convention::kRelaxation};
}

// Groups of heads of 2, 4 and 8 that fill vectors of every length, and heads that fill none.
std::vector<NetworkShape> all_memories() {
  return {memories(16, 8), memories(16, 4), memories(32, 4), memories(15, 3), memories(24, 4, 3)};
}

TEST(RelaxationMemories, OfAllDimensionsInDouble) {
  for (const NetworkShape& shape : all_memories()) expect_parity<double>(shape);
}

TEST(RelaxationMemories, OfAllDimensionsInSingle) {
  for (const NetworkShape& shape : all_memories()) expect_parity<float>(shape);
}

INSTANTIATE_TEST_SUITE_P(Published, KernelParity, ::testing::Values(Convention::kPublished));
INSTANTIATE_TEST_SUITE_P(Relaxation, KernelParity, ::testing::Values(Convention::kRelaxation));

}  // namespace
}  // namespace psi_xlstm
