#include "diagnosis/clipping.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

using Values = std::vector<double>;

struct Run {
  std::size_t begin = 0, end = 0;
  std::size_t size() const { return end - begin; }
};

constexpr std::size_t kShortest = 5;
constexpr double kMoves = 0.1;     // of the range of the other channel
constexpr double kNoiseMoves = 8;  // standard deviations, which no noise moves by

double full_scale(const Values& values) {
  double most = 0;
  for (double x : values) most = std::max(most, std::abs(x));
  return most;
}

double range_of(const Values& values, const Run& run) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(run.begin);
  const auto [low, high] =
      std::minmax_element(begin, begin + static_cast<std::ptrdiff_t>(run.size()));
  return *high - *low;
}

double range_of(const Values& values) { return range_of(values, {0, values.size()}); }

// Stretches of at least kShortest samples within `width` of the largest of `sign` times `values`.
std::vector<Run> flat_tops(const Values& values, double sign, double width) {
  double top = sign * values.front();
  for (double x : values) top = std::max(top, sign * x);
  std::vector<Run> runs;
  for (std::size_t k = 0; k < values.size();) {
    Run run{k, k};
    while (run.end < values.size() && sign * values[run.end] >= top - width) ++run.end;
    if (run.size() >= kShortest) runs.push_back(run);
    k = std::max(run.end, k + 1);
  }
  return runs;
}

// A smooth maximum that stays within w over a stretch falls by 8 w over as many samples beside it;
// a clipped current has a corner.
bool has_corner(const Values& current, const Run& run, double width) {
  constexpr double kSteep = 30;
  const double level = current[run.begin];
  const std::size_t before = run.begin > run.size() ? run.begin - run.size() : 0;
  const std::size_t after = std::min(run.end + run.size(), current.size()) - 1;
  return std::abs(current[before] - level) > kSteep * width ||
         std::abs(current[after] - level) > kSteep * width;
}

void keep(const Run& run, std::size_t& longest, int& samples, Run& kept) {
  samples += static_cast<int>(run.size());
  if (run.size() <= longest) return;
  longest = run.size();
  kept = run;
}

std::optional<Clipping> clipped_current(const Record& record) {
  constexpr double kFlat = 1e-3, kEnd = 0.2;  // of full scale
  const Values &v = record.voltage[0], &i = record.current[0];
  // Within its noise, or a thousandth of its full scale, a voltage does not move.
  const double stands = std::max(kNoiseMoves * noise_sd_from_differences(v), kFlat * full_scale(v));
  const double scale = full_scale(i), moves = std::max(kMoves * range_of(v), stands);
  Clipping out{.channel = "current", .unit = "A"};
  std::size_t longest = 0;
  Run shown;
  for (double sign : {1.0, -1.0}) {
    for (const Run& run : flat_tops(i, sign, kFlat * scale)) {
      if (sign * i[run.begin] < kEnd * scale || range_of(v, run) < moves) continue;
      if (has_corner(i, run, kFlat * scale)) keep(run, longest, out.samples, shown);
    }
  }
  if (longest == 0) return std::nullopt;
  out.level = i[(shown.begin + shown.end) / 2];
  out.other_first = v[shown.begin];
  out.other_last = v[shown.end - 1];
  return out;
}

// The sample at which the current turns within `run`, having moved by `moves` on both sides.
std::optional<std::size_t> turning_point(const Values& current, const Run& run, double moves) {
  for (double sign : {1.0, -1.0}) {
    std::size_t peak = run.begin;
    for (std::size_t k = run.begin; k < run.end; ++k) {
      if (sign * current[k] > sign * current[peak]) peak = k;
    }
    const double most = sign * current[peak];
    if (most - sign * current[run.begin] > moves && most - sign * current[run.end - 1] > moves) {
      return peak;
    }
  }
  return std::nullopt;
}

std::optional<Clipping> clipped_voltage(const Record& record) {
  const Values &v = record.voltage[0], &i = record.current[0];
  const double moves = std::max(kMoves * range_of(i), kNoiseMoves * noise_sd_from_differences(i));
  Clipping out{.channel = "voltage", .unit = "V"};
  std::size_t longest = 0;
  Run shown;
  for (double sign : {1.0, -1.0}) {
    for (const Run& run : flat_tops(v, sign, 0)) {
      if (turning_point(i, run, moves)) keep(run, longest, out.samples, shown);
    }
  }
  if (longest == 0) return std::nullopt;
  out.level = v[shown.begin];
  out.other_first = i[shown.begin];
  out.other_last = i[*turning_point(i, shown, moves)];
  return out;
}

}  // namespace

std::optional<Clipping> clipping_of(const Record& record) {
  if (record.size() < 2 * kShortest) return std::nullopt;
  if (const auto current = clipped_current(record)) return current;
  return clipped_voltage(record);
}

}  // namespace psi_xlstm
