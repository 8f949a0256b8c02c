#pragma once

/// @file
/// Running a stored network along records, in double and at the sample times of the record.

#include <cstddef>
#include <functional>
#include <vector>

#include "model/stored_network.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// The current [A], [N], of `network` under the voltage of `record` (one port, transient). A
/// network of the known-start protocol starts from the conductance `g0` [S]; one of the published
/// protocol ignores it. Throws DataError for a protocol or a model that is not known.
std::vector<double> network_current(const StoredNetwork& network, const Record& record, double g0);

/// Told a sample of the record and the states [S] there, in the order of circuit_network().
using StateVisitor = std::function<void(std::size_t sample, const std::vector<double>& states)>;

/// Runs `stored`, which circuit_network() takes, along `record` from the conductance `g0` [S] and
/// calls `visit` at every `every`-th sample, the first included.
void walk_states(const StoredNetwork& stored,
                 const Record& record,
                 double g0,
                 std::size_t every,
                 const StateVisitor& visit);

/// Told the memories C of all heads of the last layer, an mLSTM: row-major [D of k][D of v], the
/// one of head h at h * stride.
using MemoryVisitor = std::function<void(const std::vector<double>& memory, std::size_t stride)>;

/// Runs `network` as network_current does and calls `visit` after every `interval` samples. Throws
/// ShapeError where the last layer is no mLSTM.
void walk_memory(const StoredNetwork& network,
                 const Record& record,
                 double g0,
                 std::size_t interval,
                 const MemoryVisitor& visit);

}  // namespace psi_xlstm
