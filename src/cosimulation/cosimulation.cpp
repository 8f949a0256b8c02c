#include "cosimulation/cosimulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/number_text.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/prepared.hpp"

namespace psi_xlstm {
namespace {

// The same sine in two lengths of steps, of which the shorter takes five times as many.
struct Refinement {
  CosimCase coarse, fine;
};

Refinement refinement_of(const CosimCase& sine) {
  const double most = sine.stiff ? 2'000 : 10'000;  // of the longer steps
  Refinement r{.coarse = sine, .fine = sine};
  r.coarse.stop_time = std::min(sine.stop_time, most * sine.max_step);
  r.coarse.relative_tolerance = 1e-5;
  r.coarse.limit = 0;
  r.fine = r.coarse;
  r.fine.max_step = sine.max_step / 5;
  // Of a stiff model the error where it decays goes with the tolerance to the power of 2/3.
  if (sine.stiff) r.fine.relative_tolerance = 2e-7;
  r.coarse.name = "sine, reltol 1e-5";
  r.fine.name = fmt::format("sine, reltol {}, a fifth of the step", sine.stiff ? "2e-7" : "1e-5");
  return r;
}

/// Everything that is done with one form of one network.
class FormCheck {
 public:
  FormCheck(const ir::Network& network,
            const CosimConfig& config,
            double conductance,
            const std::vector<CosimCase>& cases,
            const Simulator& simulator,
            const EmittedModel& model,
            const CosimProgress& progress)
      : network_(network),
        config_(config),
        conductance_(conductance),
        cases_(cases),
        simulator_(simulator),
        model_(model),
        progress_(progress) {
    for (const CosimCase& wanted : cases) work_ += wanted.steps();
    const Refinement r = refinement_of(sine());
    if (moves()) work_ += r.coarse.steps() + r.fine.steps() + sine().steps();
  }

  CosimReport run() {
    warn_of_extrapolation();
    if (!compare_all()) return std::move(report_);
    if (moves()) {
      check_refinement();
      check_frozen();
    }
    for (CosimRow& row : static_checks(network_, model_, config_, conductance_, simulator_)) {
      report_.checks.push_back(std::move(row));
    }
    return std::move(report_);
  }

 private:
  bool moves() const { return network_.state_count() > 0; }

  const CosimCase& sine() const {
    return *std::find_if(cases_.begin(), cases_.end(),
                         [](const CosimCase& wanted) { return wanted.name == "sine"; });
  }

  CosimOutcome compare(const EmittedModel& model, const CosimCase& wanted) {
    if (progress_) {
      progress_(done_ / work_, fmt::format("{}, {}: {}, {:.0f} steps", simulator_.name(),
                                           model.path(), wanted.name, std::ceil(wanted.steps())));
    }
    done_ += wanted.steps();
    return compare_transient(network_, model, wanted, simulator_,
                             time_limit_for(wanted.steps(), config_.time_limit_s));
  }

  void warn_of_extrapolation() {
    const double reach =
        std::max(std::abs(network_.box.voltage_min[0]), network_.box.voltage_max[0]);
    if (config_.amplitude <= 1.001 * reach) return;
    report_.warnings.push_back(
        fmt::format("the stimuli reach {}, the model was trained to {}: it extrapolates",
                    engineering(config_.amplitude, "V"), engineering(reach, "V")));
  }

  // False where the simulator gives nothing.
  bool compare_all() {
    constexpr int kGiveUp = 2;
    int failures = 0;
    for (const CosimCase& wanted : cases_) {
      report_.transients.push_back(compare(model_, wanted));
      const CosimOutcome& outcome = report_.transients.back();
      report_.warn(outcome);
      if (!outcome.reason.empty()) {
        if (++failures < kGiveUp) continue;
        report_.warnings.push_back(simulator_.name() +
                                   " gave no result twice: the other comparisons are left out");
        return false;
      }
      if (moves() && !wanted.may_rest && outcome.conductance_swing < config_.smallest_swing) {
        report_.warnings.push_back(fmt::format("{}: the conductance moves by {:.1f} % only",
                                               wanted.name, 100 * outcome.conductance_swing));
      }
    }
    return true;
  }

  // The error of a sine falls when the step does: a wrong model has an error that stays.
  void check_refinement() {
    const Refinement r = refinement_of(sine());
    const CosimOutcome coarse = compare(model_, r.coarse);
    CosimOutcome fine = coarse;
    if (coarse.reason.empty()) fine = compare(model_, r.fine);
    fine.row.stimulus = r.fine.name;
    if (!fine.reason.empty()) {
      report_.warn(coarse.reason.empty() ? fine : coarse);
      judge_without_result(fine);
    } else if (coarse.row.max_abs_err_over_fs) {
      // Below a hundredth of the limit the tolerances of the simulator decide, not its step.
      fine.row.limit = std::max(*coarse.row.max_abs_err_over_fs / config_.refinement_factor,
                                config_.limit / 100);
      compare_currents(fine.row, fine.reference, fine.current);
    } else {
      fine.row.passed = false;  // no error of the coarse step is finite
    }
    report_.checks.push_back(coarse.row);
    report_.checks.push_back(fine.row);
  }

  // The negative control passes where the comparison fails by the wanted factor.
  void check_frozen() {
    CosimCase wanted = sine();
    wanted.limit = 0;
    wanted.name = "negative control: sine, state frozen";
    const EmittedModel model = simulator_.prepared(frozen(network_), model_.form());
    CosimOutcome control = compare(model, wanted);
    report_.warn(control);
    if (control.reason.empty() && control.conductance_swing < config_.smallest_swing) {
      report_.warnings.push_back(
          fmt::format("the sine moves the conductance by {:.1f} % only: the control with a frozen "
                      "state is not judged",
                      100 * control.conductance_swing));
    } else {
      judge_control(control, config_.frozen_factor * config_.limit);
    }
    report_.checks.push_back(control.row);
  }

  const ir::Network& network_;
  const CosimConfig& config_;
  double conductance_;
  const std::vector<CosimCase>& cases_;
  const Simulator& simulator_;
  const EmittedModel& model_;
  const CosimProgress& progress_;
  double work_ = 0, done_ = 0;  ///< [steps]
  CosimReport report_;
};

// The training-like stimulus first, where there is one.
std::vector<CosimCase> all_cases(const ir::Network& network,
                                 const CosimConfig& config,
                                 const CosimCase& training_like,
                                 double conductance) {
  std::vector<CosimCase> cases = standard_cases(network, config, conductance);
  if (training_like.stimulus.terms.empty()) return cases;
  cases.insert(cases.begin(), training_like);
  if (config.training_like_max_step == 0) bound_work(network, cases.front());
  return cases;
}

// Adds `one` to `all`. Whether no transient of it gave a result.
bool add_report(CosimReport one, CosimReport& all) {
  const bool silent = std::all_of(one.transients.begin(), one.transients.end(),
                                  [](const CosimOutcome& o) { return !o.reason.empty(); });
  std::move(one.transients.begin(), one.transients.end(), std::back_inserter(all.transients));
  std::move(one.checks.begin(), one.checks.end(), std::back_inserter(all.checks));
  for (const std::string& warning : one.warnings) {
    const bool known =
        std::find(all.warnings.begin(), all.warnings.end(), warning) != all.warnings.end();
    if (!known) all.warnings.push_back(warning);
  }
  return silent;
}

}  // namespace

CosimReport cosimulate(const ir::Network& network,
                       const CosimQuestion& question,
                       const Simulator& simulator,
                       const EmittedModel& model,
                       const CosimProgress& progress) {
  const auto& [config, training_like, conductance] = question;
  const auto cases = all_cases(network, config, training_like, conductance);
  return FormCheck(network, config, conductance, cases, simulator, model, progress).run();
}

CosimReport cosimulate_all(const ir::Network& network,
                           const CosimConfig& config,
                           const CosimCase& training_like,
                           double conductance,
                           std::span<const std::unique_ptr<Simulator>> simulators,
                           const std::vector<std::string>& paths,
                           const CosimProgress& progress) {
  CosimReport all;
  const auto cases = all_cases(network, config, training_like, conductance);
  for (std::size_t k = 0; k < simulators.size(); ++k) {
    const Simulator& simulator = *simulators[k];
    const auto models = prepared_models(network, simulator, paths, all.not_run);
    double finished = 0;  // forms
    for (const EmittedModel& model : models) {
      const CosimProgress of_all = [&](double done, const std::string& detail) {
        const double of_this = (finished + done) / static_cast<double>(models.size());
        const auto count = static_cast<double>(simulators.size());
        if (progress) progress((static_cast<double>(k) + of_this) / count, detail);
      };
      bool silent = false;
      try {
        silent = add_report(
            FormCheck(network, config, conductance, cases, simulator, model, of_all).run(), all);
      } catch (const SpiceError& e) {  // It is not there: the other simulators are.
        all.not_run.push_back({simulator.name(), model.path(), e.what()});
        break;
      }
      ++finished;
      if (!silent) continue;
      // A simulator that gives no result has no other form either.
      std::erase_if(all.not_run,
                    [&](const NotRun& none) { return none.simulator == simulator.name(); });
      break;
    }
  }
  return all;
}

}  // namespace psi_xlstm
