#include "studies/networks/latency.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "core/thread_time.hpp"
#include "devices/published_recipe.hpp"

namespace psi_xlstm {
namespace {

constexpr int kPasses = 5;

// The last sequence of the published data.
struct Drive {
  std::vector<double> time, voltage;
};

Drive drive() {
  const PublishedTones tones = published_tones(kPublishedSequences - 1);
  Drive out{.time = published_times()};
  for (double t : out.time) out.voltage.push_back(published_drive(t, tones.low, tones.high));
  return out;
}

}  // namespace

double nanoseconds_per_step(Streamer& streamer) {
  const Drive input = drive();
  double best = std::numeric_limits<double>::infinity();
  [[maybe_unused]] volatile double seen = 0;  // what nobody reads would not be computed
  for (int pass = 0; pass < kPasses; ++pass) {
    const double start = thread_seconds();
    for (std::size_t k = 0; k < input.time.size(); ++k) {
      seen = streamer.step(input.time[k], input.voltage[k]);
    }
    best = std::min(best, thread_seconds() - start);
  }
  return 1e9 * best / static_cast<double>(input.time.size());
}

double streaming_nanoseconds(const StoredNetwork& network) {
  return nanoseconds_per_step(*make_streamer(network, network.conductance_scale));
}

double streaming_nanoseconds(const ir::Network& network) {
  return nanoseconds_per_step(*make_streamer(network, network.conductance().scale));
}

}  // namespace psi_xlstm
