#pragma once

/// @file
/// The two forms in which long work tells how far it is. What they throw ends it.

#include <functional>
#include <string>

namespace psi_xlstm {

/// Told what is going on: a stage, how much of it is done (0 to 1), and one line of detail.
using Progress =
    std::function<void(const std::string& stage, double done, const std::string& detail)>;

/// Of a task of one stage: how much of it is done (0 to 1), and one line of detail.
using TaskProgress = std::function<void(double done, const std::string& detail)>;

}  // namespace psi_xlstm
