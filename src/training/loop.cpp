#include "training/loop.hpp"

#include <fmt/format.h>

#include "training/selection.hpp"

namespace psi_xlstm::training {
namespace {

std::string told(const Schedule& schedule, const TrainingState& state) {
  std::string line =
      fmt::format("{} {} of {}", schedule.unit, state.done, total_units(schedule.phases));
  if (state.curve.empty()) return line;
  const CurvePoint& last = state.curve.back();
  line += fmt::format(", loss {:.4g}, validation {:.4g}", last.training, last.validation);
  if (last.physics != 0) line += fmt::format(", physics {:.4g}", last.physics);
  return line;
}

void validate(Objective& objective, const Selection& selection, TrainingState& state) {
  Judgement judgement = objective.judge(state);
  judgement.point.step = state.done;
  state.curve.push_back(judgement.point);
  for (const Candidate& c : judgement.candidates) {
    selection.offer(*c.parameters, c.loss, state.done, state);
  }
}

}  // namespace

int total_units(const std::vector<PhaseConfig>& phases) {
  int sum = 0;
  for (const PhaseConfig& phase : phases) sum += phase.steps;
  return sum;
}

TrainingOutcome optimise(Objective& objective,
                         const Schedule& schedule,
                         const Checkpoint& checkpoint,
                         const TaskProgress& progress) {
  TrainingOutcome outcome{.state = objective.begin()};
  TrainingState& state = outcome.state;
  take_up(checkpoint, objective.sizes(), progress, state);
  const int total = total_units(schedule.phases);
  const Selection selection(schedule.judge_after, total);
  int first = 0;
  for (const PhaseConfig& phase : schedule.phases) {
    const int last = first + phase.steps;
    if (state.done < last && outcome.reason.empty()) {
      objective.enter(phase);
      if (schedule.fresh_phases && state.done == first) state.best_parameters.clear();
    }
    while (state.done < last && outcome.reason.empty()) {
      if (state.done % schedule.interval == 0) {
        objective.regroup(state);
        if (state.done > 0) save_training(checkpoint.file, state, checkpoint.fingerprint);
        progress(static_cast<double>(state.done) / total, told(schedule, state));
      }
      outcome.reason = objective.advance(phase, state.done - first, state);
      if (!outcome.reason.empty()) break;
      ++state.done;
      if (state.done % schedule.interval == 0 || state.done == last) {
        validate(objective, selection, state);
      }
    }
    first = last;
  }
  outcome.usable = outcome.reason.empty() && !state.best_parameters.empty();
  if (outcome.usable) {
    const auto own = static_cast<std::ptrdiff_t>(objective.network_numbers());
    outcome.parameters.assign(state.best_parameters.begin(), state.best_parameters.begin() + own);
  } else if (outcome.reason.empty()) {
    outcome.reason = "no validation loss was finite";
  }
  return outcome;
}

}  // namespace psi_xlstm::training
