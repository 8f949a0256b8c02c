#pragma once

/// @file
/// The figures of a network study, as data. Each is absent where there is nothing to draw.

#include <optional>

#include "report/figure.hpp"
#include "studies/networks/study.hpp"

namespace psi_xlstm {

/// MSE over the noise floor of every model and predictor, one bar per seed, with the bounds as
/// lines.
std::optional<Figure> performance_figure(const NetworkStudyResult& result);

/// Mean MSE over the noise floor against the number of deployed parameters.
std::optional<Figure> compression_figure(const NetworkStudyResult& result);

/// The first usable model with a memory on its last test record, over the record of its own seed.
std::optional<Figure> network_waveform_figure(const NetworkStudyResult& result);

/// Amplitude spectra from 50 to 150 kHz on the last test record of the first seed: measured,
/// models, and below what is left of each.
std::optional<Figure> network_spectrum_figure(const NetworkStudyResult& result);

/// Losses along the trainings, one panel per network.
std::optional<Figure> training_curve_figure(const NetworkStudyResult& result);

}  // namespace psi_xlstm
