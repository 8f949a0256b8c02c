#include "studies/compact/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/number_text.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "studies/compact/standing.hpp"

namespace psi_xlstm {
namespace {

std::string text(const std::optional<double>& value, const char* format = "{:.4g}") {
  return value && std::isfinite(*value) ? fmt::format(fmt::runtime(format), *value) : "n/a";
}

}  // namespace

Table model_table(const StudyResult& result) {
  Table table;
  table.caption = result.data.dataset.leave_one_out
                      ? "Models on the parts of the records that each fit left out, running freely"
                      : "Models on the test records, running freely";
  table.header = {"model",
                  "seed",
                  "init",
                  "parameters",
                  "states",
                  "MSE [A^2]",
                  "MSE / noise floor",
                  "nrmse_std",
                  "nrmse_range",
                  "nrmse_std, noise-free"};
  const auto add = [&](std::vector<std::string> row, const ErrorMetrics& e) {
    for (std::string cell : {text(e.mse), text(e.mse_over_floor), percent_text(e.nrmse_std),
                             percent_text(e.nrmse_range), percent_text(e.nrmse_std_clean)}) {
      row.push_back(std::move(cell));
    }
    table.rows.push_back(std::move(row));
  };
  for (const ModelResult& m : result.metrics.models) {
    add({m.name, m.seed ? std::to_string(*m.seed) : "", m.init ? std::to_string(*m.init) : "",
         m.parameters ? std::to_string(*m.parameters) : "n/a",
         m.states ? std::to_string(*m.states) : "n/a"},
        m.test);
  }
  for (const FitOutcome& f : result.fits) {
    if (f.fit != 0 || !f.device_law) continue;
    add({"device's own law", std::to_string(f.seed), "", "", "1"}, *f.device_law);
  }
  table.note =
      "MSE / noise floor is 1 for a model as good as the true device. nrmse_std is the RMS error "
      "over the standard deviation of the current, nrmse_range over its range; the last column "
      "leaves the noise of the measurement out.";
  if (result.fits.front().device_law) {
    table.note +=
        " The device's own law starts from the same estimate: nothing can systematically beat it.";
  }
  return table;
}

Table baseline_table(const StudyResult& result) {
  Table table;
  table.caption = "Trivial predictors on the same samples";
  table.header = {"predictor", "MSE [A^2]", "times the model's", "nrmse_std"};
  const double model = result.fits.front().test.mse.value_or(0);
  for (const BaselineResult& b : result.metrics.baselines) {
    const bool known = b.mse && model > 0;
    table.rows.push_back({b.name, text(b.mse),
                          known ? fmt::format("{:.4g}", *b.mse / model) : "n/a",
                          percent_text(b.nrmse_std)});
  }
  table.note =
      "A model that does not beat these has learnt nothing about the device's memory. The first "
      "three "
      "are fitted on the training records, the last one on the first samples of each test record.";
  return table;
}

Table cosim_table(const std::vector<CosimRow>& rows) {
  Table table;
  table.caption = "The emitted model in circuit simulators against the network's own equations";
  table.header = {
      "simulator, form", "stimulus", "max error / full scale", "rms / full scale", "correlation",
      "limit",           "result"};
  for (const CosimRow& r : rows) {
    table.rows.push_back({r.form(), r.stimulus, text(r.max_abs_err_over_fs, "{:.2e}"),
                          text(r.rmse_over_fs, "{:.2e}"), text(r.correlation, "{:.7f}"),
                          text(r.limit, "{:.1e}"), r.verdict() ? verdict_text(*r.verdict()) : ""});
  }
  table.note =
      "Current through the device, every time point of the simulator, the first ones included; the "
      "reference is an integration by CVODE (of a circuit: by IDA). Operating point, DC and AC "
      "rows are relative errors "
      "against closed forms. The negative control must fail: its state does not move.";
  return table;
}

Table candidate_table(const StudyResult& result) {
  Table table;
  table.caption = "Shapes tried, and the choice";
  table.header = {"states",
                  "features",
                  "static",
                  "parameters",
                  "validation MSE [A^2]",
                  "middle of its shape",
                  "standard error",
                  "choice"};
  for (const fit::CandidateReport& c : result.fits.front().model.candidates) {
    table.rows.push_back({std::to_string(c.shape.states),
                          c.shape.states > 0 ? std::to_string(c.shape.features) : "",
                          std::to_string(c.shape.static_features), std::to_string(c.parameters),
                          text(c.validation_mse), text(c.shape_score), text(c.shape_standard_error),
                          c.chosen ? "chosen" : ""});
  }
  if (result.data.dataset.leave_one_out) {
    table.note =
        "Each shape is fitted once without each part of the records, and its error is that on the "
        "parts left out. The simplest shape within one standard error of the smallest is chosen "
        "and fitted again to all of them. \"static\" counts the features of the curve I(V) at a "
        "fixed state.";
    return table;
  }
  table.note =
      "Each shape is fitted three times. The simplest shape whose middle error is within one "
      "standard "
      "error of the smallest is chosen; of its fits that are as good as its best, the one with the "
      "lowest training cost. "
      "\"static\" counts the features of the curve I(V) at a fixed state.";
  return table;
}

Table fact_table(const StudyResult& result) {
  const ir::Network& network = result.fits.front().model.network;
  const hdl::EmissionPlan plan = hdl::plan_emission(network);
  const ir::TrainingBox& box = network.box;
  Table table;
  table.caption = "The model";
  table.header = {"quantity", "value"};
  table.rows = {
      {"trained on voltages",
       engineering(box.voltage_min[0], "V") + " to " + engineering(box.voltage_max[0], "V")},
      {"conductance along the training records",
       engineering(box.conductance_min, "S") + " to " + engineering(box.conductance_max, "S")},
      {"conductance the states can hold",
       engineering(plan.conductance_low, "S") + " to " + engineering(plan.conductance_high, "S")},
      {"drift of ln(conductance) at 0 V, largest", engineering(plan.zero_bias_rate, "1/s")},
      {"training cost, chi^2 per sample",
       fmt::format("{:.5g}", result.fits.front().model.chi2_per_sample)},
      {"longest time step for accurate transients", engineering(plan.max_step, "s")}};
  for (double tau : ir::zero_bias_time_constants(network, plan.default_conductance)) {
    table.rows.push_back({"relaxation time constant at 0 V", engineering(tau, "s")});
  }
  table.note =
      "Outside the training voltages the model extrapolates. The drift at 0 V is 0 for a device "
      "that "
      "holds its state; short records cannot tell.";
  return table;
}

Table cosim_summary_table(const std::vector<CosimRow>& rows, const std::vector<NotRun>& not_run) {
  struct Form {
    std::string name;
    int transients = 0, points = 0, others = 0, passed = 0, judged = 0;
    double worst = 0;
  };
  std::vector<Form> forms;
  for (const CosimRow& r : rows) {
    auto form =
        std::find_if(forms.begin(), forms.end(), [&](const Form& f) { return f.name == r.form(); });
    if (form == forms.end()) form = forms.insert(forms.end(), {.name = r.form()});
    const std::optional<Verdict> verdict = r.verdict();
    form->judged += verdict ? 1 : 0;
    form->passed += verdict == Verdict::kPassed ? 1 : 0;
    const bool transient = r.correlation.has_value() && r.limit.has_value();
    (transient ? form->transients : form->others) += 1;
    if (transient) form->points += r.points.value_or(0);
    if (transient) form->worst = std::max(form->worst, r.max_abs_err_over_fs.value_or(0));
  }
  Table table{
      .caption = "The emitted model in circuit simulators against the network's own equations",
      .header = {"simulator, form", "worst transient error / full scale", "transients", "points",
                 "other checks", "passed"}};
  for (const Form& f : forms) {
    table.rows.push_back({f.name, f.transients > 0 ? text(f.worst, "{:.1e}") : "-",
                          std::to_string(f.transients),
                          f.points > 0 ? std::to_string(f.points) : "-", std::to_string(f.others),
                          fmt::format("{} of {}", f.passed, f.judged)});
  }
  table.note =
      "Full scale is the largest current of a stimulus. Other checks: operating point, DC, AC, "
      "finer "
      "steps, and a frozen state, which must fail.";
  for (const NotRun& none : not_run) {
    table.rows.push_back({none.simulator + ", " + none.path, "not run", "-", "-", "-", "not run"});
    table.note += fmt::format(" {}, {}: not run: {}.", none.simulator, none.path, none.why);
  }
  return table;
}

}  // namespace psi_xlstm
