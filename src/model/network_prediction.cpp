#include "model/network_prediction.hpp"

#include <fmt/format.h>

#include "core/interruption.hpp"
#include "model/recurrent_streamer.hpp"
#include "model/streaming.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

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
    constexpr std::size_t kLookEvery = 256;  // samples: some milliseconds
    if (k % kLookEvery == 0) check_interruption();
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
    visit(k, streamer.states());
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
