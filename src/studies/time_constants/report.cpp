#include "studies/time_constants/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include "core/json/json_numbers.hpp"
#include "core/number_text.hpp"
#include "run/publish.hpp"
#include "studies/time_constants/gate_report.hpp"

namespace psi_xlstm {
namespace {

Json process_json(const tau::ProcessEstimate& p) {
  return {{"tau_s", number(p.tau)},
          {"low_s", number(p.low)},
          {"high_s", number(p.high)},
          {"verdict", tau::text_of(p.verdict)},
          {"reason", p.reason},
          {"amplitude", number(p.amplitude)},
          {"sd_ln_tau", number(p.sd_ln_tau)},
          {"interval", p.profile ? "profile likelihood" : "normal"},
          {"tau_beside_slower_s", number(p.tau_beside_slow)},
          {"sd_ln_tau_beside_slower", number(p.sd_beside_slow)}};
}

// Correlations of the estimates of ln tau, row by row.
Json correlation_json(const Eigen::MatrixXd& covariance) {
  Json rows = Json::array();
  for (Eigen::Index i = 0; i < covariance.rows(); ++i) {
    Json row = Json::array();
    for (Eigen::Index j = 0; j < covariance.cols(); ++j) {
      row.push_back(number(covariance(i, j) / std::sqrt(covariance(i, i) * covariance(j, j))));
    }
    rows.push_back(row);
  }
  return rows;
}

Json advice_json(const TauStudyResult& result) {
  if (!result.advice) return nullptr;
  const tau::Advice& a = *result.advice;
  return {{"text", a.text},
          {"reachable", a.reachable},
          {"duration_s", number(a.duration)},
          {"worst_sd", number(a.worst_sd)},
          {"worst_tau_s", number(a.worst_tau)},
          {"tau_range_s", numbers(result.advice_range)}};
}

Json whiteness_json(const tau::Whiteness& w) {
  return {{"ljung_box_p", number(w.samples.p_value)},
          {"ljung_box_lags", w.samples.lags},
          {"blocks_p", number(w.blocks.p_value)},
          {"block_power", number(w.block_power)},
          {"block_power_p", number(w.block_power_p)}};
}

Json bias_json(const tau::BiasRates& b) {
  Json curves = Json::array();
  for (const tau::RateCurve& c : b.curves) {
    curves.push_back({{"conductance_S", number(c.conductance)},
                      {"tau_s", numbers(c.taus)},
                      {"sd_ln_tau", numbers(c.sd_ln_tau)}});
  }
  return {{"usable", b.usable},         {"reason", b.reason},
          {"parameters", b.parameters}, {"mean_square", number(b.mean_square)},
          {"spread", number(b.spread)}, {"voltage_V", numbers(b.voltages)},
          {"curves", std::move(curves)}};
}

std::string interval_end(const std::optional<double>& value) {
  return value ? engineering(*value, "s") : "none";
}

Table process_table(const tau::TauEstimate& e) {
  Table table{.caption = "Processes",
              .header = {"process", "tau", "low", "high", "sd", "verdict", "reason"}};
  int number = 0;
  for (const tau::ProcessEstimate& p : e.processes) {
    table.rows.push_back({fmt::format("{}", ++number), engineering(p.tau, "s"), interval_end(p.low),
                          interval_end(p.high), fmt::format("{:.2g} %", 100 * p.sd_ln_tau),
                          tau::text_of(p.verdict), p.reason});
  }
  table.note =
      fmt::format("95 % intervals{}. {}, {}; information of ln tau: condition number {:.3g}.",
                  e.fit.sandwich ? ", widened because the residuals are not white" : "",
                  tau::describe(e.choice.records.response),
                  e.choice.free_start ? "unknown start" : "from rest", e.fit.condition);
  return table;
}

Table candidate_table(const tau::TauEstimate& e) {
  const tau::Choice& c = e.choice;
  const double best = std::min(*std::min_element(c.bic.begin(), c.bic.end()), c.stretched_bic);
  Table table{
      .caption = "Candidates",
      .header = {"memory", "BIC - best", "held-out chi2", "starts", "agreeing", "time constants"}};
  for (std::size_t k = 0; k < c.fits.size(); ++k) {
    std::string taus;
    for (double t : c.fits[k].taus) {
      taus += (taus.empty() ? "" : ", ") + engineering(t, "s");
    }
    table.rows.push_back({fmt::format("{} fixed", k), fmt::format("{:.6g}", c.bic[k] - best),
                          fmt::format("{:.6g}", c.held_out[k]), fmt::format("{}", c.fits[k].starts),
                          fmt::format("{}", c.fits[k].agreeing), taus});
  }
  table.rows.push_back(
      {"stretched exponential", fmt::format("{:.6g}", c.stretched_bic - best), "", "", "",
       fmt::format("{}, beta {:.3f}", engineering(c.stretched.tau, "s"), c.stretched.beta)});
  table.note =
      "Held out: a quarter of the samples in turn, chi2 per sample of the noise of the best fit. "
      "Agreeing: searches that ended in the best point.";
  return table;
}

Figure spectrum_figure(const tau::TauEstimate& e) {
  Panel panel{.x = {.label = "time constant [s]", .logarithmic = true},
              .left = {.label = e.choice.records.response.form == tau::Form::kConductance
                                    ? "amplitude [S per unit of drive]"
                                    : "amplitude [A per unit of drive]"}};
  const double low = e.choice.records.grid.low(), high = e.choice.records.grid.high();
  for (const tau::ProcessEstimate& p : e.processes) {
    panel.series.push_back(
        {.label = fmt::format("{}: {}", engineering(p.tau, "s"), tau::text_of(p.verdict)),
         .x = {p.tau},
         .y = {p.amplitude},
         .style = SeriesStyle::kMarkers});
    panel.series.push_back({.label = "",
                            .x = {p.low.value_or(low), p.high.value_or(high)},
                            .y = {p.amplitude, p.amplitude}});
  }
  panel.left.low = std::min(0.0, e.fit.solution.amplitudes.minCoeff() * 1.1);
  panel.left.high = std::max(0.0, e.fit.solution.amplitudes.maxCoeff() * 1.1);
  Figure figure{.title = "Time constants with 95 % intervals"};
  figure.panels = {std::move(panel)};
  return figure;
}

Figure residual_figure(const tau::TauEstimate& e) {
  const std::vector<double>& r = e.fit.whiteness.autocorrelation;
  std::vector<double> lags;
  for (std::size_t l = 1; l <= r.size(); ++l) lags.push_back(static_cast<double>(l));
  std::size_t longest = 0;
  for (const auto& values : e.fit.residuals.values) longest = std::max(longest, values.size());
  const double limit = 1.96 / std::sqrt(static_cast<double>(longest));
  const std::vector<double> ends = {1, lags.back()};
  Panel panel{
      .x = {.label = "lag [samples]"},
      .left = {.label = "autocorrelation"},
      .series = {{.label = "residuals", .x = lags, .y = r, .style = SeriesStyle::kMarkers},
                 {.label = "95 % of white ones",
                  .x = ends,
                  .y = {limit, limit},
                  .style = SeriesStyle::kDashed},
                 {.label = "", .x = ends, .y = {-limit, -limit}, .style = SeriesStyle::kDashed}}};
  Figure figure{.title = "Autocorrelation of the residuals of the fixed time constants"};
  figure.panels = {std::move(panel)};
  return figure;
}

Figure bias_figure(const tau::BiasRates& b) {
  Panel panel{.x = {.label = "voltage [V]"},
              .left = {.label = "time constant [s]", .logarithmic = true}};
  for (const tau::RateCurve& c : b.curves) {
    panel.series.push_back({.label = fmt::format("at {}", engineering(c.conductance, "S")),
                            .x = b.voltages,
                            .y = c.taus});
    for (double side : {-1.96, 1.96}) {
      Series band{.label = "", .x = b.voltages, .y = {}, .style = SeriesStyle::kDashed};
      for (std::size_t j = 0; j < c.taus.size(); ++j) {
        band.y.push_back(c.taus[j] * std::exp(side * std::min(c.sd_ln_tau[j], 20.0)));
      }
      panel.series.push_back(std::move(band));
    }
  }
  Figure figure{.title = "Time constant against voltage in three states, with 95 % bands",
                .panel_height = 340};
  figure.panels = {std::move(panel)};
  return figure;
}

}  // namespace

std::string tau_json(const TauStudyResult& result) {
  const tau::TauEstimate& e = result.estimate;
  const tau::Choice& c = e.choice;
  Json processes = Json::array();
  for (const tau::ProcessEstimate& p : e.processes) processes.push_back(process_json(p));
  const bool fixed = e.memory == tau::Memory::kFixed;
  Json json = {{"k", fixed ? c.processes : 0},
               {"memory", tau::text_of(e.memory)},
               {"conclusion", e.conclusion},
               {"bic", numbers(c.bic)},
               {"held_out_chi2", numbers(c.held_out)},
               {"processes", std::move(processes)},
               {"residual_white", e.fit.whiteness.white()},
               {"residuals", whiteness_json(e.fit.whiteness)},
               {"advice", advice_json(result)},
               {"response", tau::describe(c.records.response)},
               {"static_curve", c.curved},
               {"start", c.free_start ? "unknown" : "rest"},
               {"noise", number(result.noise)},
               {"condition", number(e.fit.condition)},
               {"correlation", correlation_json(e.fit.covariance)},
               {"stretched",
                {{"tau_s", number(c.stretched.tau)},
                 {"beta", number(c.stretched.beta)},
                 {"bic", number(c.stretched_bic)}}},
               {"bias_rates", e.bias_rates ? bias_json(*e.bias_rates) : Json(nullptr)},
               {"networks", gates_json(result.networks)},
               {"files", result.files},
               {"warnings", e.warnings}};
  return json.dump(2) + "\n";
}

std::vector<Table> tau_tables(const TauStudyResult& result) {
  std::vector<Table> tables;
  if (!result.estimate.processes.empty()) tables.push_back(process_table(result.estimate));
  tables.push_back(candidate_table(result.estimate));
  for (Table& table : gate_tables(result.networks, result.estimate)) {
    tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<Figure> tau_figures(const TauStudyResult& result) {
  const tau::TauEstimate& e = result.estimate;
  std::vector<Figure> figures;
  if (!e.processes.empty()) figures.push_back(spectrum_figure(e));
  figures.push_back(residual_figure(e));
  if (e.bias_rates && e.bias_rates->usable) figures.push_back(bias_figure(*e.bias_rates));
  return figures;
}

ReportSection write_tau(const TauStudyResult& result,
                        RunFolder& folder,
                        const std::filesystem::path& below,
                        std::vector<std::string>& warnings) {
  folder.write(below / "tau.json", tau_json(result));
  ReportSection section{.heading = "Time constants", .paragraphs = {result.estimate.conclusion}};
  if (result.advice) section.paragraphs.push_back("Advice: " + result.advice->text);
  for (const std::string& warning : result.estimate.warnings) section.paragraphs.push_back(warning);
  section.tables = tau_tables(result);
  std::vector<NamedTable> tables;
  for (const Table& table : section.tables) {
    std::string name = table.caption.substr(0, table.caption.find(' '));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    tables.push_back({std::move(name), table});
  }
  write_tables(folder, below, tables);
  std::vector<NamedFigure> figures;
  for (Figure& figure : tau_figures(result)) {
    figures.push_back(
        {fmt::format("figure_{}", figures.size() + 1), figure.title, std::move(figure)});
  }
  section.figures = draw_figures(folder, below, figures, warnings);
  return section;
}

std::vector<std::string> result_lines(const TauStudyResult& result,
                                      const std::filesystem::path& folder) {
  const tau::TauEstimate& e = result.estimate;
  std::string open;
  for (const tau::ProcessEstimate& p : e.processes) {
    if (p.verdict == tau::Verdict::kIdentified) continue;
    open += fmt::format("{}{} ({})", open.empty() ? "" : ", ", engineering(p.tau, "s"),
                        tau::text_of(p.verdict));
  }
  if (!e.fit.whiteness.white())
    open += (open.empty() ? "" : ", ") + std::string("coloured residuals");
  return {"finding       " + e.conclusion, "files         " + (folder / "tau.json").string(),
          "not certain   " + (open.empty() ? "nothing within the record's range" : open)};
}

std::string tau_summary(const TauStudyResult& result) {
  const tau::TauEstimate& e = result.estimate;
  std::string out;
  if (!e.processes.empty()) out += to_text(process_table(e)) + "\n";
  if (result.advice) out += filled("Advice: " + result.advice->text);
  return out;
}

std::string tau_details(const TauStudyResult& result) {
  std::string out = to_text(candidate_table(result.estimate)) + "\n";
  for (const Table& table : gate_tables(result.networks, result.estimate)) {
    out += to_text(table) + "\n";
  }
  return out;
}

}  // namespace psi_xlstm
