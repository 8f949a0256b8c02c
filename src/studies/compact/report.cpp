#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "psi_xlstm/core/version.hpp"
#include "report/html.hpp"
#include "run/publish.hpp"
#include "studies/compact/figures.hpp"
#include "studies/compact/page.hpp"
#include "studies/compact/standing.hpp"
#include "studies/compact/study.hpp"
#include "studies/compact/tables.hpp"

namespace psi_xlstm {
namespace {

// Collects tables that go to files, and gives them to the page.
class Tables {
 public:
  Table add(const char* name, Table table) {
    all.push_back({name, std::move(table)});
    return all.back().table;
  }

  std::vector<NamedTable> all;
};

// The noise on the current of `record` [A]: what is known of it, else an estimate.
double noise_in(const Record& record, std::optional<double> noise) {
  if (record.clean_current.empty()) return fit::noise_of(record, noise);
  return std::sqrt(mean_squared_error(record.clean_current, record.current[0]));
}

// Whether there is more than one size among the candidates.
bool has_front(const std::vector<fit::CandidateReport>& candidates) {
  return std::any_of(candidates.begin(), candidates.end(), [&](const fit::CandidateReport& c) {
    return c.parameters != candidates.front().parameters;
  });
}

// The pictures of how good the model is.
std::vector<NamedFigure> accuracy_figures(const StudyResult& result) {
  const FitOutcome& first = result.fits.front();
  const Dataset& dataset = result.data.dataset;
  const auto [record, shown] = shown_record(dataset, first.predictions);
  std::vector<NamedFigure> out = {
      {"waveform",
       "The model over the measurement, on the test record with the largest error. It gets the "
       "voltage and the conductance at the start, nothing else.",
       waveform_figure(record, shown)},
      {"residual",
       "What the model leaves over. Noise stays in the band and is not correlated with itself; "
       "what "
       "is, the model has not explained.",
       residual_figure(record, shown, noise_in(record, dataset.noise))},
      {"loop", "The loops of the test records, by amplitude.",
       loop_figure(dataset, first.predictions)}};
  if (has_front(first.model.candidates)) {
    out.push_back({"front", "What a larger model would be worth: every candidate that was fitted.",
                   front_figure(first.model.candidates)});
  }
  return out;
}

// Further pictures, which are folded.
std::vector<NamedFigure> further_figures(const StudyResult& result) {
  const FitOutcome& first = result.fits.front();
  const auto [record, shown] = shown_record(result.data.dataset, first.predictions);
  std::vector<NamedFigure> out = {{"spectrum",
                                   "Where in frequency the error lies; white noise is flat.",
                                   spectrum_figure(record, shown)}};
  if (auto f = time_constant_figure(first.model.network)) {
    out.push_back({"time_constants", "How fast the state relaxes, by voltage and conductance.",
                   std::move(*f)});
  }
  return out;
}

ReportSection cosimulation_section(const StudyResult& result,
                                   Tables& tables,
                                   RunFolder& folder,
                                   std::vector<std::string>& warnings) {
  const std::vector<CosimRow>& rows = result.metrics.cosim;
  ReportSection section{.heading = "In the simulator",
                        .tables = {cosim_summary_table(rows, result.metrics.not_run)}};
  if (auto f = cosimulation_errors_figure(result.cosim.transients)) {
    section.figures =
        draw_figures(folder, "",
                     {{"cosimulation_errors",
                       "The largest error of every transient, beside its limit.", std::move(*f)}},
                     warnings);
  }
  ReportSection rest{.heading = "Every comparison",
                     .tables = {tables.add("cosimulation", cosim_table(rows))}};
  if (auto f = cosimulation_figure(result.cosim.transients)) {
    rest.figures = draw_figures(
        folder, "",
        {{"cosimulation", "What the simulator's steps cost in accuracy.", std::move(*f)}},
        warnings);
  }
  section.folded = {std::move(rest)};
  return section;
}

ReportSection numbers_section(const StudyResult& result,
                              Tables& tables,
                              RunFolder& folder,
                              std::vector<std::string>& warnings) {
  ReportSection section{
      .heading = "Numbers",
      .tables = {tables.add("models", model_table(result)),
                 tables.add("baselines", baseline_table(result)), fact_table(result)}};
  if (!result.fits.front().model.candidates.empty()) {
    section.folded.push_back({.heading = "Every candidate",
                              .tables = {tables.add("candidates", candidate_table(result))}});
  }
  section.folded.push_back(
      {.heading = "Spectrum and time constants of the model",
       .figures = draw_figures(folder, "", further_figures(result), warnings)});
  return section;
}

void add_sections(const StudyResult& result, Tables& tables, RunFolder& folder, ReportPage& page) {
  const std::vector<std::string> words = introduction(result);
  page.subtitle = words.front();
  page.introduction.assign(words.begin() + 1, words.end());
  page.sections.push_back(
      {.heading = "How good it is",
       .figures = draw_figures(folder, "", accuracy_figures(result), page.warnings)});
  page.sections.push_back(coverage_section(result));
  page.sections.push_back(usage_section(result));
  page.sections.push_back(numbers_section(result, tables, folder, page.warnings));
  if (!result.metrics.cosim.empty() || !result.metrics.not_run.empty()) {
    page.sections.push_back(cosimulation_section(result, tables, folder, page.warnings));
  }
  if (result.time_constants) {
    page.sections.push_back(write_tau(*result.time_constants, folder, kTauFolder, page.warnings));
  }
}

}  // namespace

void write_report(const StudyResult& result, RunFolder& folder) {
  ReportPage page{.title = result.config.study};
  page.warnings = result.warnings;
  if (!result.verdict.passed()) {
    page.warnings.insert(page.warnings.begin(), verdict_sentence(result.verdict));
  }
  page.footer = {fmt::format("psi {} ({})", version(), git_commit())};
  Tables tables;
  if (result.fits.front().usable) {
    add_sections(result, tables, folder, page);
  } else {
    page.subtitle = "No model: " + result.fits.front().reason;
    page.sections.push_back(
        {.heading = "Numbers", .tables = {tables.add("models", model_table(result))}});
  }
  write_tables(folder, "", tables.all);
  folder.write(kPageName, to_html(page));
}

std::string cosimulation_text(const std::vector<CosimRow>& rows,
                              const std::vector<NotRun>& not_run) {
  return to_text(cosim_table(rows)) + "\n" + to_text(cosim_summary_table(rows, not_run));
}

std::string summary_text(const StudyResult& result) {
  std::string out = to_text(model_table(result)) + "\n";
  if (!result.fits.front().usable) return out;
  out += to_text(baseline_table(result)) + "\n";
  if (!result.metrics.cosim.empty() || !result.metrics.not_run.empty())
    out += to_text(cosim_summary_table(result.metrics.cosim, result.metrics.not_run)) + "\n";
  if (result.time_constants) out += filled(result.time_constants->estimate.conclusion);
  return out;
}

std::string details_text(const StudyResult& result) {
  if (!result.fits.front().usable) return "";
  std::string out;
  if (!result.fits.front().model.candidates.empty()) out += to_text(candidate_table(result)) + "\n";
  if (!result.metrics.cosim.empty()) out += to_text(cosim_table(result.metrics.cosim)) + "\n";
  if (result.time_constants) {
    out += tau_summary(*result.time_constants) + tau_details(*result.time_constants);
  }
  return out;
}

}  // namespace psi_xlstm
