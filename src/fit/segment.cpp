#include "fit/segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

struct Samples {
  const std::vector<double>& time;
  const std::vector<double>& voltage;
  const std::vector<double>& current;
};

// Sums over samples [first, last) of a block whose right edge is sample `right`; samples below
// `count_from` take part in the step but not in the residual.
Block make_block(const Samples& s,
                 std::size_t first,
                 std::size_t last,
                 std::size_t right,
                 std::size_t count_from,
                 double& sii) {
  Block block;
  block.duration = s.time[right] - s.time[first];
  block.voltage_right = s.voltage[right];
  double weighted_time = 0, weighted_voltage = 0;
  sii = 0;
  for (std::size_t k = std::max(first, count_from); k < last; ++k) {
    const double v = s.voltage[k];
    block.svv += v * v;
    block.svi += v * s.current[k];
    sii += s.current[k] * s.current[k];
    weighted_time += v * v * (s.time[k] - s.time[first]);
    weighted_voltage += v * v * v;
  }
  if (block.svv > 0) {
    block.voltage = weighted_voltage / block.svv;
    if (block.duration > 0) block.position = weighted_time / block.svv / block.duration;
  }
  return block;
}

Segment make_segment(const Record& record,
                     std::size_t first,
                     std::size_t last,
                     std::size_t count_from,
                     const SegmentOptions& options) {
  const Samples samples{record.time, record.voltage[0], record.current[0]};
  Segment segment;
  segment.voltage_left = samples.voltage[first];
  segment.noise_sd = options.noise_sd;
  const double weight = 1 / (options.noise_sd * options.noise_sd);
  const auto step = static_cast<std::size_t>(options.decimation);
  for (std::size_t k = first; k < last; k += step) {
    const std::size_t end = std::min(k + step, last);
    const std::size_t right = std::min(end, record.size() - 1);
    double sii = 0;
    const Block block = make_block(samples, k, end, right, count_from, sii);
    const double explained = block.svv > 0 ? block.svi * block.svi / block.svv : 0;
    segment.misfit_inside += (sii - explained) * weight;
    segment.blocks.push_back(block);
  }
  segment.samples = static_cast<int>(last - std::min(last, std::max(first, count_from)));
  return segment;
}

void set_start(Segment& segment, const StartConductance& start) {
  segment.log_conductance = std::log(start.value);
  segment.log_conductance_sd = start.log_sd;
}

}  // namespace

void require_one_port(const Record& record) {
  if (record.voltage.size() == 1 && record.current.size() == 1) return;
  throw DataError(fmt::format("record {}: expected one port, found {}", record.id,
                              std::max(record.voltage.size(), record.current.size())));
}

StartConductance start_conductance(const Record& record, int first, int samples, double noise_sd) {
  require_one_port(record);
  double svv = 0, svi = 0;
  const auto begin = static_cast<std::size_t>(first);
  const std::size_t end = std::min(begin + static_cast<std::size_t>(samples), record.size());
  for (std::size_t k = begin; k < end; ++k) {
    const double v = record.voltage[0][k];
    svv += v * v;
    svi += v * record.current[0][k];
  }
  StartConductance start;
  start.samples = static_cast<int>(end - begin);
  if (svv > 0) {
    start.value = svi / svv;
    start.log_sd = noise_sd / std::sqrt(svv) / std::abs(start.value);
  }
  return start;
}

std::vector<Segment> make_segments(const Record& record, const SegmentOptions& options) {
  require_one_port(record);
  std::vector<Segment> segments;
  const std::size_t size = record.size();
  if (options.window == 0 || static_cast<std::size_t>(options.window) >= size) {
    Segment whole = make_segment(record, 0, size, static_cast<std::size_t>(options.skip), options);
    set_start(whole, options.start);
    whole.correction = options.correction;
    segments.push_back(std::move(whole));
    return segments;
  }
  const auto window = static_cast<std::size_t>(options.window);
  for (std::size_t first = 0; first + window / 2 <= size; first += window) {
    const StartConductance start =
        start_conductance(record, static_cast<int>(first), options.window_prefix, options.noise_sd);
    // A window that starts where the voltage crosses zero says nothing about its conductance.
    if (!(start.value > 0) || start.log_sd > 0.1) continue;
    Segment piece = make_segment(record, first, std::min(first + window, size), first, options);
    set_start(piece, start);
    segments.push_back(std::move(piece));
  }
  return segments;
}

}  // namespace psi_xlstm::fit
