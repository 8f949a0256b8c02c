#include "psi_xlstm/kernels/published_network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/rng.hpp"
#include "published_reference.hpp"

namespace {
long allocations = 0;  // since the program began
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const std::size_t unit = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace psi_xlstm::kernels {
namespace {

LayerShape slstm(int hidden, int clusters = 0) {
  return {.kind = LayerKind::kSlstm, .hidden = hidden, .clusters = clusters};
}
LayerShape mlstm(int hidden, int heads, int rank = 0) {
  return {.kind = LayerKind::kMlstm, .hidden = hidden, .heads = heads, .rank = rank};
}
NetworkShape network(int width, std::vector<LayerShape> layers, int inputs = 2) {
  return {.inputs = inputs, .width = width, .layers = std::move(layers)};
}

enum class Durations { kNone, kRagged, kVarying };

/// A network, its numbers and two batches in a row, between which the first sequence starts anew.
/// All numbers are exact in float.
struct Problem {
  Problem(NetworkShape network_shape,
          int sequence_count,
          int step_count,
          Durations durations,
          std::uint32_t seed = 1)
      : shape(std::move(network_shape)), sequences(sequence_count), steps(step_count), rng(seed) {
    for (const ParameterBlock& b : parameter_blocks(shape)) {
      for (std::size_t i = 0; i < b.size(); ++i) parameters.push_back(initial(b));
    }
    const std::size_t rows = static_cast<std::size_t>(steps * sequences);
    for (auto& chunk : chunks) {
      for (std::size_t i = 0; i < rows * static_cast<std::size_t>(shape.inputs); ++i) {
        chunk.inputs.push_back(number(1));
      }
      for (std::size_t i = 0; i < rows; ++i) chunk.d_output.push_back(number(1));
      for (const LayerShape& layer : shape.layers) {
        chunk.d_hidden.emplace_back();
        for (std::size_t i = 0; i < rows * static_cast<std::size_t>(layer.hidden); ++i) {
          chunk.d_hidden.back().push_back(number(0.3));
        }
      }
      if (durations != Durations::kNone) add_durations(chunk, durations);
    }
  }

  struct Chunk {
    std::vector<double> inputs, rho, d_output;  // [T][B][I], [T][B] or empty, [T][B]
    std::vector<std::vector<double>> d_hidden;  // [layer][T][B][H]
  };

  NetworkShape shape;
  int sequences, steps;
  std::vector<double> parameters;
  Chunk chunks[2];

 private:
  double number(double size) { return static_cast<float>(size * rng.normal()); }

  double initial(const ParameterBlock& b) {
    const bool gate = b.name.find("forget_gate.bias") != std::string::npos;
    if (gate) return static_cast<float>(rng.uniform(0, 4));
    if (b.name.find("norm.weight") != std::string::npos) return 1 + number(0.2);
    if (b.columns == 1) return number(0.5);
    return number(1 / std::sqrt(static_cast<double>(b.columns)));
  }

  void add_durations(Chunk& chunk, Durations durations) {
    std::vector<int> length;
    for (int b = 0; b < sequences; ++b) {
      length.push_back(1 + static_cast<int>(rng.index(static_cast<std::size_t>(steps))));
    }
    length[0] = steps;
    for (int t = 0; t < steps; ++t) {
      for (int b = 0; b < sequences; ++b) {
        const bool still = t >= length[static_cast<std::size_t>(b)] || rng.index(7) == 0;
        const double lasting =
            durations == Durations::kRagged ? 1 : static_cast<float>(std::exp(rng.normal()));
        chunk.rho.push_back(still ? 0 : lasting);
      }
    }
  }

 public:
  Rng rng;
};

struct Expected {
  std::vector<double> y;                    // [T][B]
  std::vector<std::vector<double>> hidden;  // [layer][T][B][H]
  std::vector<double> gradient;             // of the indices that were asked for
  double objective_derivative = 0;
};

/// The reference on every sequence of a chunk, from `states`, which are left where they end.
Expected run_reference(const Problem& p,
                       const Problem::Chunk& chunk,
                       const reference::Network& network,
                       std::vector<reference::SequenceState>& states) {
  const std::size_t B = static_cast<std::size_t>(p.sequences),
                    T = static_cast<std::size_t>(p.steps);
  const std::size_t I = static_cast<std::size_t>(p.shape.inputs);
  Expected e;
  e.y.resize(T * B);
  for (const auto& d : chunk.d_hidden) e.hidden.emplace_back(d.size());
  for (std::size_t b = 0; b < B; ++b) {
    std::vector<std::vector<double>> inputs;
    std::vector<double> rho;
    for (std::size_t t = 0; t < T; ++t) {
      const double* u = &chunk.inputs[(t * B + b) * I];
      inputs.emplace_back(u, u + I);
      if (!chunk.rho.empty()) rho.push_back(chunk.rho[t * B + b]);
    }
    const reference::Trace trace = network.run(inputs, rho, states[b]);
    for (std::size_t t = 0; t < T; ++t) {
      const std::size_t row = t * B + b;
      e.y[row] = trace.y[t].v;
      e.objective_derivative += chunk.d_output[row] * trace.y[t].d;
      for (std::size_t l = 0; l < trace.h.size(); ++l) {
        const auto& h = trace.h[l][t];
        for (std::size_t u = 0; u < h.size(); ++u) {
          e.hidden[l][row * h.size() + u] = h[u].v;
          e.objective_derivative += chunk.d_hidden[l][row * h.size() + u] * h[u].d;
        }
      }
    }
  }
  return e;
}

/// Which derivatives are compared: all of a small network, else some of every block.
std::vector<std::size_t> compared(const Problem& p) {
  std::vector<std::size_t> indices;
  Rng rng(5);
  for (const ParameterBlock& b : parameter_blocks(p.shape)) {
    const bool all = p.parameters.size() * static_cast<std::size_t>(p.steps) < 12000;
    const std::size_t count = all ? b.size() : std::min<std::size_t>(b.size(), 12);
    for (std::size_t i = 0; i < count; ++i) {
      indices.push_back(b.offset + (all ? i : rng.index(b.size())));
    }
  }
  return indices;
}

/// Outputs and derivatives of both chunks by the reference.
std::vector<Expected> expect(const Problem& p) {
  reference::Network network(p.shape, p.parameters);
  std::vector<reference::SequenceState> states(static_cast<std::size_t>(p.sequences),
                                               network.start());
  std::vector<Expected> result;
  for (const Problem::Chunk& chunk : p.chunks) {
    if (!result.empty()) states[0] = network.start();
    const std::vector<reference::SequenceState> first = states;
    result.push_back(run_reference(p, chunk, network, states));
    for (const std::size_t index : compared(p)) {
      network.set_direction(index, 1);
      std::vector<reference::SequenceState> again = first;
      result.back().gradient.push_back(
          run_reference(p, chunk, network, again).objective_derivative);
      network.set_direction(index, 0);
    }
  }
  return result;
}

/// Largest difference over the largest size of what is expected.
template <class Real>
double relative_error(const std::vector<Real>& found, const std::vector<double>& expected) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(difference <= error)) error = difference;
    size = std::max(size, std::abs(expected[i]));
  }
  return size > 0 ? error / size : error;
}

/// [rows][stride] to [rows][columns].
template <class Real>
std::vector<Real> without_padding(std::span<const Real> rows, int stride, int columns) {
  std::vector<Real> result;
  for (std::size_t at = 0; at < rows.size(); at += static_cast<std::size_t>(stride)) {
    result.insert(result.end(), &rows[at], &rows[at] + columns);
  }
  return result;
}

template <class Real>
std::vector<Real> converted(const std::vector<double>& numbers) {
  return {numbers.begin(), numbers.end()};
}

template <class Real>
constexpr double kTolerance = sizeof(Real) == 8 ? 1e-12 : 1e-5;

constexpr double kFloor = 0.02;

template <class Real>
class Comparison {
 public:
  Comparison(const Problem& p, InstructionSet set)
      : p_(p), network_(p.shape, set), state_(network_.initial_state(p.sequences)) {
    network_.set_parameters(converted<Real>(p.parameters));
  }

  void run(const std::vector<Expected>& expected, double tolerance = kTolerance<Real>) {
    for (std::size_t c = 0; c < 2; ++c) {
      SCOPED_TRACE("chunk " + std::to_string(c));
      if (c == 1) network_.reset_row(state_, 0);
      forward(p_.chunks[c], expected[c], tolerance);
      backward(p_.chunks[c], expected[c], tolerance);
    }
  }

 private:
  void forward(const Problem::Chunk& chunk, const Expected& expected, double tolerance) {
    const auto inputs = converted<Real>(chunk.inputs), rho = converted<Real>(chunk.rho);
    const PublishedBatch<Real> batch{p_.steps, p_.sequences, inputs.data(),
                                     rho.empty() ? nullptr : rho.data()};
    PublishedState<Real> kept_nothing = state_;
    const auto y0 = network_.forward(batch, kept_nothing, false);
    const std::vector<Real> without(y0.begin(), y0.end());
    const auto y = network_.forward(batch, state_, true);
    EXPECT_EQ(without, std::vector<Real>(y.begin(), y.end())) << "with and without keeping";
    EXPECT_LE(relative_error(std::vector<Real>(y.begin(), y.end()), expected.y), tolerance);
    for (std::size_t l = 0; l < p_.shape.layers.size(); ++l) {
      const int layer = static_cast<int>(l);
      EXPECT_EQ(kept_nothing.layers[l].c, state_.layers[l].c);
      EXPECT_LE(
          relative_error(without_padding(network_.hidden(layer), network_.hidden_stride(layer),
                                         p_.shape.layers[l].hidden),
                         expected.hidden[l]),
          tolerance)
          << "layer " << l;
    }
  }

  void backward(const Problem::Chunk& chunk, const Expected& expected, double tolerance) {
    std::vector<std::vector<Real>> d_hidden;
    std::vector<const Real*> pointers;
    for (std::size_t l = 0; l < p_.shape.layers.size(); ++l) {
      const std::size_t hidden = static_cast<std::size_t>(p_.shape.layers[l].hidden);
      const std::size_t stride =
          static_cast<std::size_t>(network_.hidden_stride(static_cast<int>(l)));
      // what lies beyond the units must not matter
      d_hidden.emplace_back(chunk.d_hidden[l].size() / hidden * stride, Real(NAN));
      for (std::size_t i = 0; i < chunk.d_hidden[l].size(); ++i) {
        d_hidden[l][i / hidden * stride + i % hidden] = static_cast<Real>(chunk.d_hidden[l][i]);
      }
      pointers.push_back(d_hidden[l].data());
    }
    std::vector<Real> gradient(p_.parameters.size(), Real(NAN));
    network_.backward(converted<Real>(chunk.d_output), pointers, gradient);
    const std::vector<std::size_t> indices = compared(p_);
    const double largest = largest_of(gradient, 0, gradient.size());
    std::size_t next = 0;
    for (const ParameterBlock& b : parameter_blocks(p_.shape)) {
      double error = 0;
      for (; next < indices.size() && indices[next] < b.offset + b.size(); ++next) {
        const double found = static_cast<double>(gradient[indices[next]]);
        const double difference = std::abs(found - expected.gradient[next]);
        if (!(difference <= error)) error = difference;
      }
      // Sums that all but cancel (gates before a LayerNorm) are as exact as their terms: not below
      // a fraction of the largest derivative.
      const double size = std::max(largest_of(gradient, b.offset, b.size()), kFloor * largest);
      EXPECT_LE(error, tolerance * size) << b.name << " of size " << size;
    }
  }

  static double largest_of(const std::vector<Real>& numbers, std::size_t first, std::size_t count) {
    double largest = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(numbers[i])));
    }
    return largest;
  }

  const Problem& p_;
  PublishedNetwork<Real> network_;
  PublishedState<Real> state_;
};

void compare(const Problem& p,
             double double_tolerance = kTolerance<double>,
             double float_tolerance = kTolerance<float>) {
  const std::vector<Expected> expected = expect(p);
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    {
      SCOPED_TRACE("double");
      Comparison<double>(p, set).run(expected, double_tolerance);
    }
    {
      SCOPED_TRACE("float");
      Comparison<float>(p, set).run(expected, float_tolerance);
    }
  }
}

TEST(PublishedNetwork, SlstmOfAnySizeAgreesWithTheEquations) {
  for (const int hidden : {1, 5, 8, 16, 19}) {
    SCOPED_TRACE(hidden);
    compare(Problem(network(3, {slstm(hidden)}), 2, 5, Durations::kNone));
  }
}

TEST(PublishedNetwork, MlstmOfAnyHeadsAgreesWithTheEquations) {
  for (const auto& [hidden, heads] :
       {std::pair{4, 4}, {6, 3}, {8, 2}, {9, 3}, {10, 2}, {16, 2}, {32, 2}, {15, 5}}) {
    SCOPED_TRACE(std::to_string(hidden) + " units, heads " + std::to_string(heads));
    compare(Problem(network(3, {mlstm(hidden, heads)}), 2, 5, Durations::kNone));
  }
}

TEST(PublishedNetwork, MlstmOfOneHeadAgreesWithTheEquations) {
  // its LayerNorm takes the size of the only head away: the gates' derivatives are small
  // differences of large numbers
  for (const int hidden : {16, 20, 40}) {
    SCOPED_TRACE(hidden);
    compare(Problem(network(3, {mlstm(hidden, 1)}), 2, 5, Durations::kNone), 1e-12, 2e-4);
  }
}

TEST(PublishedNetwork, LowRankMlstmAgreesWithTheEquations) {
  for (const int rank : {1, 2, 3, 4}) {
    SCOPED_TRACE(rank);
    compare(Problem(network(3, {mlstm(12, 3, rank)}), 2, 5, Durations::kNone));
  }
}

TEST(PublishedNetwork, LayersInAnyOrderAgreeWithTheEquations) {
  compare(Problem(network(5, {mlstm(6, 2), slstm(7), mlstm(8, 4, 1), slstm(4)}, 3), 3, 4,
                  Durations::kNone));
  compare(Problem(network(4, {slstm(6, 3), slstm(5, 2)}, 1), 3, 4, Durations::kRagged));
}

TEST(PublishedNetwork, ShorterSequencesOfABatchArePadded) {
  for (int sequences = 1; sequences <= 9; ++sequences) {
    SCOPED_TRACE(sequences);
    compare(Problem(network(3, {slstm(5), mlstm(6, 2)}), sequences, 6, Durations::kRagged));
  }
}

TEST(PublishedNetwork, DurationsOfStepsAgreeWithTheEquations) {
  compare(Problem(network(3, {slstm(5), mlstm(6, 2)}), 4, 6, Durations::kVarying));
  compare(Problem(network(3, {mlstm(6, 2, 1), slstm(5)}), 4, 6, Durations::kVarying));
}

TEST(PublishedNetwork, NetworksOfTheStudyAgreeWithTheEquations) {
  compare(Problem(teacher_shape(Convention::kPublished), 3, 7, Durations::kRagged));
  compare(Problem(clustering_student_shape(Convention::kPublished), 3, 7, Durations::kNone));
  compare(Problem(low_rank_student_shape(Convention::kPublished), 3, 7, Durations::kNone));
  compare(Problem(low_rank_student_shape(Convention::kPublished, 4), 3, 7, Durations::kVarying));
}

TEST(PublishedNetwork, LongBatchesAreTheSameInBlocks) {
  // 384 rows are a block, and at least 16 steps
  compare(Problem(network(3, {slstm(5), mlstm(6, 2)}), 7, 130, Durations::kRagged));
  compare(Problem(network(3, {mlstm(8, 2), slstm(3)}), 30, 40, Durations::kNone), 1e-12, 5e-5);
}

/// Sets entry i of the blocks whose names end so to values[i % count].
void set_all(Problem& p, const std::string& ending, const std::vector<double>& values) {
  for (const ParameterBlock& b : parameter_blocks(p.shape)) {
    if (!b.name.ends_with(ending)) continue;
    for (std::size_t i = 0; i < b.size(); ++i) {
      p.parameters[b.offset + i] = values[i % values.size()];
    }
  }
}

TEST(PublishedNetwork, ExtremeGatesAgreeWithTheEquations) {
  for (const Durations durations : {Durations::kNone, Durations::kVarying}) {
    SCOPED_TRACE(durations == Durations::kNone ? "steps of dt0" : "varying steps");
    Problem memory(network(3, {mlstm(16, 8)}), 3, 6, durations);
    set_all(memory, ".input_gate.bias", {80, -80, 0, 80, -80, 0, 80, -80});
    set_all(memory, ".forget_gate.bias", {40, 40, 40, -40, -40, -40, 0, 0});
    compare(memory, 1e-12, 1e-4);

    Problem cells(network(3, {slstm(6)}), 3, 6, durations);
    set_all(cells, "layers.0.bias", {80, -80, 0,  80,  -80, 0,    // i~
                                     40, 40,  40, -40, -40, -40,  // f~
                                     1,  0,   -1, 20,  -20, 2,    // z~
                                     40, -40, 0,  1,   2,   3});  // o~
    compare(cells);
  }
}

template <class Real>
class PublishedNetworkOf : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(PublishedNetworkOf, Reals);

NetworkShape mixed() { return network(5, {slstm(20), mlstm(12, 3), slstm(16), mlstm(8, 2, 2)}); }

TYPED_TEST(PublishedNetworkOf, StepIsForwardOfOneRow) {
  using Real = TypeParam;
  const Problem p(mixed(), 1, 40, Durations::kVarying);
  const auto inputs = converted<Real>(p.chunks[0].inputs), rho = converted<Real>(p.chunks[0].rho);
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    PublishedNetwork<Real> network(p.shape, set);
    network.set_parameters(converted<Real>(p.parameters));
    auto whole = network.initial_state(1), stepped = whole;
    const auto y = network.forward({40, 1, inputs.data(), rho.data()}, whole, false);
    double error = 0;
    for (std::size_t t = 0; t < 40; ++t) {
      const Real found = network.step({&inputs[2 * t], 2}, stepped, rho[t]);
      error = std::max(error, std::abs(static_cast<double>(found - y[t])));
    }
    EXPECT_LE(error, 100 * static_cast<double>(std::numeric_limits<Real>::epsilon()));
    for (std::size_t l = 0; l < whole.layers.size(); ++l) {
      const auto expected = std::vector<double>(whole.layers[l].c.begin(), whole.layers[l].c.end());
      EXPECT_LE(relative_error(stepped.layers[l].c, expected), kTolerance<Real>);
    }
  }
}

TYPED_TEST(PublishedNetworkOf, StepAllocatesNothing) {
  using Real = TypeParam;
  for (const InstructionSet set : available_instruction_sets()) {
    PublishedNetwork<Real> network(mixed(), set);
    auto state = network.initial_state(1);
    const Real input[2] = {Real(0.5), Real(1)};
    network.step(input, state);  // the first one makes room
    const long before = allocations;
    network.step(input, state);
    network.step(input, state, Real(1));
    EXPECT_EQ(allocations, before) << name(set);
  }
}

TYPED_TEST(PublishedNetworkOf, EveryRunGivesTheSameBytes) {
  using Real = TypeParam;
  const Problem p(mixed(), 7, 60, Durations::kRagged);
  const auto inputs = converted<Real>(p.chunks[0].inputs), rho = converted<Real>(p.chunks[0].rho);
  const auto d_output = converted<Real>(p.chunks[0].d_output);
  std::vector<std::vector<Real>> outputs, gradients;
  for (int run = 0; run < 2; ++run) {
    PublishedNetwork<Real> network(p.shape);
    network.set_parameters(converted<Real>(p.parameters));
    auto state = network.initial_state(7), other = network.initial_state(1);
    if (run == 1) {  // other batches and other derivatives before leave no trace
      auto first = network.initial_state(3);
      network.forward({50, 3, inputs.data(), nullptr}, first, true);
      std::vector<Real> gradient(p.parameters.size());
      network.backward({d_output.data(), 150}, {}, gradient);
    }
    const auto y = network.forward({60, 7, inputs.data(), rho.data()}, state, true);
    outputs.emplace_back(y.begin(), y.end());
    if (run == 1) network.step({inputs.data(), 2}, other);
    for (int again = 0; again <= run; ++again) {
      gradients.emplace_back(p.parameters.size());
      network.backward(d_output, {}, gradients.back());
    }
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(gradients[0], gradients[1]);
  EXPECT_EQ(gradients[0], gradients[2]);
}

TYPED_TEST(PublishedNetworkOf, NotANumberStaysInItsSequence) {
  using Real = TypeParam;
  const Problem p(mixed(), 3, 20, Durations::kNone);
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    PublishedNetwork<Real> network(p.shape, set);
    network.set_parameters(converted<Real>(p.parameters));
    auto inputs = converted<Real>(p.chunks[0].inputs);
    auto state = network.initial_state(3);
    const auto clean = network.forward({20, 3, inputs.data(), nullptr}, state, true);
    const std::vector<Real> expected(clean.begin(), clean.end());
    inputs[(5 * 3 + 1) * 2] = Real(NAN);  // step 5 of sequence 1
    state = network.initial_state(3);
    const auto y = network.forward({20, 3, inputs.data(), nullptr}, state, true);
    for (std::size_t row = 0; row < 60; ++row) {
      if (row % 3 == 1 && row >= 15) {
        EXPECT_TRUE(std::isnan(y[row])) << row;
      } else {
        EXPECT_EQ(y[row], expected[row]) << row;
      }
    }
    // the next batch from the start is clean
    state = network.initial_state(3);
    const auto inputs_again = converted<Real>(p.chunks[0].inputs);
    const auto after = network.forward({20, 3, inputs_again.data(), nullptr}, state, true);
    EXPECT_EQ(std::vector<Real>(after.begin(), after.end()), expected);
    std::vector<Real> gradient(p.parameters.size());
    network.backward(converted<Real>(p.chunks[0].d_output), {}, gradient);
    for (const Real g : gradient) EXPECT_TRUE(std::isfinite(g));
  }
}

TEST(PublishedNetwork, StartIsZeroAndResetBringsItBack) {
  PublishedNetwork<double> network(mixed());
  auto state = network.initial_state(2);
  EXPECT_EQ(state.sequences, 2);
  ASSERT_EQ(state.layers.size(), 4u);
  EXPECT_EQ(state.layers[0].c, std::vector<double>(40, 0));
  EXPECT_EQ(state.layers[1].c, std::vector<double>(2 * 3 * 4 * 4, 0));
  EXPECT_EQ(state.layers[0].m, std::vector<double>(40, -1e30));
  EXPECT_EQ(state.layers[1].m, std::vector<double>(6, 0));
  EXPECT_EQ(state.layers[3].n, std::vector<double>(2 * 2 * 2, 0));
  for (auto& layer : state.layers) {
    for (auto* part : {&layer.c, &layer.n, &layer.m, &layer.y})
      std::fill(part->begin(), part->end(), 7);
  }
  network.reset_row(state, 1);
  const auto start = network.initial_state(1);
  for (std::size_t l = 0; l < 4; ++l) {
    const std::size_t half = start.layers[l].n.size();
    for (std::size_t i = 0; i < half; ++i) {
      EXPECT_EQ(state.layers[l].n[i], 7);
      EXPECT_EQ(state.layers[l].n[half + i], start.layers[l].n[i]);
    }
  }
}

TEST(PublishedNetwork, NoStepsChangeNothing) {
  const Problem p(mixed(), 2, 3, Durations::kNone);
  PublishedNetwork<double> network(p.shape);
  network.set_parameters(p.parameters);
  auto state = network.initial_state(2);
  network.forward({3, 2, p.chunks[0].inputs.data(), nullptr}, state, false);
  const auto before = state;
  EXPECT_TRUE(network.forward({0, 2, nullptr, nullptr}, state, true).empty());
  std::vector<double> gradient(p.parameters.size(), NAN);
  network.backward({}, {}, gradient);
  EXPECT_EQ(gradient, std::vector<double>(gradient.size(), 0));
  for (std::size_t l = 0; l < 4; ++l) {
    EXPECT_EQ(state.layers[l].c, before.layers[l].c);
    EXPECT_EQ(state.layers[l].m, before.layers[l].m);
    EXPECT_EQ(state.layers[l].y, before.layers[l].y);
  }
}

TEST(PublishedNetwork, SaysWhatDoesNotFit) {
  const auto message = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "";
  };
  NetworkShape relaxation = mixed();
  relaxation.convention = Convention::kRelaxation;
  EXPECT_EQ(message([&] { PublishedNetwork<float>{relaxation}; }),
            "published network: expected a network of the published convention, found one of the "
            "relaxation convention");
  PublishedNetwork<double> network(NetworkShape{.inputs = 1, .width = 2, .layers = {slstm(2)}});
  const std::size_t count = parameter_count(network.shape());
  const std::vector<double> numbers(100);
  EXPECT_EQ(message([&] {
              network.set_parameters({numbers.data(), 3});
            }),
            "published network: expected " + std::to_string(count) + " parameters, found 3");
  auto state = network.initial_state(2);
  EXPECT_EQ(message([&] {
              network.forward({1, 3, numbers.data(), nullptr}, state, false);
            }),
            "published network: expected 3 sequences in the state, found 2");
  EXPECT_EQ(message([&] {
              network.step({numbers.data(), 1}, state);
            }),
            "published network: expected 1 sequences in the state, found 2");
  EXPECT_EQ(message([&] { network.reset_row(state, 2); }),
            "published network: expected a sequence of 0 to 1, found 2");
  std::vector<double> gradient(count);
  network.forward({1, 2, numbers.data(), nullptr}, state, false);
  EXPECT_EQ(message([&] {
              network.backward({numbers.data(), 2}, {}, gradient);
            }),
            "published network: expected a forward pass that keeps before a reverse one");
  network.forward({1, 2, numbers.data(), nullptr}, state, true);
  EXPECT_EQ(message([&] {
              network.backward({numbers.data(), 1}, {}, gradient);
            }),
            "published network: expected 2 derivatives by the output, found 1");
  EXPECT_EQ(message([&] { network.hidden(1); }),
            "published network: expected a layer of 0 to 0, found 1");
}

}  // namespace
}  // namespace psi_xlstm::kernels
