#include "studies/compact/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "core/number_text.hpp"
#include "core/plural.hpp"
#include "ir/dynamics.hpp"
#include "metrics/spectrum.hpp"
#include "metrics/whiteness.hpp"

namespace psi_xlstm {
namespace {

// A unit in which numbers up to `largest` are easy to read.
struct Unit {
  double factor = 1;  ///< Multiplies SI values.
  std::string name;
};

Unit unit_for(double largest, const std::string& base) {
  constexpr std::pair<double, const char*> kPrefixes[] = {
      {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}};
  for (const auto& [size, prefix] : kPrefixes) {
    if (largest >= size) return {1 / size, prefix + base};
  }
  return {1e12, "p" + base};
}

double largest_of(const std::vector<double>& values) {
  double largest = 0;
  for (double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

std::vector<double> scaled(const std::vector<double>& values, double factor) {
  std::vector<double> out(values.size());
  std::transform(values.begin(), values.end(), out.begin(), [&](double v) { return v * factor; });
  return out;
}

std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out(a.size());
  std::transform(a.begin(), a.end(), b.begin(), out.begin(), std::minus<>());
  return out;
}

FigureAxis axis(const std::string& what, const Unit& unit) {
  return {.label = fmt::format("{} [{}]", what, unit.name)};
}

// About eight periods of `record`, in samples.
std::ptrdiff_t detail_length(const Record& record) {
  constexpr int kPeriods = 8;
  int crossings = 0;
  for (std::size_t k = 1; k < record.size(); ++k) {
    crossings += record.voltage[0][k] * record.voltage[0][k - 1] < 0 ? 1 : 0;
  }
  const auto n = static_cast<std::ptrdiff_t>(record.size());
  return std::clamp<std::ptrdiff_t>(crossings > 0 ? 2 * kPeriods * n / crossings : n,
                                    std::min<std::ptrdiff_t>(n, 50), n);
}

// Where the `length` neighbours of `residual` with the largest squares begin.
std::ptrdiff_t worst_region(const std::vector<double>& residual, std::ptrdiff_t length) {
  const auto n = static_cast<std::ptrdiff_t>(residual.size());
  double sum = 0, most = -1;
  std::ptrdiff_t first = 0;
  for (std::ptrdiff_t k = 0; k < n; ++k) {
    sum += residual[static_cast<std::size_t>(k)] * residual[static_cast<std::size_t>(k)];
    if (k >= length) {
      const double left = residual[static_cast<std::size_t>(k - length)];
      sum -= left * left;
    }
    if (k + 1 < length || sum <= most) continue;
    most = sum;
    first = k + 1 - length;
  }
  return first;
}

// The region where the model is worst, sample by sample.
Panel detail_panel(const Record& record,
                   const fit::Prediction& prediction,
                   const Unit& s,
                   const Unit& a) {
  const std::vector<double>& measured = record.current[0];
  const std::ptrdiff_t length = detail_length(record);
  const std::ptrdiff_t first = worst_region(difference(prediction.current, measured), length);
  const auto part = [&](const std::vector<double>& values, double factor) {
    return scaled({values.begin() + first, values.begin() + first + length}, factor);
  };
  const std::vector<double> time = part(record.time, s.factor);
  return {.title = "where the model is worst",
          .x = axis("time", s),
          .left = axis("current", a),
          .series = {{.label = "measured",
                      .x = time,
                      .y = part(measured, a.factor),
                      .style = SeriesStyle::kPoints},
                     {.label = "model", .x = time, .y = part(prediction.current, a.factor)}}};
}

}  // namespace

ShownRecord shown_record(const Dataset& dataset, const std::vector<fit::Prediction>& predictions) {
  const auto record_of = [&](const fit::Prediction& p) {
    return dataset.records[static_cast<std::size_t>(p.record)];
  };
  if (!dataset.leave_one_out || !dataset.continuous) {
    const auto worst =
        std::max_element(predictions.begin(), predictions.end(), [&](const auto& a, const auto& b) {
          return fit::score(dataset, {a}).mse.value_or(0) <
                 fit::score(dataset, {b}).mse.value_or(0);
        });
    return {record_of(*worst), *worst};
  }
  ShownRecord shown{record_of(predictions.front()), predictions.front()};
  const auto append = [](std::vector<double>& to, const std::vector<double>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (std::size_t i = 1; i < predictions.size(); ++i) {
    const Record part = record_of(predictions[i]);
    append(shown.record.time, part.time);
    append(shown.record.voltage[0], part.voltage[0]);
    append(shown.record.current[0], part.current[0]);
    append(shown.record.clean_current, part.clean_current);
    append(shown.prediction.current, predictions[i].current);
    append(shown.prediction.conductance, predictions[i].conductance);
  }
  return shown;
}

Figure waveform_figure(const Record& record, const fit::Prediction& prediction) {
  const std::vector<double>& measured = record.current[0];
  const std::vector<double> residual = difference(prediction.current, measured);
  const Unit s = unit_for(record.time.back() - record.time.front(), "s");
  const Unit v = unit_for(largest_of(record.voltage[0]), "V");
  const Unit a = unit_for(largest_of(measured), "A");
  const Unit r = unit_for(largest_of(residual), "A");
  const std::vector<double> time = scaled(record.time, s.factor);
  Figure figure{.title = fmt::format("Test record {}", record.id), .panel_height = 240};
  figure.panels = {
      {.x = axis("time", s),
       .left = axis("voltage", v),
       .series = {{.x = time, .y = scaled(record.voltage[0], v.factor)}}},
      {.x = axis("time", s),
       .left = axis("current", a),
       .series = {{.label = "measured", .x = time, .y = scaled(measured, a.factor)},
                  {.label = "model, running freely",
                   .x = time,
                   .y = scaled(prediction.current, a.factor)}}},
      detail_panel(record, prediction, s, a),
      {.x = axis("time", s),
       .left = axis("model - measured", r),
       .series = {
           {.x = time, .y = scaled(residual, r.factor), .style = SeriesStyle::kMutedLines}}}};
  return figure;
}

namespace {

// The frequency of the largest line of the voltage [Hz]; 0 where there is none.
double main_frequency(const Record& record) {
  if (record.size() < 8) return 0;
  const Spectrum spectrum = amplitude_spectrum(record.time, record.voltage[0]);
  const auto largest = std::max_element(spectrum.amplitude.begin() + 1, spectrum.amplitude.end());
  return spectrum.frequency[static_cast<std::size_t>(largest - spectrum.amplitude.begin())];
}

Panel loop_panel(const Record& record, const fit::Prediction& prediction) {
  constexpr std::size_t kFew = 2000;  // so many can be told apart as points
  const Unit v = unit_for(largest_of(record.voltage[0]), "V");
  const Unit a = unit_for(largest_of(record.current[0]), "A");
  const std::vector<double> voltage = scaled(record.voltage[0], v.factor);
  return {.title = fmt::format("record {}: up to {}, mostly {}", record.id,
                               engineering(largest_of(record.voltage[0]), "V"),
                               engineering(main_frequency(record), "Hz")),
          .x = axis("voltage", v),
          .left = axis("current", a),
          .series = {{.label = "measured",
                      .x = voltage,
                      .y = scaled(record.current[0], a.factor),
                      .style = record.size() <= kFew ? SeriesStyle::kPoints : SeriesStyle::kLines},
                     {.label = "model", .x = voltage, .y = scaled(prediction.current, a.factor)}}};
}

}  // namespace

Figure loop_figure(const Dataset& dataset, const std::vector<fit::Prediction>& predictions) {
  constexpr std::size_t kMost = 4;
  std::vector<const fit::Prediction*> shown;
  const auto record_of = [&](const fit::Prediction* p) -> const Record& {
    return dataset.records[static_cast<std::size_t>(p->record)];
  };
  for (const fit::Prediction& p : predictions) shown.push_back(&p);
  std::stable_sort(shown.begin(), shown.end(), [&](const auto* a, const auto* b) {
    return largest_of(record_of(a).voltage[0]) < largest_of(record_of(b).voltage[0]);
  });
  const std::size_t count = std::min(kMost, shown.size());
  Figure figure{.title = "Current against voltage", .width = 560, .panel_height = 380};
  for (std::size_t k = 0; k < count; ++k) {
    // Spread over the amplitudes, the largest one last.
    const std::size_t i = count == 1 ? 0 : k * (shown.size() - 1) / (count - 1);
    figure.panels.push_back(loop_panel(record_of(shown[i]), *shown[i]));
  }
  return figure;
}

Figure front_figure(const std::vector<fit::CandidateReport>& candidates) {
  Panel panel{.x = {.label = "trained numbers"},
              .left = {.label = "error on the records that choose [A^2]", .logarithmic = true}};
  Series chosen{.label = "chosen", .style = SeriesStyle::kMarkers};
  std::map<int, Series> by_states;
  for (const fit::CandidateReport& c : candidates) {
    Series& series = c.chosen ? chosen : by_states[c.shape.states];
    series.x.push_back(c.parameters);
    series.y.push_back(c.validation_mse);
  }
  for (auto& [states, series] : by_states) {
    series.label = count_of(states, "state");
    series.style = SeriesStyle::kMarkers;
    panel.series.push_back(std::move(series));
  }
  panel.series.push_back(std::move(chosen));
  Figure figure{.title = "Every candidate: size against error", .panel_height = 340};
  figure.panels = {std::move(panel)};
  return figure;
}

std::optional<Figure> cosimulation_errors_figure(const std::vector<CosimOutcome>& transients) {
  Panel panel{.left = {.label = "largest error / full scale", .logarithmic = true}};
  std::map<std::string, Series> by_path;
  Series limits{.label = "limit", .style = SeriesStyle::kMarkers};
  for (const CosimOutcome& outcome : transients) {
    const CosimRow& row = outcome.row;
    if (!row.limit || !row.max_abs_err_over_fs) continue;
    auto place = std::find(panel.tick_labels.begin(), panel.tick_labels.end(), row.stimulus);
    const auto index = static_cast<double>(place - panel.tick_labels.begin());
    if (place == panel.tick_labels.end()) {
      panel.tick_labels.push_back(row.stimulus);
      limits.x.push_back(index);
      limits.y.push_back(*row.limit);
    }
    Series& series = by_path[row.form()];
    series.label = row.form();
    series.style = SeriesStyle::kBars;
    series.x.push_back(index);
    series.y.push_back(std::max(*row.max_abs_err_over_fs, 1e-12));
  }
  if (by_path.empty()) return std::nullopt;
  for (auto& [path, series] : by_path) panel.series.push_back(std::move(series));
  panel.series.push_back(std::move(limits));
  Figure figure{.title = "Simulators against the network's own equations", .panel_height = 320};
  figure.panels = {std::move(panel)};
  return figure;
}

Figure spectrum_figure(const Record& record, const fit::Prediction& prediction) {
  const Spectrum measured = amplitude_spectrum(record.time, record.current[0]);
  const Spectrum model = amplitude_spectrum(record.time, prediction.current);
  const Spectrum error =
      amplitude_spectrum(record.time, difference(prediction.current, record.current[0]));
  const auto series = [&](const char* label, const Spectrum& s, SeriesStyle style) {
    // The mean is not on a logarithmic axis.
    return Series{.label = label,
                  .x = {s.frequency.begin() + 1, s.frequency.end()},
                  .y = {s.amplitude.begin() + 1, s.amplitude.end()},
                  .style = style};
  };
  Figure figure{.title = fmt::format("Spectrum of the current, test record {}", record.id),
                .panel_height = 340};
  figure.panels = {{.x = {.label = "frequency [Hz]", .logarithmic = true},
                    .left = {.label = "amplitude [A]", .logarithmic = true},
                    .series = {series("measured", measured, SeriesStyle::kMutedLines),
                               series("model", model, SeriesStyle::kLines),
                               series("model - measured", error, SeriesStyle::kDashed)}}};
  return figure;
}

std::optional<Figure> time_constant_figure(const ir::Network& network) {
  if (network.state_count() == 0) return std::nullopt;
  constexpr int kPoints = 201;
  const double low = network.box.voltage_min[0], high = network.box.voltage_max[0];
  Panel panel{.x = {.label = "voltage [V]"},
              .left = {.label = "time constant [s]", .logarithmic = true}};
  ir::Evaluator evaluator(network);
  const bool tied = network.start == ir::Start::kTied;
  for (double position : {0.1, 0.5, 0.9}) {
    const double g = std::exp(std::log(network.box.conductance_min) * (1 - position) +
                              std::log(network.box.conductance_max) * position);
    const std::vector<double> c = ir::initial_state(network, g);
    for (int k = 0; k < network.rate_count(); ++k) {
      Series series{.label = tied ? fmt::format("at {}", engineering(g, "S")) : "at rest"};
      if (network.rate_count() > 1) series.label = fmt::format("tau {}, {}", k + 1, series.label);
      for (int i = 0; i < kPoints; ++i) {
        const double v = low + (high - low) * i / (kPoints - 1);
        evaluator.evaluate(ir::Part::kDynamics, {&v, 1}, c);
        series.x.push_back(v);
        series.y.push_back(1 / evaluator.rate(k));
      }
      panel.series.push_back(std::move(series));
    }
    if (!tied) break;
  }
  Figure figure{.title = "Time constants against voltage and state", .panel_height = 340};
  figure.panels = {std::move(panel)};
  return figure;
}

std::optional<Figure> cosimulation_figure(const std::vector<CosimOutcome>& transients) {
  Figure figure{.title = "Co-simulation: |simulator - reference| / full scale",
                .panel_height = 170};
  for (const CosimOutcome& outcome : transients) {
    if (outcome.time.empty()) continue;
    const double full_scale = largest_of(outcome.reference);
    const Unit s = unit_for(outcome.time.back(), "s");
    Series series{.x = scaled(outcome.time, s.factor)};
    for (std::size_t k = 0; k < outcome.time.size(); ++k) {
      const double error = std::abs(outcome.current[k] - outcome.reference[k]) / full_scale;
      series.y.push_back(std::max(error, 1e-9));
    }
    figure.panels.push_back({.title = outcome.row.stimulus + ", " + outcome.row.form(),
                             .x = axis("time", s),
                             .left = {.label = "error", .logarithmic = true, .low = 1e-9},
                             .series = {std::move(series)}});
  }
  if (figure.panels.empty()) return std::nullopt;
  return figure;
}

namespace {

// The lines at plus and minus `height` from `low` to `high`.
Series band(const std::string& label, double low, double high, double height) {
  const double gap = std::numeric_limits<double>::quiet_NaN();
  return {.label = label,
          .x = {low, high, high, low, high},
          .y = {height, height, gap, -height, -height},
          .style = SeriesStyle::kDashed};
}

}  // namespace

Figure residual_figure(const Record& record, const fit::Prediction& prediction, double noise) {
  std::vector<double> residual = difference(prediction.current, record.current[0]);
  residual.erase(residual.begin(), residual.begin() + prediction.scored_from);
  std::vector<double> time(record.time.begin() + prediction.scored_from, record.time.end());
  const Unit s = unit_for(record.time.back() - record.time.front(), "s");
  const Unit r = unit_for(largest_of(residual), "A");
  time = scaled(time, s.factor);
  Figure figure{.title = fmt::format("What is left over, test record {}", record.id),
                .panel_height = 240};
  figure.panels = {{.x = axis("time", s),
                    .left = axis("model - measured", r),
                    .series = {{.label = "residual", .x = time, .y = scaled(residual, r.factor)}}}};
  if (noise > 0) {
    figure.panels.back().series.push_back(
        band("noise: two standard deviations", time.front(), time.back(), 2 * noise * r.factor));
  }
  constexpr int kLags = 200;
  const int lags = std::min<int>(kLags, static_cast<int>(residual.size()) / 4);
  if (lags < 1) return figure;
  const std::vector<double> correlation = autocorrelation(residual, lags);
  std::vector<double> lag;
  for (int l = 1; l <= lags; ++l) lag.push_back(l);
  const double limit = 1.96 / std::sqrt(static_cast<double>(residual.size()));
  figure.panels.push_back({.x = {.label = "lag [samples]"},
                           .left = {.label = "autocorrelation"},
                           .series = {{.label = "of the residual", .x = lag, .y = correlation},
                                      band("95 % of white noise", 1, lag.back(), limit)}});
  return figure;
}

}  // namespace psi_xlstm
