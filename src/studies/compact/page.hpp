#pragma once

/// @file
/// The parts of a compact study's page that are words: what was done and how good it is, what is
/// not covered, how the emitted files are used.

#include <string>
#include <vector>

#include "report/html.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// What was learned from what, and how good it is, in paragraphs; the first is the finding. The
/// first fit must be usable, here and below.
std::vector<std::string> introduction(const StudyResult& result);

/// What the records have shown of the device, and what lies beyond.
ReportSection coverage_section(const StudyResult& result);

/// A deck for each emitted file and simulator.
ReportSection usage_section(const StudyResult& result);

}  // namespace psi_xlstm
