#pragma once

/// @file
/// The figures of a report, as data.

#include <optional>
#include <vector>

#include "cosimulation/cosimulation.hpp"
#include "fit/evaluation.hpp"
#include "fit/selection.hpp"
#include "psi_xlstm/data/record.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "report/figure.hpp"

namespace psi_xlstm {

/// A record with the prediction that is drawn over it.
struct ShownRecord {
  Record record;
  fit::Prediction prediction;
};

/// What the figures of `predictions` show: the one with the largest mean squared error, or all of
/// them behind one another where they are parts of one record that were left out one at a time.
ShownRecord shown_record(const Dataset& dataset, const std::vector<fit::Prediction>& predictions);

/// Voltage, measured and predicted current, the region where they differ most, and the difference,
/// along one record.
Figure waveform_figure(const Record& record, const fit::Prediction& prediction);

/// The difference along the scored samples with the band of a noise of `noise` [A], and its
/// autocorrelation with that of white noise.
Figure residual_figure(const Record& record, const fit::Prediction& prediction, double noise);

/// Current against voltage, measured and predicted, of at most four of `predictions`, spread over
/// the amplitudes.
Figure loop_figure(const Dataset& dataset, const std::vector<fit::Prediction>& predictions);

/// Every candidate by size and error on the validation records.
Figure front_figure(const std::vector<fit::CandidateReport>& candidates);

/// Amplitude spectra of the measured current, the prediction and their difference.
Figure spectrum_figure(const Record& record, const fit::Prediction& prediction);

/// Relaxation time constants against voltage at several states; none for a model without states.
std::optional<Figure> time_constant_figure(const ir::Network& network);

/// The largest error of every transient beside its limit, one group of bars for each stimulus; none
/// where there is no comparison.
std::optional<Figure> cosimulation_errors_figure(const std::vector<CosimOutcome>& transients);

/// |simulator - reference| over full scale against time, one curve per stimulus; none where there
/// is no comparison.
std::optional<Figure> cosimulation_figure(const std::vector<CosimOutcome>& transients);

}  // namespace psi_xlstm
