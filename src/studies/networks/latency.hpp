#pragma once

/// @file
/// How long a step of a model takes, by one protocol for all of them.

#include "model/streaming.hpp"

namespace psi_xlstm {

/// Nanoseconds per sample of `streamer` along the last published drive: 40,000 samples, one after
/// the other, the best of five passes in one thread. Counts what the thread had of its core.
double nanoseconds_per_step(Streamer& streamer);

/// nanoseconds_per_step of a trained network.
double streaming_nanoseconds(const StoredNetwork& network);

/// The same of a compact student.
double streaming_nanoseconds(const ir::Network& network);

}  // namespace psi_xlstm
