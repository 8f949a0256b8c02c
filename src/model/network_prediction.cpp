#include "model/network_prediction.hpp"

#include <fmt/format.h>

#include <cmath>

#include "model/recurrent_streamer.hpp"
#include "model/streaming.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// The states of one layer of the kernels as those of the network (ir/recurrent.hpp).
void append_states(const kernels::LayerShape& layer,
                   const std::vector<double>& state,
                   std::vector<double>& out) {
  if (layer.kind == kernels::LayerKind::kSlstm) {
    const auto H = static_cast<std::size_t>(layer.hidden), units = state.size() / 2;
    for (std::size_t j = 0; j < H; ++j) out.push_back(state[j]);
    for (std::size_t j = 0; j < H; ++j) out.push_back(std::log(state[units + j]));
    return;
  }
  const auto heads = static_cast<std::size_t>(layer.heads);
  const auto D = static_cast<std::size_t>(layer.rank > 0 ? layer.rank : layer.hidden / layer.heads);
  const std::size_t row = heads * D;
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t x = 0; x < D; ++x) {
      for (std::size_t y = 0; y < D; ++y) out.push_back(state[y * row + head * D + x]);
    }
  }
  for (std::size_t k = 0; k < row; ++k) out.push_back(state[D * row + k]);
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
  const auto streamer = make_streamer(network, g0, Precision::kDouble);
  std::vector<double> out;
  for (std::size_t k = 0; k < record.size(); ++k) {
    out.push_back(streamer->step(record.time[k], record.voltage[0][k]));
  }
  return out;
}

void walk_states(const StoredNetwork& stored,
                 const Record& record,
                 double g0,
                 std::size_t every,
                 const StateVisitor& visit) {
  ContinuousStreamer<double> streamer(stored, g0);
  for (std::size_t k = 0; k < record.size(); ++k) {
    streamer.step(record.time[k], record.voltage[0][k]);
    if (k % every != 0) continue;
    std::vector<double> c;
    for (std::size_t l = 0; l < stored.shape.layers.size(); ++l) {
      append_states(stored.shape.layers[l], streamer.state().layers[l], c);
    }
    visit(k, c);
  }
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
        name_of(network.model)));
  }
  const auto& layer = network.shape.layers.back();
  const auto D = static_cast<std::size_t>(layer.rank > 0 ? layer.rank : layer.hidden / layer.heads);
  if (network.is_published()) {
    XlstmStreamer<double> streamer(network);
    for (std::size_t k = 0; k < record.size(); ++k) {
      streamer.step(record.time[k], record.voltage[0][k]);
      if ((k + 1) % interval != 0 && k + 1 != record.size()) continue;
      visit(streamer.state().layers.back().c, D * D);
    }
    return;
  }
  ContinuousStreamer<double> streamer(network, g0);
  for (std::size_t k = 0; k < record.size(); ++k) {
    streamer.step(record.time[k], record.voltage[0][k]);
    if (k == 0 || (k % interval != 0 && k + 1 != record.size())) continue;
    visit(by_head(streamer.state().layers.back(), static_cast<std::size_t>(layer.heads), D), D * D);
  }
}

}  // namespace psi_xlstm
