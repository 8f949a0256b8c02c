#include "model/network_prediction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/continuous/network.hpp"
#include "kernels/xlstm/network.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kPiece = 1000;  // samples at a time, so that buffers stay small

// Called after every piece of a record, with the states of the last layer.
template <class State>
using AfterPiece = std::function<void(const State&)>;

// The second input of sample k.
double second_input(const StoredNetwork& network, const Record& record, std::size_t k, double g0) {
  return network.protocol == "published" ? record.time[k] / network.time_scale
                                         : std::log(g0 / network.conductance_scale);
}

// I from y and the voltage; `tie` is what y is corrected by.
double current(const StoredNetwork& network, double V, double y, double tie) {
  if (network.protocol == "published") return network.current_scale * y;
  return V * network.conductance_scale * std::exp(y + tie);
}

std::vector<double> feed_forward(const StoredNetwork& network, const Record& record, double g0) {
  std::vector<double> out;
  for (std::size_t k = 0; k < record.size(); ++k) {
    std::vector<double> x = {record.voltage[0][k], second_input(network, record, k, g0)};
    const double* p = network.parameters.data();
    for (std::size_t l = 0; l + 1 < network.layer_widths.size(); ++l) {
      const auto rows = static_cast<std::size_t>(network.layer_widths[l + 1]);
      std::vector<double> y(rows);
      for (std::size_t r = 0; r < rows; ++r) {
        double sum = p[rows * x.size() + r];
        for (std::size_t c = 0; c < x.size(); ++c) sum += p[r * x.size() + c] * x[c];
        y[r] = l + 2 < network.layer_widths.size() ? std::tanh(sum) : sum;
      }
      p += rows * (x.size() + 1);
      x = std::move(y);
    }
    out.push_back(current(network, record.voltage[0][k], x[0], 0));
  }
  return out;
}

std::vector<double> published(const StoredNetwork& network,
                              const Record& record,
                              std::size_t piece,
                              const AfterPiece<kernels::PublishedState<double>>& after) {
  kernels::PublishedNetwork<double> net(network.shape);
  net.set_parameters(network.parameters);
  auto state = net.initial_state(1);
  std::vector<double> out;
  for (std::size_t first = 0; first < record.size(); first += piece) {
    const std::size_t count = std::min(piece, record.size() - first);
    std::vector<double> inputs;
    for (std::size_t k = first; k < first + count; ++k) {
      inputs.push_back(record.voltage[0][k]);
      inputs.push_back(second_input(network, record, k, 0));
    }
    const auto y =
        net.forward({.steps = static_cast<int>(count), .inputs = inputs.data()}, state, false);
    for (std::size_t k = 0; k < count; ++k) {
      out.push_back(current(network, record.voltage[0][first + k], y[k], 0));
    }
    if (after) after(state);
  }
  return out;
}

std::vector<double> known_start(const StoredNetwork& network,
                                const Record& record,
                                double g0,
                                std::size_t piece,
                                const AfterPiece<kernels::RelaxationState<double>>& after) {
  kernels::RelaxationNetwork<double> net(network.shape);
  net.set_parameters(network.parameters);
  kernels::RelaxationState<double> state;
  const double start = std::log(g0 / network.conductance_scale);
  const double rest[2] = {0, start};
  const double no_duration = 0;
  const double y_rest =
      net.forward({.steps = 0, .inputs = rest, .rho = &no_duration, .rest_inputs = rest}, state)[0];
  std::vector<double> out = {record.voltage[0][0] * g0};
  for (std::size_t first = 0; first + 1 < record.size(); first += piece) {
    const std::size_t steps = std::min(piece, record.size() - 1 - first);
    std::vector<double> inputs, rho;
    for (std::size_t k = first; k <= first + steps; ++k) {
      inputs.push_back(record.voltage[0][k]);
      inputs.push_back(start);
      if (k > first) {
        rho.push_back((record.time[k] - record.time[k - 1]) / network.reference_step);
      }
    }
    const auto y = net.forward(
        {.steps = static_cast<int>(steps), .inputs = inputs.data(), .rho = rho.data()}, state);
    if (first == 0) out[0] = current(network, record.voltage[0][0], y[0], start - y_rest);
    for (std::size_t k = 1; k <= steps; ++k) {
      out.push_back(current(network, record.voltage[0][first + k], y[k], start - y_rest));
    }
    if (after) after(state);
  }
  return out;
}

// From row x of the memories of all heads, [D][heads D], to one memory after the other.
std::vector<double> by_head(const std::vector<double>& rows, std::size_t heads, std::size_t D) {
  std::vector<double> out;
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t x = 0; x < D; ++x) {
      const auto row = rows.begin() + static_cast<std::ptrdiff_t>((x * heads + head) * D);
      out.insert(out.end(), row, row + static_cast<std::ptrdiff_t>(D));
    }
  }
  return out;
}

}  // namespace

std::vector<double> network_current(const StoredNetwork& network, const Record& record, double g0) {
  if (network.protocol != "published" && network.protocol != "known_start") {
    throw DataError(fmt::format(
        "network: expected the protocol published or known_start, found \"{}\"", network.protocol));
  }
  if (!network.layer_widths.empty()) return feed_forward(network, record, g0);
  return network.protocol == "published" ? published(network, record, kPiece, nullptr)
                                         : known_start(network, record, g0, kPiece, nullptr);
}

void walk_memory(const StoredNetwork& network,
                 const Record& record,
                 double g0,
                 std::size_t interval,
                 const MemoryVisitor& visit) {
  if (network.shape.layers.empty() ||
      network.shape.layers.back().kind != kernels::LayerKind::kMlstm) {
    throw ShapeError(fmt::format(
        "network {}: expected an mLSTM as last layer, whose memory is wanted, found another",
        network.model));
  }
  const auto& layer = network.shape.layers.back();
  const auto D = static_cast<std::size_t>(layer.rank > 0 ? layer.rank : layer.hidden / layer.heads);
  if (network.protocol == "published") {
    published(network, record, interval, [&](const kernels::PublishedState<double>& state) {
      visit(state.layers.back().c, D * D);
    });
  } else {
    known_start(network, record, g0, interval, [&](const kernels::RelaxationState<double>& state) {
      visit(by_head(state.layers.back(), static_cast<std::size_t>(layer.heads), D), D * D);
    });
  }
}

}  // namespace psi_xlstm
