#pragma once

/// @file
/// Records cut and thinned for least squares. D consecutive samples become one step of the network
/// and one residual. While the state hardly moves inside a block, the sums kept here carry all the
/// information of its samples: with G the conductance of the block,
///
///   sum (I - V G)^2 = SVV (G - SVI/SVV)^2 + (SII - SVI^2/SVV)

#include <optional>
#include <span>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm::fit {

/// D samples as one step. The sums run over the samples from its left edge up to its right edge,
/// the right one excluded.
struct Block {
  double duration = 0;       ///< Right edge minus left edge [s].
  double voltage_right = 0;  ///< Voltage at the right edge [V].
  double voltage = 0;        ///< Energy-weighted mean voltage, for a curved I(V) [V].
  double position = 0;       ///< Energy-weighted mean time, 0 at the left edge, 1 at the right.
  double svv = 0;            ///< sum V^2 [V^2].
  double svi = 0;            ///< sum V I [V A].
};

/// A stretch of a record with its own start.
struct Segment {
  double voltage_left = 0;  ///< Voltage at the first sample [V].
  std::vector<Block> blocks;
  double log_conductance = 0;     ///< ln of the conductance at the start, relative to 1 S.
  double log_conductance_sd = 0;  ///< How well that is known; 0: exactly.
  int correction = -1;            ///< Which correction of ln g0 is fitted with it; -1: none.
  double noise_sd = 1;            ///< Of one sample of the current [A].
  double misfit_inside = 0;       ///< sum (SII - SVI^2/SVV) / noise^2: no model can remove it.
  int samples = 0;                ///< How many samples count.
};

/// A conductance estimated from the first samples of a record.
struct StartConductance {
  double value = 0;   ///< g0 [S].
  double log_sd = 0;  ///< Standard deviation of ln g0.
  int samples = 0;    ///< Length of the prefix.
};

/// Throws DataError unless `record` has one port.
void require_one_port(const Record& record);

/// g0 = sum V I / sum V^2 over the first `samples` samples from `first` on, with its standard
/// deviation for a current noise of `noise_sd` [A]. Throws DataError for a record of several ports.
StartConductance start_conductance(const Record& record, int first, int samples, double noise_sd);

/// What turns a record into segments.
struct SegmentOptions {
  int decimation = 1;      ///< D.
  int window = 0;          ///< Samples of a window; 0: the whole record as one segment.
  int window_prefix = 20;  ///< Samples that give a window its own conductance.
  int skip = 0;            ///< Samples at the start that do not count.
  double noise_sd = 1;     ///< Of one sample of the current [A].
  StartConductance start;  ///< Of the record.
  int correction = -1;     ///< Segment::correction of the whole record; windows have none.
};

/// Cuts `record` (transient) as `options` say. Throws DataError for a record of several ports.
std::vector<Segment> make_segments(const Record& record, const SegmentOptions& options);

}  // namespace psi_xlstm::fit
