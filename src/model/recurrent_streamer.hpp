#pragma once

// Streamers of the models with states, in single precision (streaming.hpp).

#include <memory>

#include "model/streaming.hpp"

namespace psi_xlstm {

/// Of a recurrent network. Throws as make_streamer does.
std::unique_ptr<Streamer> recurrent_streamer(const StoredNetwork& network, double g0);

/// Of a compact student. Throws as make_streamer does.
std::unique_ptr<Streamer> compact_streamer(const ir::Network& network, double g0);

}  // namespace psi_xlstm
