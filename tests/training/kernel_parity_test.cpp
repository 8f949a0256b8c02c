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
#include <vector>

#include "kernels/continuous/network.hpp"
#include "kernels/simd/instruction_set.hpp"
#include "kernels/xlstm/network.hpp"
#include "support/xlstm_states.hpp"
#include "training/kernel_parity_equations.hpp"

namespace psi_xlstm {
namespace {

using kernels::InstructionSet;
using testing::relative_error;

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
               const kernels::XlstmState<Real>& state) {
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
  kernels::XlstmNetwork<Real> network(s.shape, set);
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
    if (part == 0) psi_xlstm::testing::reset_row(network, state, static_cast<int>(s.batch() / 2));
    add_state(blocks, expected, part, state);
  }
  return blocks;
}

template <class Real>
Blocks by_relaxation_kernels(const Scenario& s, InstructionSet set, const Blocks&) {
  Blocks blocks;
  kernels::ContinuousNetwork<Real> network(s.shape, set);
  const Tensor parameters = packed<Real>(s.parameters), rest = packed<Real>(s.rest);
  network.set_parameters(numbers_of<Real>(parameters));
  kernels::ContinuousState<Real> state;
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
      const Blocks found = shape.convention == Convention::kXlstm
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
  return {.width = 6, .layers = {layer, layer}, .convention = Convention::kContinuous};
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

INSTANTIATE_TEST_SUITE_P(Published, KernelParity, ::testing::Values(Convention::kXlstm));
INSTANTIATE_TEST_SUITE_P(Relaxation, KernelParity, ::testing::Values(Convention::kContinuous));

}  // namespace
}  // namespace psi_xlstm
