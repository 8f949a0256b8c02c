#pragma once

/// @file
/// The one training loop: steps, validations, checkpoints and the choice of what is kept. What is
/// trained on what is an Objective: whole records with a known start (known_start.hpp), the
/// published protocol (published.hpp), single samples (mlp.hpp).
///
/// A unit of a schedule is what its phases count: an optimizer step, or an epoch of many of them.

#include <cstddef>
#include <string>
#include <vector>

#include "config/networks.hpp"
#include "training/checkpoint.hpp"

namespace psi_xlstm::training {

/// Numbers that may be kept, and their validation loss.
struct Candidate {
  const std::vector<float>* parameters = nullptr;  ///< Of the state that was judged.
  double loss = 0;
};

/// What a validation says.
struct Judgement {
  CurvePoint point;  ///< Its step is set by the loop.
  std::vector<Candidate> candidates;
};

/// What is trained, and what it is judged by.
class Objective {
 public:
  virtual ~Objective() = default;

  /// The state before the first unit.
  virtual TrainingState begin() const = 0;

  /// What states of this training are made of.
  virtual CheckpointSizes sizes() const = 0;

  /// How many of the first numbers of a state are those of the network.
  virtual std::size_t network_numbers() const = 0;

  /// Called before the first unit of `phase` that is done, also of one that a killed training had
  /// begun.
  virtual void enter(const PhaseConfig& phase) { static_cast<void>(phase); }

  /// Called after every interval, before what is saved there.
  virtual void regroup(TrainingState& state) { static_cast<void>(state); }

  /// Unit `in_phase` (from 0) of `phase`; returns why it could not be done, one sentence, or
  /// nothing.
  virtual std::string advance(const PhaseConfig& phase, int in_phase, TrainingState& state) = 0;

  /// Validates `state`.
  virtual Judgement judge(const TrainingState& state) = 0;
};

/// How long, and what counts.
struct Schedule {
  std::vector<PhaseConfig> phases;
  double judge_after = 0;     ///< See Selection.
  std::string unit = "step";  ///< In what is told.
  int interval = 1;           ///< Units between validations, checkpoints and what is told.
  bool fresh_phases = false;  ///< Validation losses of one phase say nothing about another.
};

/// Units of all `phases`.
int total_units(const std::vector<PhaseConfig>& phases);

/// How a training ended.
struct TrainingOutcome {
  bool usable = false;
  std::string reason;  ///< Why not, one sentence: the step and the layer.
  TrainingState state;
  std::vector<double> parameters;  ///< The best ones on validation, rounded to float.
};

/// One training of a study.
struct TrainingRun {
  const NetworkConfig& config;
  int seed = 0;  ///< Of its random numbers.
  Checkpoint checkpoint;
  TaskProgress progress;
};

/// Trains `objective` along `schedule`, from the checkpoint where there is one; writes that at
/// every interval. A training that was killed goes on to the same bytes. What `progress` throws
/// ends it.
TrainingOutcome optimise(Objective& objective,
                         const Schedule& schedule,
                         const Checkpoint& checkpoint,
                         const TaskProgress& progress);

}  // namespace psi_xlstm::training
