#pragma once

/// @file
/// What a killed training needs to go on with the same bytes, as a file.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "core/progress.hpp"
#include "training/optimizer.hpp"

namespace psi_xlstm::training {

/// What a state of one training is made of.
struct CheckpointSizes {
  std::size_t parameters = 0;  ///< Trained numbers.
  std::size_t bases = 0;       ///< What the optimizer remembers of its matrices; 0: nothing.
  std::size_t gates = 0;       ///< Forget gates that may be tied; 0: none.
  int clusters = 0;            ///< Their groups.
};

/// What resume_training() found.
struct Resumed {
  std::optional<TrainingState> state;  ///< Absent: the training begins.
  std::string reason;  ///< Why a file that should hold one does not, one sentence; else empty.
};

/// Writes `state`; `fingerprint` names what it belongs to. The file holds a checksum of its
/// numbers.
void save_training(const std::filesystem::path& file,
                   const TrainingState& state,
                   const std::string& fingerprint);

/// Reads a state of the same fingerprint and of these `sizes`. One of another fingerprint is none;
/// a damaged file is none with a reason. Throws nothing for whatever the file holds.
Resumed resume_training(const std::filesystem::path& file,
                        const std::string& fingerprint,
                        const CheckpointSizes& sizes);

/// Where a training keeps its checkpoint, and what that belongs to.
struct Checkpoint {
  std::filesystem::path file;
  std::string fingerprint;
};

/// Puts `state` where `checkpoint` was left; tells why a damaged one is not gone on from, and
/// leaves `state` as it is then.
void take_up(const Checkpoint& checkpoint,
             const CheckpointSizes& sizes,
             const TaskProgress& report,
             TrainingState& state);

}  // namespace psi_xlstm::training
