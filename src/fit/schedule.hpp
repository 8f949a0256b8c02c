#pragma once

/// @file
/// How a fit begins and in which stages it goes on, where the config leaves it open.

#include <vector>

#include "config/fit.hpp"
#include "fit/compact_student.hpp"
#include "fit/train.hpp"

namespace psi_xlstm::fit {

/// What `records` say before anything is fitted: the extremes of the conductance over their parts,
/// and `time_constant_fraction` of the longest record as the relaxation time at 0 V.
StartHint start_hint(const std::vector<TrainingRecord>& records,
                     const StudentScales& scales,
                     double time_constant_fraction);

/// How many samples a step of the first stages takes at least where shapes are only tried: every
/// other one of many.
int thinning_of_trials(const std::vector<TrainingRecord>& records);

/// One stage on whole records, with about 9,000 steps of the network in an iteration, of `thinning`
/// samples or more.
std::vector<TrainingStage> whole_stages(const std::vector<TrainingRecord>& records, int thinning);

/// Stages on windows that double in length, then whole records: for a device that forgets within a
/// record, where whole records from a random start lead nowhere.
std::vector<TrainingStage> window_stages(const std::vector<TrainingRecord>& records, int thinning);

/// Stages for the best start, with ever finer steps.
std::vector<TrainingStage> refine_stages(const std::vector<TrainingRecord>& records, int thinning);

}  // namespace psi_xlstm::fit
