#pragma once

#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// Fills result.metrics.numbers: medians over the fits of each seed, errors by test record and by
/// frequency band, and the facts about the emitted model.
void collect_numbers(StudyResult& result);

/// Sets result.verdict.
void judge(StudyResult& result);

}  // namespace psi_xlstm
