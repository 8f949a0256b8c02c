#include "studies/networks/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "metrics/spectrum.hpp"
#include "metrics/statistics.hpp"
#include "studies/compact/figures.hpp"

namespace psi_xlstm {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kRatio = "MSE / noise floor";

bool is_bound(const Reference& r) { return r.key == "bayes_bound" || r.key == "noise_floor"; }

// One group of bars: a model, or a kind of predictor.
struct BarGroup {
  std::string label;
  std::vector<double> of_seed;  ///< Not finite: no bar.
};

std::vector<BarGroup> bar_groups(const NetworkStudyResult& result) {
  const std::vector<int>& seeds = result.config.seeds;
  std::vector<BarGroup> groups;
  const auto group = [&](const std::string& label) -> BarGroup& {
    for (BarGroup& g : groups) {
      if (g.label == label) return g;
    }
    return groups.emplace_back(BarGroup{label, std::vector<double>(seeds.size(), kNothing)});
  };
  const auto set = [&](const std::string& label, int seed, const std::optional<double>& value) {
    BarGroup& g = group(label);
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      if (seeds[s] == seed) g.of_seed[s] = value.value_or(kNothing);
    }
  };
  for (const ModelOutcome& o : result.outcomes) {
    if (o.usable) set(o.label, o.seed, o.test.mse_over_floor);
  }
  for (const Reference& r : result.references) {
    if (is_bound(r)) continue;
    for (int seed : r.seed ? std::vector<int>{*r.seed} : seeds) set(r.name, seed, r.mse_over_floor);
  }
  return groups;
}

// The error that a bound allows, across all groups.
Series bound_line(const Reference& bound, std::size_t groups) {
  const double value = bound.mse_over_floor.value_or(kNothing);
  return {.label = bound.name,
          .x = {-0.6, static_cast<double>(groups) - 0.4},
          .y = {value, value},
          .style = SeriesStyle::kDashed};
}

// So many models as there are colours; of more, those that are no variants first.
std::vector<std::string> shown_labels(const NetworkStudyConfig& config) {
  constexpr std::size_t kColors = 7;
  std::vector<std::string> labels = model_labels(config);
  if (labels.size() <= kColors) return labels;
  std::stable_partition(labels.begin(), labels.end(), [&](const std::string& label) {
    return label == kCompactLabel ||
           std::any_of(config.networks.begin(), config.networks.end(), [&](const NetworkConfig& n) {
             return n.label.empty() && label_of(n) == label;
           });
  });
  labels.resize(kColors);
  return labels;
}

// Those of the first seed.
std::vector<const ModelOutcome*> shown_models(const NetworkStudyResult& result) {
  std::vector<const ModelOutcome*> shown;
  for (const std::string& label : shown_labels(result.config)) {
    for (const ModelOutcome& o : result.outcomes) {
      const bool wanted = o.label == label && o.seed == result.config.seeds.front();
      if (o.usable && wanted) shown.push_back(&o);
    }
  }
  return shown;
}

Series spectrum_series(const std::string& label,
                       const std::vector<double>& time,
                       const std::vector<double>& current,
                       SeriesStyle style) {
  constexpr double kLow = 50e3, kHigh = 150e3;
  const Spectrum spectrum = amplitude_spectrum(time, current);
  Series series{.label = label, .style = style};
  for (std::size_t i = 0; i < spectrum.frequency.size(); ++i) {
    if (spectrum.frequency[i] < kLow || spectrum.frequency[i] > kHigh) continue;
    series.x.push_back(spectrum.frequency[i] / 1e3);
    series.y.push_back(spectrum.amplitude[i]);
  }
  return series;
}

}  // namespace

std::optional<Figure> performance_figure(const NetworkStudyResult& result) {
  const std::vector<BarGroup> groups = bar_groups(result);
  if (groups.empty()) return std::nullopt;
  Panel panel{.left = {.label = kRatio, .logarithmic = true}};
  for (const BarGroup& g : groups) {
    panel.tick_labels.push_back(g.label.substr(0, g.label.find(" (")));
  }
  for (std::size_t s = 0; s < result.config.seeds.size(); ++s) {
    Series bars{.label = fmt::format("seed {}", result.config.seeds[s]),
                .style = SeriesStyle::kBars};
    for (std::size_t g = 0; g < groups.size(); ++g) {
      bars.x.push_back(static_cast<double>(g));
      bars.y.push_back(groups[g].of_seed[s]);
    }
    panel.series.push_back(std::move(bars));
  }
  std::string last;
  for (const Reference& r : result.references) {
    if (!is_bound(r) || r.key == last) continue;
    panel.series.push_back(bound_line(r, groups.size()));
    last = r.key;
  }
  panel.left.low = 0.5;
  Figure figure{.title = "Error on the test records", .panel_height = 440};
  figure.panels = {std::move(panel)};
  return figure;
}

std::optional<Figure> compression_figure(const NetworkStudyResult& result) {
  Panel panel{.x = {.label = "deployed parameters", .logarithmic = true},
              .left = {.label = kRatio, .logarithmic = true, .low = 0.5}};
  for (const std::string& label : shown_labels(result.config)) {
    const auto errors = over_seeds(result.outcomes, label,
                                   [](const ModelOutcome& o) { return o.test.mse_over_floor; });
    const auto sizes = over_seeds(result.outcomes, label, [](const ModelOutcome& o) {
      return std::optional<double>(o.deployed_parameters());
    });
    if (errors.empty()) continue;
    panel.series.push_back(
        {.label = label, .x = {mean(sizes)}, .y = {mean(errors)}, .style = SeriesStyle::kMarkers});
  }
  if (panel.series.empty()) return std::nullopt;
  Figure figure{.title = "Error against size, mean over the seeds", .panel_height = 340};
  figure.panels = {std::move(panel)};
  return figure;
}

std::optional<Figure> network_waveform_figure(const NetworkStudyResult& result) {
  for (const ModelOutcome& o : result.outcomes) {
    if (!o.usable || (o.stored && !o.stored->layer_widths.empty())) continue;
    const auto own = std::find_if(result.seeds.begin(), result.seeds.end(),
                                  [&](const SeedData& data) { return data.seed == o.seed; });
    if (own == result.seeds.end() || o.predictions.empty()) continue;
    const fit::Prediction& p = o.predictions.back();
    Figure figure = waveform_figure(own->dataset.records[static_cast<std::size_t>(p.record)], p);
    figure.title += fmt::format(", seed {}, {}", o.seed, o.label);
    return figure;
  }
  return std::nullopt;
}

std::optional<Figure> network_spectrum_figure(const NetworkStudyResult& result) {
  const std::vector<const ModelOutcome*> models = shown_models(result);
  if (models.empty()) return std::nullopt;
  const fit::Prediction& frame = models.front()->predictions.back();
  const Record& record =
      result.seeds.front().dataset.records[static_cast<std::size_t>(frame.record)];
  const auto scored = [&](const std::vector<double>& values) {
    return std::vector<double>(values.begin() + frame.scored_from, values.end());
  };
  const std::vector<double> time = scored(record.time), measured = scored(record.current[0]);
  Panel current{.title = "current",
                .x = {.label = "frequency [kHz]", .low = 50, .high = 150},
                .left = {.label = "amplitude [A]", .logarithmic = true}};
  Panel rest = current;
  rest.title = "model - measured";
  current.series = {spectrum_series("measured", time, measured, SeriesStyle::kMutedLines)};
  rest.series = current.series;
  for (const ModelOutcome* o : models) {
    std::vector<double> model = scored(o->predictions.back().current);
    current.series.push_back(spectrum_series(o->label, time, model, SeriesStyle::kLines));
    for (std::size_t k = 0; k < model.size(); ++k) model[k] -= measured[k];
    rest.series.push_back(spectrum_series(o->label, time, model, SeriesStyle::kLines));
  }
  Figure figure{.title = fmt::format("Spectrum of the current, seed {}, test record {}",
                                     result.config.seeds.front(), record.id),
                .panel_height = 320};
  figure.panels = {std::move(current), std::move(rest)};
  return figure;
}

std::optional<Figure> training_curve_figure(const NetworkStudyResult& result) {
  Figure figure{.title = "Training curves", .panel_height = 220};
  for (const std::string& label : model_labels(result.config)) {
    Panel panel{
        .title = label, .x = {.label = "step"}, .left = {.label = "loss", .logarithmic = true}};
    for (const ModelOutcome& o : result.outcomes) {
      if (o.label != label || o.curve.empty()) continue;
      Series training{.style = SeriesStyle::kMutedLines};
      Series validation{.label = fmt::format("seed {}, validation", o.seed)};
      for (const CurvePoint& point : o.curve) {
        training.x.push_back(point.step);
        training.y.push_back(point.training);
        validation.x.push_back(point.step);
        validation.y.push_back(point.validation);
      }
      panel.series.push_back(std::move(training));
      panel.series.push_back(std::move(validation));
    }
    const bool drawable =
        std::any_of(panel.series.begin(), panel.series.end(), [](const Series& s) {
          return std::any_of(s.y.begin(), s.y.end(), [](double y) { return y > 0; });
        });
    if (drawable) figure.panels.push_back(std::move(panel));
  }
  if (figure.panels.empty()) return std::nullopt;
  return figure;
}

}  // namespace psi_xlstm
