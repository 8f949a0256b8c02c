#pragma once

/// @file
/// The published xLSTM cells written down once more, slowly and without any thought of speed: loops
/// straight from the equations of kernels/xlstm/network.hpp on numbers that carry one derivative.

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::kernels::reference {

/// v + d epsilon with epsilon^2 = 0: d is the derivative in the direction that the inputs were
/// given.
struct Dual {
  double v = 0, d = 0;
  Dual() = default;
  Dual(double value, double derivative = 0) : v(value), d(derivative) {}  // NOLINT: like a number
};

inline Dual operator+(Dual a, Dual b) { return {a.v + b.v, a.d + b.d}; }
inline Dual operator-(Dual a, Dual b) { return {a.v - b.v, a.d - b.d}; }
inline Dual operator-(Dual a) { return {-a.v, -a.d}; }
inline Dual operator*(Dual a, Dual b) { return {a.v * b.v, a.d * b.v + a.v * b.d}; }
inline Dual operator/(Dual a, Dual b) { return {a.v / b.v, (a.d - a.v / b.v * b.d) / b.v}; }
inline Dual exp(Dual a) { return {std::exp(a.v), std::exp(a.v) * a.d}; }
inline Dual expm1(Dual a) { return {std::expm1(a.v), std::exp(a.v) * a.d}; }
inline Dual log(Dual a) { return {std::log(a.v), a.d / a.v}; }
inline Dual sqrt(Dual a) { return {std::sqrt(a.v), a.d / (2 * std::sqrt(a.v))}; }
inline Dual tanh(Dual a) {
  const double cosh = std::cosh(a.v);
  return {std::tanh(a.v), a.d / (cosh * cosh)};
}
inline Dual abs(Dual a) { return a.v < 0 ? -a : a; }
inline Dual max(Dual a, Dual b) { return a.v > b.v ? a : b; }
inline Dual sigmoid(Dual a) {
  const double s = 1 / (1 + std::exp(-a.v));
  return {s, s / (1 + std::exp(a.v)) * a.d};
}
/// ln sigmoid(a)
inline Dual log_sigmoid(Dual a) {
  const double value = a.v > 0 ? -std::log1p(std::exp(-a.v)) : a.v - std::log1p(std::exp(a.v));
  return {value, a.d / (1 + std::exp(a.v))};
}

using Values = std::vector<Dual>;

/// One layer of one sequence.
struct LayerState {
  Values c, n, y;         // mLSTM: C[head][i of v][j of k], n[head][j]
  std::vector<double> m;  // a constant in the derivatives
};
using SequenceState = std::vector<LayerState>;

/// Results of one sequence.
struct Trace {
  Values y;                            // [T]
  std::vector<std::vector<Values>> h;  // [layer][T][H]
};

class Network {
 public:
  Network(const NetworkShape& shape, std::span<const double> parameters)
      : shape_(shape),
        blocks_(parameter_blocks(shape)),
        parameters_(parameters.begin(), parameters.end()) {}

  /// Parameter `index` carries the derivative `d`.
  void set_direction(std::size_t index, double d) { parameters_[index].d = d; }

  SequenceState start() const {
    SequenceState state;
    for (const LayerShape& l : shape_.layers) {
      const std::size_t hidden = static_cast<std::size_t>(l.hidden);
      if (l.kind == LayerKind::kSlstm) {
        state.push_back(
            {Values(hidden), Values(hidden), Values(hidden), std::vector<double>(hidden, -1e30)});
      } else {
        const std::size_t d = static_cast<std::size_t>(dimension(l));
        const std::size_t heads = static_cast<std::size_t>(l.heads);
        state.push_back({Values(heads * d * d), Values(heads * d), Values(hidden),
                         std::vector<double>(heads, 0)});
      }
    }
    return state;
  }

  /// `inputs` is [T][I] with rows `stride` apart, `rho` is [T], empty for 1 everywhere.
  Trace run(const std::vector<std::vector<double>>& inputs,
            const std::vector<double>& rho,
            SequenceState& state) const {
    Trace trace;
    trace.h.resize(shape_.layers.size());
    for (std::size_t t = 0; t < inputs.size(); ++t) {
      Values x = affine("input", Values(inputs[t].begin(), inputs[t].end()));
      const double ratio = rho.empty() ? 1 : rho[t];
      for (std::size_t l = 0; l < shape_.layers.size(); ++l) {
        const std::string name = "layers." + std::to_string(l);
        if (ratio != 0) {
          shape_.layers[l].kind == LayerKind::kSlstm
              ? slstm(name, shape_.layers[l], x, ratio, state[l])
              : mlstm(name, shape_.layers[l], x, ratio, state[l]);
        }
        x = state[l].y;
        trace.h[l].push_back(x);
      }
      trace.y.push_back(affine("output", x)[0]);
    }
    return trace;
  }

 private:
  static int dimension(const LayerShape& l) { return l.rank > 0 ? l.rank : l.hidden / l.heads; }

  // A trained matrix or vector.
  struct Block {
    const Dual* first;
    int rows, columns;
    Dual operator()(int row, int column = 0) const { return first[row * columns + column]; }
  };
  Block part(const std::string& name) const {
    const ParameterBlock& b = block(blocks_, name);
    return {parameters_.data() + b.offset, b.rows, b.columns};
  }

  Values affine(const std::string& name, const Values& x) const {
    const Block weight = part(name + ".weight"), bias = part(name + ".bias");
    Values y;
    for (int r = 0; r < weight.rows; ++r) {
      Dual sum = bias(r);
      for (int c = 0; c < weight.columns; ++c) {
        sum = sum + weight(r, c) * x[static_cast<std::size_t>(c)];
      }
      y.push_back(sum);
    }
    return y;
  }

  struct Gates {
    Dual input, forget;
  };

  // Advances m.
  static Gates gates(Dual i, Dual f, double rho, double& m) {
    Dual log_forget = log_sigmoid(f);
    if (rho != 1) {
      log_forget = rho * log_forget;
      i = i + log(-expm1(log_forget) / sigmoid(-f));
    }
    const double next = std::max(i.v, log_forget.v + m);
    const Gates result{exp(i - next), exp(log_forget + m - next)};
    m = next;
    return result;
  }

  void slstm(const std::string& name,
             const LayerShape& l,
             const Values& x,
             double rho,
             LayerState& state) const {
    Values a = affine(name, x);
    const Block recurrent = part(name + ".recurrent");
    for (int r = 0; r < 4 * l.hidden; ++r) {
      for (int c = 0; c < l.hidden; ++c) {
        a[static_cast<std::size_t>(r)] =
            a[static_cast<std::size_t>(r)] + recurrent(r, c) * state.y[static_cast<std::size_t>(c)];
      }
    }
    const std::size_t hidden = static_cast<std::size_t>(l.hidden);
    for (std::size_t u = 0; u < hidden; ++u) {
      const Gates g = gates(a[u], a[hidden + u], rho, state.m[u]);
      state.c[u] = g.forget * state.c[u] + g.input * tanh(a[2 * hidden + u]);
      state.n[u] = g.forget * state.n[u] + g.input;
      state.y[u] = sigmoid(a[3 * hidden + u]) * state.c[u] / state.n[u];
    }
  }

  // factor^T x of every head: [heads D] to [heads rank].
  Values reduced(const std::string& factor, const LayerShape& l, const Values& x) const {
    if (l.rank == 0) return x;
    const int d = l.hidden / l.heads;
    const Block matrix = part(factor);
    Values y;
    for (int h = 0; h < l.heads; ++h) {
      for (int j = 0; j < l.rank; ++j) {
        Dual sum;
        for (int i = h * d; i < (h + 1) * d; ++i) {
          sum = sum + matrix(i, j) * x[static_cast<std::size_t>(i)];
        }
        y.push_back(sum);
      }
    }
    return y;
  }

  void mlstm(const std::string& name,
             const LayerShape& l,
             const Values& x,
             double rho,
             LayerState& state) const {
    const int full = l.hidden / l.heads, d = dimension(l);
    const Values q = reduced(name + ".right", l, affine(name + ".query", x));
    Values k = reduced(name + ".right", l, affine(name + ".key", x));
    for (Dual& entry : k) entry = entry / std::sqrt(static_cast<double>(full));
    const Values v = reduced(name + ".left", l, affine(name + ".value", x));
    const Values i = affine(name + ".input_gate", x), f = affine(name + ".forget_gate", x);
    Values h;
    for (int head = 0; head < l.heads; ++head) {
      const std::size_t at_head = static_cast<std::size_t>(head);
      const Gates g = gates(i[at_head], f[at_head], rho, state.m[at_head]);
      Dual dot;
      for (int b = 0; b < d; ++b) {
        const std::size_t at_b = static_cast<std::size_t>(head * d + b);
        state.n[at_b] = g.forget * state.n[at_b] + g.input * k[at_b];
        dot = dot + state.n[at_b] * q[at_b];
      }
      const Dual denominator = max(abs(dot), Dual(std::exp(-state.m[at_head]))) + 1e-6;
      for (int a = 0; a < d; ++a) {
        Dual sum;
        for (int b = 0; b < d; ++b) {
          Dual& c = state.c[static_cast<std::size_t>((head * d + a) * d + b)];
          c = g.forget * c + g.input * v[static_cast<std::size_t>(head * d + a)] *
                                 k[static_cast<std::size_t>(head * d + b)];
          sum = sum + c * q[static_cast<std::size_t>(head * d + b)];
        }
        h.push_back(sum / denominator);
      }
    }
    state.y = layer_norm(name, raised(name + ".left", l, h));
  }

  // factor x of every head: [heads rank] to [heads D].
  Values raised(const std::string& factor, const LayerShape& l, const Values& x) const {
    if (l.rank == 0) return x;
    const Block matrix = part(factor);
    Values y;
    for (int n = 0; n < l.hidden; ++n) {
      const int head = n / (l.hidden / l.heads);
      Dual sum;
      for (int j = 0; j < l.rank; ++j) {
        sum = sum + matrix(n, j) * x[static_cast<std::size_t>(head * l.rank + j)];
      }
      y.push_back(sum);
    }
    return y;
  }

  Values layer_norm(const std::string& name, Values x) const {
    const double count = static_cast<double>(x.size());
    const Block weight = part(name + ".norm.weight"), bias = part(name + ".norm.bias");
    Dual mean, variance;
    for (const Dual& entry : x) mean = mean + entry / count;
    for (const Dual& entry : x) variance = variance + (entry - mean) * (entry - mean) / count;
    for (std::size_t u = 0; u < x.size(); ++u) {
      const int row = static_cast<int>(u);
      x[u] = (x[u] - mean) / sqrt(variance + 1e-5) * weight(row) + bias(row);
    }
    return x;
  }

  NetworkShape shape_;
  std::vector<ParameterBlock> blocks_;
  Values parameters_;
};

/// What is left of `state` when it is a constant.
inline SequenceState constant(SequenceState state) {
  for (LayerState& layer : state) {
    for (Values* part : {&layer.c, &layer.n, &layer.y}) {
      for (Dual& entry : *part) entry.d = 0;
    }
  }
  return state;
}

}  // namespace psi_xlstm::kernels::reference
