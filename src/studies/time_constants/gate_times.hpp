#pragma once

/// @file
/// The forget gates of a trained network in seconds, beside what K-means makes of them. A gate is
/// a rate lambda = softplus(-f~)/dt0 that depends on the voltage and the state; 1/lambda is a time
/// constant of the device only where it stays the same along the records and the records speak for
/// it.
///
/// Axes: G gates (distinct rates) of a network, K centres.

#include <filesystem>
#include <string>
#include <vector>

#include "fit/evaluation.hpp"
#include "model/stored_network.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// One distinct forget gate: of a clustered layer a centre, of an mLSTM a head, else a unit.
struct GateTime {
  int layer = 0;
  int gate = 0;                          ///< Within its layer, from 0.
  int states = 0;                        ///< That relax with it.
  double at_rest = 0;                    ///< 1/lambda at 0 V where the first record starts [s].
  double low = 0, median = 0, high = 0;  ///< 2.5, 50 and 97.5 % of its values along records [s].
};

/// K centres of the G numbers ln(median of a gate).
struct GateClusters {
  std::vector<double> centres;  ///< [s], ascending, [K].
  double left_over = 0;         ///< Of the variance of the logarithms (dimensionless).
};

/// The gates of one network.
struct NetworkGates {
  std::string label;
  bool tied = false;                   ///< Its forget gates were tied to centres in training.
  std::vector<GateTime> gates;         ///< [G]
  std::vector<GateClusters> clusters;  ///< K = 1, 2, ..., at most 6 and at most G.
};

/// Runs `network` (protocol known_start, recurrent) along `records` from the starts that `starts`
/// gives and looks at its gates at about 2,000 samples of each. Throws DataError where it is of
/// another kind, and as fit::find_start() does.
NetworkGates network_gates(const StoredNetwork& network,
                           const std::string& label,
                           const std::vector<Record>& records,
                           const fit::StartOptions& starts);

/// Whether the gates of `network` are worth a look: tied ones, and those of the teacher they come
/// from, of the protocol known_start.
bool has_gates_to_show(const StoredNetwork& network);

/// The networks in `seed_folder`, one seed of a known-start study, that has_gates_to_show(), by
/// label. Throws DataError where there is none.
std::vector<NetworkGates> study_gates(const std::filesystem::path& seed_folder,
                                      const std::vector<Record>& records,
                                      const fit::StartOptions& starts);

}  // namespace psi_xlstm
