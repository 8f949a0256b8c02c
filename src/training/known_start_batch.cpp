#include "training/known_start_batch.hpp"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "fit/evaluation.hpp"

namespace psi_xlstm::training {
namespace {

using torch::Tensor;

// Of the drives that the device's law is asked for.
constexpr double kStretch = 0.4;                    // ln of how much slower or faster
constexpr double kSmallest = 0.7, kLargest = 1.05;  // times the measured amplitude

// Filled by rows [k][b], then made a tensor.
class Grid {
 public:
  Grid(std::int64_t rows, std::int64_t columns, float value = 0)
      : tensor_(torch::full({rows, columns}, value)),
        data_(tensor_.data_ptr<float>()),
        columns_(columns) {}
  float& operator()(std::size_t row, std::size_t column) {
    return data_[row * static_cast<std::size_t>(columns_) + column];
  }
  const Tensor& tensor() const { return tensor_; }

 private:
  Tensor tensor_;
  float* data_;
  std::int64_t columns_;
};

// `inputs` and `rest_inputs` from voltages [T + 1, B] and starts.
void set_inputs(KnownStartBatch& batch, const Tensor& voltage, const std::vector<float>& start) {
  const Tensor x = torch::tensor(start);
  batch.inputs = torch::stack({voltage, x.unsqueeze(0).expand_as(voltage)}, 2).contiguous();
  batch.rest_inputs = torch::stack({torch::zeros_like(x), x}, 1).contiguous();
}

Record from_sample(const Record& record, std::size_t first) {
  Record rest;
  const auto at = static_cast<std::ptrdiff_t>(first);
  rest.time.assign(record.time.begin() + at, record.time.end());
  rest.voltage = {{record.voltage[0].begin() + at, record.voltage[0].end()}};
  rest.current = {{record.current[0].begin() + at, record.current[0].end()}};
  return rest;
}

}  // namespace

KnownStartBatch measured_batch(const std::vector<const fit::Segment*>& windows,
                               const KnownStartScales& scales) {
  const std::size_t count = windows.size();
  std::size_t blocks = 0;
  for (const fit::Segment* w : windows) blocks = std::max(blocks, w->blocks.size());
  const auto T = static_cast<std::int64_t>(blocks) + 1, B = static_cast<std::int64_t>(count);
  Grid voltage(T + 1, B), rho(T, B), weight(T, B), target(T, B, 1), position(T, B);
  std::vector<float> start, samples;
  KnownStartBatch batch;
  for (std::size_t b = 0; b < count; ++b) {
    const fit::Segment& w = *windows[b];
    start.push_back(static_cast<float>(w.log_conductance - std::log(scales.conductance)));
    samples.push_back(static_cast<float>(w.samples));
    batch.misfit_inside += w.misfit_inside;
    const double unit = scales.conductance / w.noise_sd;
    double v = w.voltage_left;
    voltage(1, b) = static_cast<float>(v);
    for (std::size_t k = 1; k <= blocks; ++k) {
      if (k <= w.blocks.size()) {
        const fit::Block& block = w.blocks[k - 1];
        v = block.voltage_right;
        rho(k, b) = static_cast<float>(block.duration / scales.reference_step);
        weight(k, b) = static_cast<float>(block.svv * unit * unit);
        if (block.svv > 0) {
          target(k, b) = static_cast<float>(block.svi / block.svv / scales.conductance);
        }
        position(k, b) = static_cast<float>(block.position);
      }
      voltage(k + 1, b) = static_cast<float>(v);
    }
  }
  set_inputs(batch, voltage.tensor(), start);
  batch.rho = rho.tensor();
  batch.weight = weight.tensor();
  batch.target = target.tensor();
  batch.position = position.tensor();
  batch.samples = torch::tensor(samples);
  return batch;
}

WindowPool::WindowPool(const Dataset& data,
                       const std::vector<int>& records,
                       double prefix,
                       double noise,
                       int decimation)
    : log_conductance_max_(-std::numeric_limits<double>::infinity()) {
  constexpr double kParts[] = {1, 0.4, 0.2, 0.1, 0.05};
  constexpr int kWindowPrefix = 200;
  for (double part : kParts) {
    std::vector<fit::Segment> windows;
    for (int quarter = 0; quarter < (part < 1 ? 4 : 1); ++quarter) {
      for (int r : records) {
        const Record& record = data.records[static_cast<std::size_t>(r)];
        const double noise_sd = fit::noise_of(record, noise);
        const auto length = static_cast<std::size_t>(part * static_cast<double>(record.size()));
        const Record rest = from_sample(record, length * static_cast<std::size_t>(quarter) / 4);
        const fit::StartConductance start = fit::find_start(rest, noise_sd, {.prefix = prefix});
        const fit::SegmentOptions options{.decimation = decimation,
                                          .window = part < 1 ? static_cast<int>(length) : 0,
                                          .window_prefix = kWindowPrefix,
                                          .skip = start.samples,
                                          .noise_sd = noise_sd,
                                          .start = start};
        for (fit::Segment& s : fit::make_segments(rest, options)) {
          if (s.blocks.size() * static_cast<std::size_t>(decimation) < length / 2) continue;
          log_conductance_max_ = std::max(log_conductance_max_, s.log_conductance);
          windows.push_back(std::move(s));
        }
      }
    }
    classes_.push_back(std::move(windows));
  }
}

std::vector<const fit::Segment*> WindowPool::draw(int step, int steps, Rng& rng) const {
  const auto& pool = classes_[static_cast<std::size_t>(step) % classes_.size()];
  const auto length = static_cast<double>(pool.front().blocks.size() + 1);
  const int count = std::max(1, static_cast<int>(std::lround(steps / length)));
  std::vector<const fit::Segment*> out;
  for (int i = 0; i < count; ++i) out.push_back(&pool[rng.index(pool.size())]);
  return out;
}

std::vector<const fit::Segment*> WindowPool::whole() const {
  std::vector<const fit::Segment*> out;
  for (const fit::Segment& s : classes_.front()) out.push_back(&s);
  return out;
}

LawPool::LawPool(const Dataset& data,
                 const std::vector<int>& records,
                 const equations::ThresholdDevice& device,
                 double log_conductance_max)
    : device_(device),
      log_low_(-std::log(0.995 * device.r_off)),
      log_high_(std::min(log_conductance_max + 0.15, -std::log(1.02 * device.r_on))) {
  for (int r : records) {
    const Record& record = data.records[static_cast<std::size_t>(r)];
    drives_.push_back({torch::tensor(record.time, torch::kFloat64),
                       torch::tensor(record.voltage[0], torch::kFloat64)});
  }
}

// ln G: evenly, or evenly over the resistance, which is over the state.
double LawPool::random_start(Rng& rng) const {
  if (rng.uniform() < 0.5) return rng.uniform(log_low_, log_high_);
  return -std::log(rng.uniform(std::exp(-log_high_), std::exp(-log_low_)));
}

KnownStartBatch LawPool::draw(
    int samples, int decimation, int windows, const KnownStartScales& scales, Rng& rng) const {
  const std::int64_t blocks = samples / decimation, used = blocks * decimation;
  std::vector<Tensor> voltage, rho, gain, loss;
  std::vector<float> start;
  for (int b = 0; b < windows; ++b) {
    const Drive& drive = drives_[rng.index(drives_.size())];
    const auto first =
        static_cast<std::int64_t>(rng.index(static_cast<std::size_t>(drive.time.size(0) - used)));
    start.push_back(static_cast<float>(random_start(rng) - std::log(scales.conductance)));
    const double stretch = std::exp(rng.uniform(-kStretch, kStretch));
    const double amplitude = rng.uniform(kSmallest, kLargest);
    const Tensor time = stretch * drive.time.narrow(0, first, used + 1);
    const Tensor V = amplitude * drive.voltage.narrow(0, first, used + 1);
    const equations::StateLaw law = equations::threshold_law(V.narrow(0, 0, used), device_);
    const Tensor area = law.rate * time.diff();
    const auto by_block = [&](const Tensor& x) { return x.view({blocks, decimation}).sum(1); };
    // Before the first block nothing lasts: the network goes from rest to the first voltage.
    const auto from_rest = [](const Tensor& x) { return torch::constant_pad_nd(x, {1, 0}); };
    voltage.push_back(from_rest(V.slice(0, 0, used + 1, decimation)));
    rho.push_back(from_rest(by_block(time.diff()) / scales.reference_step));
    gain.push_back(from_rest(by_block(area * law.target)));
    loss.push_back(from_rest(by_block(area)));
  }
  const auto together = [](const std::vector<Tensor>& windows_of) {
    return torch::stack(windows_of, 1).to(torch::kFloat32).contiguous();
  };
  KnownStartBatch batch;
  set_inputs(batch, together(voltage), start);
  batch.rho = together(rho);
  batch.law = {together(gain), together(loss)};
  return batch;
}

}  // namespace psi_xlstm::training
