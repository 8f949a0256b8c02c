#include "kernels/xlstm/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "kernels/xlstm/problem.hpp"
#include "kernels/xlstm/reference.hpp"
#include "support/xlstm_states.hpp"

namespace psi_xlstm::kernels {
namespace {

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

/// [rows][stride] to [rows][columns].
template <class Real>
std::vector<Real> without_padding(std::span<const Real> rows, int stride, int columns) {
  std::vector<Real> result;
  for (std::size_t at = 0; at < rows.size(); at += static_cast<std::size_t>(stride)) {
    result.insert(result.end(), &rows[at], &rows[at] + columns);
  }
  return result;
}

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
      if (c == 1) psi_xlstm::testing::reset_row(network_, state_, 0);
      forward(p_.chunks[c], expected[c], tolerance);
      backward(p_.chunks[c], expected[c], tolerance);
    }
  }

 private:
  void forward(const Problem::Chunk& chunk, const Expected& expected, double tolerance) {
    const auto inputs = converted<Real>(chunk.inputs), rho = converted<Real>(chunk.rho);
    const XlstmBatch<Real> batch{p_.steps, p_.sequences, inputs.data(),
                                 rho.empty() ? nullptr : rho.data()};
    XlstmState<Real> kept_nothing = state_;
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
  XlstmNetwork<Real> network_;
  XlstmState<Real> state_;
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

TEST(XlstmNetwork, SlstmOfAnySizeAgreesWithTheEquations) {
  for (const int hidden : {1, 5, 8, 16, 19}) {
    SCOPED_TRACE(hidden);
    compare(Problem(network(3, {slstm(hidden)}), 2, 5, Durations::kNone));
  }
}

TEST(XlstmNetwork, MlstmOfAnyHeadsAgreesWithTheEquations) {
  for (const auto& [hidden, heads] :
       {std::pair{4, 4}, {6, 3}, {8, 2}, {9, 3}, {10, 2}, {16, 2}, {32, 2}, {15, 5}}) {
    SCOPED_TRACE(std::to_string(hidden) + " units, heads " + std::to_string(heads));
    compare(Problem(network(3, {mlstm(hidden, heads)}), 2, 5, Durations::kNone));
  }
}

TEST(XlstmNetwork, MlstmOfOneHeadAgreesWithTheEquations) {
  // its LayerNorm takes the size of the only head away: the gates' derivatives are small
  // differences of large numbers
  for (const int hidden : {16, 20, 40}) {
    SCOPED_TRACE(hidden);
    compare(Problem(network(3, {mlstm(hidden, 1)}), 2, 5, Durations::kNone), 1e-12, 2e-4);
  }
}

TEST(XlstmNetwork, LowRankMlstmAgreesWithTheEquations) {
  for (const int rank : {1, 2, 3, 4}) {
    SCOPED_TRACE(rank);
    compare(Problem(network(3, {mlstm(12, 3, rank)}), 2, 5, Durations::kNone));
  }
}

TEST(XlstmNetwork, LayersInAnyOrderAgreeWithTheEquations) {
  compare(Problem(network(5, {mlstm(6, 2), slstm(7), mlstm(8, 4, 1), slstm(4)}, 3), 3, 4,
                  Durations::kNone));
  compare(Problem(network(4, {slstm(6, 3), slstm(5, 2)}, 1), 3, 4, Durations::kRagged));
}

TEST(XlstmNetwork, ShorterSequencesOfABatchArePadded) {
  for (int sequences = 1; sequences <= 9; ++sequences) {
    SCOPED_TRACE(sequences);
    compare(Problem(network(3, {slstm(5), mlstm(6, 2)}), sequences, 6, Durations::kRagged));
  }
}

TEST(XlstmNetwork, DurationsOfStepsAgreeWithTheEquations) {
  compare(Problem(network(3, {slstm(5), mlstm(6, 2)}), 4, 6, Durations::kVarying));
  compare(Problem(network(3, {mlstm(6, 2, 1), slstm(5)}), 4, 6, Durations::kVarying));
}

TEST(XlstmNetwork, NetworksOfTheStudyAgreeWithTheEquations) {
  compare(Problem(teacher_shape(Convention::kXlstm), 3, 7, Durations::kRagged));
  compare(Problem(clustering_student_shape(Convention::kXlstm), 3, 7, Durations::kNone));
  compare(Problem(low_rank_student_shape(Convention::kXlstm), 3, 7, Durations::kNone));
  compare(Problem(low_rank_student_shape(Convention::kXlstm, 4), 3, 7, Durations::kVarying));
}

TEST(XlstmNetwork, LongBatchesAreTheSameInBlocks) {
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

TEST(XlstmNetwork, ExtremeGatesAgreeWithTheEquations) {
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

}  // namespace
}  // namespace psi_xlstm::kernels
