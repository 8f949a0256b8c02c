#include "data/record_facts.hpp"

#include <algorithm>
#include <cmath>

namespace psi_xlstm {
namespace {

constexpr std::size_t kClippedRun = 4;  // So many equal samples are no accident.

double middle(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), half, values.end());
  return *half;
}

// White noise of variance s^2 has second differences of variance 6 s^2; what moves slowly has none.
double noise_of(const std::vector<double>& values) {
  constexpr double kDeviationOfMedian = 1.4826;
  std::vector<double> bends;
  for (std::size_t k = 2; k < values.size(); ++k) {
    bends.push_back(std::abs(values[k] - 2 * values[k - 1] + values[k - 2]));
  }
  return kDeviationOfMedian * middle(std::move(bends)) / std::sqrt(6.0);
}

double deviation_of(const std::vector<double>& values) {
  double mean = 0, sum = 0;
  for (double value : values) mean += value / static_cast<double>(values.size());
  for (double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// How near to an end of its range a signal stands still, and how far the other one moves
// meanwhile, in parts of their ranges. The top of a sine stays within a thousandth of the range
// while another sine moves by 6 % of its own at most; nothing but a limit repeats the same number.
struct StandStill {
  double near, moves;
};
constexpr StandStill kExactly = {.near = 0, .moves = 0.01}, kNearly = {.near = 1e-3, .moves = 0.1};
constexpr double kStands = 1e-3;    // Of the largest value: what moves by less does not move.
constexpr double kOff = 0.2;        // Of the largest value: a current below it is off, not limited.
constexpr double kRounding = 1e-9;  // Of the range: what differs by less was the same level.

std::size_t standing_samples(const std::vector<double>& values,
                             const SignalFacts& facts,
                             const std::vector<double>& other,
                             double least,
                             const StandStill& still) {
  const auto [low, high] = std::minmax_element(other.begin(), other.end());
  const double moves = std::max({still.moves * (*high - *low), 5 * noise_of(other),
                                 kStands * std::max(std::abs(*low), std::abs(*high))});
  const double near = still.near * (facts.greatest - facts.least);
  const auto end_of = [&](double value) {
    if (std::abs(value) < least) return 0;
    return value <= facts.least + near ? -1 : value >= facts.greatest - near ? 1 : 0;
  };
  std::size_t standing = 0;
  for (std::size_t k = 0; k < values.size();) {
    std::size_t end = k + 1;
    while (end < values.size() && end_of(values[end]) == end_of(values[k])) ++end;
    if (end_of(values[k]) != 0 && end - k >= kClippedRun) {
      const auto begin = other.begin();
      const auto [a, b] = std::minmax_element(begin + static_cast<std::ptrdiff_t>(k),
                                              begin + static_cast<std::ptrdiff_t>(end));
      if (*b - *a > moves) standing += end - k;
    }
    k = end;
  }
  return standing;
}

std::size_t clipped_samples(const std::vector<double>& values,
                            const SignalFacts& facts,
                            const std::vector<double>& other,
                            double off) {
  if (!(facts.greatest > facts.least) || other.size() != values.size()) return 0;
  const double least = off * std::max(std::abs(facts.least), std::abs(facts.greatest));
  return std::max(standing_samples(values, facts, other, least, kExactly),
                  standing_samples(values, facts, other, least, kNearly));
}

// What stands below the part `off` of its largest value is at no limit.
SignalFacts signal_facts(const std::vector<double>& values,
                         const std::vector<double>& other,
                         double off) {
  SignalFacts facts;
  if (values.empty()) return facts;
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  facts.least = sorted.front();
  facts.greatest = sorted.back();
  facts.levels = 1;
  const double rounding = kRounding * (facts.greatest - facts.least);
  double level = sorted.front();
  for (double value : sorted) {
    const double step = value - level;
    if (step <= rounding) continue;
    ++facts.levels;
    facts.step = facts.step == 0 ? step : std::min(facts.step, step);
    level = value;
  }
  facts.deviation = deviation_of(values);
  facts.noise = noise_of(values);
  facts.clipped = clipped_samples(values, facts, other, off);
  return facts;
}

void set_times(const std::vector<double>& time, RecordFacts& facts) {
  if (time.size() < 2) return;
  facts.start = time.front();
  facts.duration = time.back() - time.front();
  std::vector<double> steps;
  for (std::size_t k = 1; k < time.size(); ++k) steps.push_back(time[k] - time[k - 1]);
  const auto [shortest, longest] = std::minmax_element(steps.begin(), steps.end());
  facts.shortest_step = *shortest;
  facts.longest_step = *longest;
  facts.median_step = middle(std::move(steps));
}

void set_current_at_zero(const std::vector<double>& V,
                         const std::vector<double>& I,
                         RecordFacts& facts) {
  std::vector<double> found;
  for (std::size_t k = 0; k + 1 < V.size() && I.size() == V.size(); ++k) {
    const bool crosses = (V[k] < 0 && V[k + 1] >= 0) || (V[k] > 0 && V[k + 1] <= 0);
    if (!crosses) continue;
    const double part = V[k] / (V[k] - V[k + 1]);
    found.push_back(I[k] + part * (I[k + 1] - I[k]));
  }
  facts.zero_crossings = found.size();
  if (!found.empty()) facts.current_at_zero = middle(std::move(found));
}

}  // namespace

RecordFacts record_facts(const Record& record) {
  RecordFacts facts;
  facts.samples = record.size();
  set_times(record.time, facts);
  if (record.voltage.empty() || record.current.empty()) return facts;
  facts.voltage = signal_facts(record.voltage[0], record.current[0], 0);
  facts.current = signal_facts(record.current[0], record.voltage[0], kOff);
  set_current_at_zero(record.voltage[0], record.current[0], facts);
  return facts;
}

}  // namespace psi_xlstm
