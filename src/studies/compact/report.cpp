#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/number_text.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/version.hpp"
#include "report/html.hpp"
#include "report/table.hpp"
#include "run/publish.hpp"
#include "studies/compact/figures.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {
namespace {

std::string text(const std::optional<double>& value, const char* format = "{:.4g}") {
  return value && std::isfinite(*value) ? fmt::format(fmt::runtime(format), *value) : "n/a";
}

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.3g} %", 100 * *value) : "n/a";
}

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
    for (std::string cell : {text(e.mse), text(e.mse_over_floor), percent(e.nrmse_std),
                             percent(e.nrmse_range), percent(e.nrmse_std_clean)}) {
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
                          percent(b.nrmse_std)});
  }
  table.note =
      "A model that does not beat these has learnt nothing about the device's memory. The first "
      "three "
      "are fitted on the training records, the last one on the first samples of each test record.";
  return table;
}

Table cosim_table(const std::vector<CosimRow>& rows) {
  Table table;
  table.caption = "The emitted model in ngspice against the network's own equations";
  table.header = {"path",  "stimulus", "max error / full scale", "rms / full scale", "correlation",
                  "limit", "result"};
  for (const CosimRow& r : rows) {
    table.rows.push_back({r.path, r.stimulus, text(r.max_abs_err_over_fs, "{:.2e}"),
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
        "and "
        "fitted again to all of them. \"static\" counts the features of the curve I(V) at a fixed "
        "state.";
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
       fmt::format("{:.4f}", result.fits.front().model.chi2_per_sample)},
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

std::vector<NamedFigure> figures(const StudyResult& result) {
  const FitOutcome& first = result.fits.front();
  const auto [record, shown] = shown_record(result.data.dataset, first.predictions);
  std::vector<NamedFigure> out = {
      {"waveform", "The model gets the voltage and the conductance at the start, nothing else.",
       waveform_figure(record, shown)},
      {"loop", "The pinched loop of the test record.", loop_figure(record, shown)},
      {"spectrum", "Where in frequency the error lies; white noise is flat.",
       spectrum_figure(record, shown)}};
  if (auto f = time_constant_figure(first.model.network)) {
    out.push_back({"time_constants", "How fast the state relaxes, by voltage and conductance.",
                   std::move(*f)});
  }
  if (auto f = cosimulation_figure(result.cosim.transients)) {
    out.push_back({"cosimulation", "What the simulator's steps cost in accuracy.", std::move(*f)});
  }
  return out;
}

std::vector<ReportCard> cards(const StudyResult& result) {
  const FitOutcome& first = result.fits.front();
  std::vector<ReportCard> out;
  if (first.test.mse_over_floor) {
    out.push_back({"test error over noise floor", text(first.test.mse_over_floor),
                   "1 is as good as the true device"});
  }
  if (first.test.nrmse_std_clean) {
    out.push_back({"error without the noise", percent(first.test.nrmse_std_clean),
                   "of the standard deviation of the current"});
  } else {
    out.push_back({"test error", percent(first.test.nrmse_range), "of the range of the current"});
  }
  out.push_back({"trained numbers", std::to_string(first.model.network.parameter_count()),
                 fmt::format("{} states", first.model.network.state_count())});
  double worst = 0;
  for (const CosimOutcome& o : result.cosim.transients) {
    worst = std::max(worst, o.row.max_abs_err_over_fs.value_or(0));
  }
  if (!result.cosim.transients.empty()) {
    out.push_back({"ngspice against the network", fmt::format("{:.1e}", worst),
                   "largest error over full scale"});
  }
  return out;
}

}  // namespace

void write_report(const StudyResult& result, RunFolder& folder) {
  const FitOutcome& first = result.fits.front();
  ReportPage page;
  page.title = result.config.study;
  page.subtitle = fmt::format("A compact model of {}", result.data.dataset.source.empty()
                                                           ? "the generated device"
                                                           : result.data.dataset.source);
  if (!result.headline.empty()) page.subtitle += ": " + result.headline;
  page.warnings = result.warnings;
  if (!result.verdict.passed()) {
    page.warnings.insert(page.warnings.begin(), verdict_sentence(result.verdict));
  }
  page.footer = {fmt::format("psi {} ({})", version(), git_commit())};
  std::vector<NamedTable> tables;
  const auto shown = [&](const char* name, Table table) {
    tables.push_back({name, std::move(table)});
    return tables.back().table;
  };
  page.sections.push_back(
      {.heading = "Accuracy", .tables = {shown("models", model_table(result))}});
  if (first.usable) {
    page.sections.front().tables.push_back(shown("baselines", baseline_table(result)));
    page.cards = cards(result);
    page.sections.push_back({.heading = "Pictures",
                             .figures = draw_figures(folder, "", figures(result), page.warnings)});
    if (!result.metrics.cosim.empty()) {
      page.sections.push_back(
          {.heading = "Co-simulation",
           .tables = {shown("cosimulation", cosim_table(result.metrics.cosim))}});
    }
    ReportSection model{.heading = "Model", .tables = {fact_table(result)}};
    if (!first.model.candidates.empty()) {
      model.tables.push_back(shown("candidates", candidate_table(result)));
    }
    page.sections.push_back(std::move(model));
    if (result.time_constants) {
      page.sections.push_back(write_tau(*result.time_constants, folder, kTauFolder, page.warnings));
    }
  }
  write_tables(folder, "", tables);
  folder.write(kPageName, to_html(page));
}

std::string cosimulation_text(const std::vector<CosimRow>& rows) {
  return to_text(cosim_table(rows));
}

std::string summary_text(const StudyResult& result) {
  std::string out = result.headline.empty() ? std::string() : result.headline + "\n\n";
  out += to_text(model_table(result)) + "\n";
  if (!result.fits.front().usable) return out;
  out += to_text(baseline_table(result)) + "\n";
  if (!result.fits.front().model.candidates.empty()) out += to_text(candidate_table(result)) + "\n";
  if (!result.metrics.cosim.empty()) out += to_text(cosim_table(result.metrics.cosim)) + "\n";
  if (result.time_constants) out += tau_summary(*result.time_constants);
  return out;
}

}  // namespace psi_xlstm
