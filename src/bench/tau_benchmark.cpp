#include "bench/tau_benchmark.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/identifier.hpp"
#include "core/parallel.hpp"
#include "metrics/statistics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kMostError = 1.5;         // Median, in bounds.
constexpr double kMostWidth = 1.3;         // Mean, in widths of the bound.
constexpr double kLeastCover = 53.0 / 60;  // Of the intervals.
constexpr double kNormal = 1.959963984540054;

std::filesystem::path trial_file(const std::filesystem::path& folder, const TauCase& c, int seed) {
  return folder / "trials" / fmt::format("{}_{}.json", identifier_from(c.name), seed);
}

// Distances of a trial with the right K from the truth.
void add_errors(const TauCase& c,
                const TauTrial& trial,
                std::vector<std::vector<double>>& errors,
                std::vector<std::vector<double>>& widths,
                TauScore& score) {
  for (std::size_t k = 0; k < c.taus.size(); ++k) {
    errors[k].push_back(std::abs(std::log(trial.taus[k] / c.taus[k])) / c.bounds[k]);
    const double width = std::log(trial.high[k] / std::max(trial.low[k], 1e-300));
    widths[k].push_back(width / (2 * kNormal * c.bounds[k]));
    score.covered += trial.low[k] <= c.taus[k] && c.taus[k] <= trial.high[k] ? 1 : 0;
  }
}

void judge_errors(TauScore& score) {
  for (std::size_t k = 0; k < score.median_error.size(); ++k) {
    if (!(score.median_error[k] <= kMostError)) {
      score.missed.push_back(
          fmt::format("median error of tau {}: expected at most {} bounds, found {:.2f}", k + 1,
                      kMostError, score.median_error[k]));
    }
    if (!(score.mean_width[k] <= kMostWidth)) {
      score.missed.push_back(
          fmt::format("mean width of the interval of tau {}: expected at most {} of the bound's, "
                      "found {:.2f}",
                      k + 1, kMostWidth, score.mean_width[k]));
    }
  }
  const int needed = static_cast<int>(std::ceil(kLeastCover * score.intervals - 1e-9));
  if (score.covered < needed) {
    score.missed.push_back(
        fmt::format("intervals that hold the truth: expected at least {} of {}, found {}", needed,
                    score.intervals, score.covered));
  }
}

std::string list(const std::vector<double>& values) {
  return fmt::format("{:.2f}", fmt::join(values, " / "));
}

}  // namespace

TauTrial tau_trial(const TauCase& c, int seed, const tau::TauEstimate& estimate) {
  const bool fixed = estimate.memory == tau::Memory::kFixed;
  TauTrial out{.name = c.name,
               .seed = seed,
               .k = fixed ? estimate.choice.processes : 0,
               .memory = tau::text_of(estimate.memory),
               .taus = {},
               .low = {},
               .high = {},
               .best_verdict = tau::text_of(estimate.best_verdict()),
               .residual_white = estimate.fit.whiteness.white()};
  for (const tau::ProcessEstimate& p : estimate.processes) {
    out.taus.push_back(p.tau);
    out.low.push_back(p.low.value_or(0));
    out.high.push_back(p.high.value_or(std::numeric_limits<double>::max()));
  }
  return out;
}

bool is_right(const TauCase& c, const TauTrial& trial) {
  const bool fixed = trial.memory == tau::text_of(tau::Memory::kFixed);
  const bool told = trial.best_verdict != tau::text_of(tau::Verdict::kNotIdentifiable);
  switch (c.answer) {
    case TauAnswer::kTold:
      return fixed && told && trial.k == static_cast<int>(c.taus.size());
    case TauAnswer::kNotIdentifiable:
      return fixed && !told;
    case TauAnswer::kNoneFixed:
      break;
  }
  return !fixed && trial.memory != tau::text_of(tau::Memory::kNone);
}

TauScore tau_score(const TauCase& c, const std::vector<TauTrial>& trials) {
  TauScore score;
  score.name = c.name;
  score.seeds = static_cast<int>(trials.size());
  score.needed = static_cast<int>(std::ceil(c.fewest_right * score.seeds - 1e-9));
  const bool told = c.answer == TauAnswer::kTold;
  if (told) score.intervals = score.seeds * static_cast<int>(c.taus.size());
  std::vector<std::vector<double>> errors(c.taus.size()), widths(c.taus.size());
  for (const TauTrial& trial : trials) {
    if (!is_right(c, trial)) continue;
    ++score.right;
    if (told) add_errors(c, trial, errors, widths, score);
  }
  for (std::size_t k = 0; told && score.right > 0 && k < errors.size(); ++k) {
    score.median_error.push_back(median(errors[k]));
    score.mean_width.push_back(mean(widths[k]));
  }
  if (score.right < score.needed) {
    score.missed.push_back(fmt::format("right answers: expected at least {} of {}, found {}",
                                       score.needed, score.seeds, score.right));
  }
  if (c.judged_on_errors) judge_errors(score);
  return score;
}

Table tau_benchmark_table(const std::vector<TauScore>& scores) {
  Table table{.caption = "Time constants: right answers, errors and intervals",
              .header = {"case", "right", "needed", "of", "median error / bound",
                         "mean width / bound's", "intervals that hold the truth", "criteria"}};
  for (const TauScore& s : scores) {
    table.rows.push_back({s.name, fmt::format("{}", s.right), fmt::format("{}", s.needed),
                          fmt::format("{}", s.seeds), list(s.median_error), list(s.mean_width),
                          s.intervals > 0 ? fmt::format("{} of {}", s.covered, s.intervals) : "",
                          s.passed() ? "met" : "missed"});
  }
  table.note =
      "Right: K where the records can tell the time constants, no verdict better than \"not "
      "identifiable\" for 2 ms of the published waveforms, no fixed time constants for VTEAM and "
      "the stretched exponential. Errors and widths of the right ones, in Cramer-Rao bounds.";
  return table;
}

TauBenchmark run_tau_benchmark(const TauBenchmarkOptions& options, const Progress& progress) {
  progress("data", 0, "waveforms and clean records");
  std::vector<TauCase> cases = tau_cases();
  for (const std::string& name : options.only) {
    if (std::none_of(cases.begin(), cases.end(),
                     [&](const TauCase& c) { return c.name.find(name) != std::string::npos; })) {
      throw ConfigError(
          fmt::format("bench tau: expected a part of a case's name, found \"{}\"", name));
    }
  }
  if (!options.only.empty()) {
    std::erase_if(cases, [&](const TauCase& c) {
      return std::none_of(options.only.begin(), options.only.end(), [&](const std::string& name) {
        return c.name.find(name) != std::string::npos;
      });
    });
  }
  const int count = static_cast<int>(cases.size()) * options.seeds;
  std::vector<TauTrial> trials(static_cast<std::size_t>(count));
  std::vector<std::string> failures(trials.size());
  std::mutex reporting;
  int done = 0;
  for_each_index(count, options.threads, [&](int i) {
    const auto index = static_cast<std::size_t>(i);
    const TauCase& c = cases[static_cast<std::size_t>(i / options.seeds)];
    const int seed = 1 + i % options.seeds;
    try {
      const std::filesystem::path file = trial_file(options.folder, c, seed);
      if (std::filesystem::exists(file)) {
        trials[index] = read_config<TauTrial>(file);
      } else {
        trials[index] = tau_trial(c, seed, tau::estimate(c.draw(seed), {}));
        write_file(file, config_text(trials[index]));
      }
    } catch (const std::exception& e) {
      failures[index] = e.what();
    }
    const std::lock_guard<std::mutex> lock(reporting);
    progress("estimate", static_cast<double>(++done) / count,
             fmt::format("{}, seed {}", c.name, seed));
  });
  for (const std::string& failure : failures) {
    if (!failure.empty()) throw DataError(failure);
  }
  TauBenchmark out;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto first = trials.begin() + static_cast<std::ptrdiff_t>(i) * options.seeds;
    out.scores.push_back(tau_score(cases[i], {first, first + options.seeds}));
    const TauScore& s = out.scores.back();
    json.push_back({{"case", s.name},
                    {"seeds", s.seeds},
                    {"right", s.right},
                    {"needed", s.needed},
                    {"bound_sd_ln_tau", cases[i].bounds},
                    {"median_error_over_bound", s.median_error},
                    {"mean_width_over_bound", s.mean_width},
                    {"covered", s.covered},
                    {"intervals", s.intervals},
                    {"missed", s.missed}});
  }
  out.table = tau_benchmark_table(out.scores);
  write_file(options.folder / "tau_benchmark.json", json.dump(2) + "\n");
  write_file(options.folder / "tables" / "tau_benchmark.md", to_markdown(out.table));
  return out;
}

}  // namespace psi_xlstm
