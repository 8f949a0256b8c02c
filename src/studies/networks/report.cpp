#include "studies/networks/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "metrics/statistics.hpp"
#include "psi_xlstm/core/version.hpp"
#include "report/html.hpp"
#include "run/manifest.hpp"
#include "run/publish.hpp"
#include "studies/networks/figures.hpp"
#include "studies/networks/outcome.hpp"

namespace psi_xlstm {
namespace {

std::optional<double> reference_mse(const NetworkStudyResult& result, const std::string& key) {
  for (const Reference& r : result.references) {
    if (r.key == key) return r.mse;
  }
  return std::nullopt;
}

std::vector<std::string> protocol_paragraphs(const NetworkStudyResult& result) {
  if (!result.config.is_published()) {
    return {fmt::format(
        "Whole records are split: 0-6 train, 7 validates, 8 and 9 test. The conductance at the "
        "start of a record comes from its first {:.0f} us of noisy voltage and current, which are "
        "not scored; from there on a model gets the voltage alone and runs freely to the end.",
        1e6 * result.config.prefix)};
  }
  const double bound = reference_mse(result, "bayes_bound").value_or(0);
  const double floor = reference_mse(result, "noise_floor").value_or(0);
  return {
      "The protocol of the published study: a model sees the voltage and the time, the state at "
      "the "
      "start of each record is drawn at random and hidden, and the models of all seeds are judged "
      "on the last 60,000 samples of seed 42.",
      fmt::format(
          "Since the start is hidden, the best that can be computed from (V, t) is the mean of the "
          "current over all starts: the row \"Bayes bound given (V, t)\", {:.3g} A^2 on these "
          "samples, {:.0f} times the noise floor. Nothing can beat it except by luck of the draw: "
          "a "
          "model below it was trained on records whose hidden starts happen to resemble those of "
          "the test, as a resistor with one fitted number can be. The rows that know the start "
          "show "
          "what is lost by hiding it.",
          bound, floor > 0 ? bound / floor : 0)};
}

std::vector<ReportCard> cards(const NetworkStudyResult& result) {
  constexpr std::size_t kMost = 6;
  std::vector<ReportCard> out;
  for (const std::string& label : model_labels(result.config)) {
    const auto ratios = over_seeds(result.outcomes, label,
                                   [](const ModelOutcome& o) { return o.test.mse_over_floor; });
    if (ratios.empty() || out.size() == kMost) continue;
    out.push_back({label, fmt::format("{:.4g}", mean(ratios)),
                   fmt::format("test error over noise floor, mean of {}", ratios.size())});
  }
  return out;
}

std::vector<NamedFigure> figures(const NetworkStudyResult& result) {
  return {
      {"performance", "Every model beside predictors without memory. Lower is better.",
       performance_figure(result)},
      {"compression", "What a smaller model costs in accuracy.", compression_figure(result)},
      {"waveform", "One model along a test record.", network_waveform_figure(result)},
      {"spectrum",
       "Where in frequency the current and the errors lie. White noise is flat; where a model's "
       "error is as small as that, it has reached the measurement.",
       network_spectrum_figure(result)},
      {"training_curves", "Training loss in grey, validation in colour.",
       training_curve_figure(result)}};
}

ReportSection table_section(const std::string& heading,
                            const std::vector<NamedTable>& tables,
                            const std::vector<std::string>& names) {
  ReportSection section{.heading = heading};
  for (const NamedTable& t : tables) {
    if (std::find(names.begin(), names.end(), t.name) != names.end()) {
      section.tables.push_back(t.table);
    }
  }
  return section;
}

}  // namespace

void write_report(const NetworkStudyResult& result, RunFolder& folder) {
  const std::vector<NamedTable> tables = network_tables(result);
  write_tables(folder, "", tables);
  write_tables(folder, "", {{kLatencyName, latency_table(result)}});
  ReportPage page;
  page.title = result.config.study;
  page.subtitle = fmt::format("Recurrent networks on the published data, protocol {}, {} seeds",
                              result.config.is_published() ? "as published" : "with a known start",
                              result.config.seeds.size());
  page.warnings = result.warnings;
  if (!result.verdict.passed()) {
    page.warnings.insert(page.warnings.begin(), verdict_sentence(result.verdict));
  }
  page.cards = cards(result);
  page.footer = {fmt::format("psi {} ({})", version(), git_commit())};
  ReportSection accuracy = table_section("Accuracy", tables, {"summary", "accuracy"});
  accuracy.paragraphs = protocol_paragraphs(result);
  page.sections.push_back(std::move(accuracy));
  ReportSection size = table_section("Size", tables, {"sizes"});
  size.paragraphs = {
      "How long one sample takes differs from run to run and stands in tables/latency.md alone."};
  page.sections.push_back(std::move(size));
  page.sections.push_back(
      {.heading = "Pictures", .figures = draw_figures(folder, "", figures(result), page.warnings)});
  page.sections.push_back(
      table_section("Inside", tables, {"bands", "memory_energy", "time_constants"}));
  if (result.time_constants) {
    page.sections.push_back(write_tau(*result.time_constants, folder, kTauFolder, page.warnings));
  }
  folder.write(kPageName, to_html(page));
}

std::vector<std::filesystem::path> network_files(const NetworkStudyResult& result,
                                                 const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const ModelOutcome& o : result.outcomes) {
    if (o.usable) files.push_back(network_folder(folder, o.seed, o.label) / "model.safetensors");
  }
  return files;
}

std::vector<std::string> result_lines(const NetworkStudyResult& result,
                                      const std::filesystem::path& folder) {
  if (result.interrupted) return {};
  const ModelOutcome* best = nullptr;
  for (const ModelOutcome& o : result.outcomes) {
    if (!o.usable || !o.test.mse_over_floor) continue;
    if (best == nullptr || *o.test.mse_over_floor < *best->test.mse_over_floor) best = &o;
  }
  if (best == nullptr) return {"no model: none of them is usable"};
  const BaselineResult* trivial = nullptr;
  for (const BaselineResult& b : result.metrics.baselines) {
    if (b.nrmse_std && (trivial == nullptr || *b.nrmse_std < *trivial->nrmse_std)) trivial = &b;
  }
  std::string beside;
  if (trivial != nullptr) {
    beside = fmt::format("; best predictor beside them: {:.3g} % ({})", 100 * *trivial->nrmse_std,
                         trivial->name);
  }
  return {
      fmt::format("error         {:.3g} % of the sd of the current, MSE {:.4g} times the noise "
                  "floor ({}, seed {}){}",
                  100 * best->test.nrmse_std.value_or(0), *best->test.mse_over_floor, best->label,
                  best->seed, beside),
      fmt::format("model         {} and {} more",
                  (network_folder(folder, best->seed, best->label) / "model.safetensors").string(),
                  network_files(result, folder).size() - 1),
      "not verified  the models in a circuit simulator (psi cosim MODEL does it)"};
}

std::string summary_text(const NetworkStudyResult& result) {
  if (result.interrupted) return "";
  std::string out;
  for (const NamedTable& t : network_tables(result)) {
    if (t.name == "summary" || t.name == "sizes") out += to_text(t.table) + "\n";
  }
  return out + to_text(latency_table(result)) + "\n";
}

}  // namespace psi_xlstm
