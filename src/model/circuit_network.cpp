#include "model/circuit_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/atomic_file.hpp"
#include "core/safetensors.hpp"
#include "ir/dynamics.hpp"
#include "ir/recurrent.hpp"
#include "kernels/continuous/network.hpp"
#include "model/compact_model.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

ir::Network with_box(const StoredNetwork& stored, const ir::TrainingBox& box) {
  if (stored.protocol != "known_start" || !stored.layer_widths.empty()) {
    throw DataError(
        fmt::format("network {}: expected a recurrent one of the protocol known_start, found {} of "
                    "the protocol {}",
                    stored.model, stored.layer_widths.empty() ? "one" : "one without recurrence",
                    stored.protocol));
  }
  return ir::recurrent_network({.shape = stored.shape,
                                .parameters = stored.parameters,
                                .conductance_scale = stored.conductance_scale,
                                .reference_step = stored.reference_step,
                                .box = box},
                               stored.model);
}

// Every `every`-th sample.
Record thinned(const Record& record, std::size_t every) {
  Record out;
  out.id = record.id;
  out.voltage.resize(1);
  for (std::size_t k = 0; k < record.size(); k += every) {
    out.time.push_back(record.time[k]);
    out.voltage[0].push_back(record.voltage[0][k]);
  }
  return out;
}

// The states of one layer of the kernels as those of the network (ir/recurrent.hpp).
void append_states(const kernels::LayerShape& layer,
                   const std::vector<double>& state,
                   std::vector<double>& out) {
  if (layer.kind == kernels::LayerKind::kSlstm) {
    const auto H = static_cast<std::size_t>(layer.hidden), units = state.size() / 2;
    for (std::size_t j = 0; j < H; ++j) out.push_back(state[j]);
    for (std::size_t j = 0; j < H; ++j) out.push_back(std::log(state[units + j]));
    return;
  }
  const auto heads = static_cast<std::size_t>(layer.heads);
  const auto D = static_cast<std::size_t>(layer.rank > 0 ? layer.rank : layer.hidden / layer.heads);
  const std::size_t row = heads * D;
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t x = 0; x < D; ++x) {
      for (std::size_t y = 0; y < D; ++y) out.push_back(state[y * row + head * D + x]);
    }
  }
  for (std::size_t k = 0; k < row; ++k) out.push_back(state[D * row + k]);
}

// What `stored` does on `record`, seen at every `every`-th sample.
ir::Trajectory thinned_run(const StoredNetwork& stored,
                           const ir::Network& network,
                           const Record& record,
                           double g0,
                           std::size_t every) {
  const ir::Network started = ir::at_start(network, g0);
  ir::Evaluator evaluator(started);
  ir::Trajectory run;
  run.states.resize(static_cast<std::size_t>(network.state_count()));
  walk_states(stored, record, g0, every, [&](std::size_t k, const std::vector<double>& c) {
    evaluator.evaluate(ir::Part::kOutput, {&record.voltage[0][k], 1}, c);
    run.current.push_back(evaluator.value(started.current_node));
    run.conductance.push_back(evaluator.value(started.conductance().node));
    for (std::size_t s = 0; s < c.size(); ++s) run.states[s].push_back(c[s]);
  });
  return run;
}

}  // namespace

std::optional<StoredNetwork> load_recurrent(const std::filesystem::path& file) {
  const SafetensorsFile content = parse_safetensors(read_file(file), file.string());
  if (content.metadata.contains("network")) return std::nullopt;
  return load_network(file);
}

ir::Network circuit_network(const StoredNetwork& stored) {
  if (stored.protocol == "known_start" && stored.layer_widths.empty() && stored.box.duration <= 0) {
    throw DataError(
        fmt::format("network {}: expected the box of its training data, found none; \"psi run\" "
                    "with the same config adds it without training again",
                    stored.model));
  }
  return with_box(stored, stored.box);
}

ir::Network load_circuit_network(const std::filesystem::path& file) {
  if (const auto stored = load_recurrent(file)) return circuit_network(*stored);
  return load_model(file).network;
}

void walk_states(const StoredNetwork& stored,
                 const Record& record,
                 double g0,
                 std::size_t every,
                 const StateVisitor& visit) {
  kernels::RelaxationNetwork<double> kernel(stored.shape);
  kernel.set_parameters(stored.parameters);
  kernels::RelaxationState<double> state;
  const double logarithm = std::log(g0 / stored.conductance_scale);
  const double rest[] = {0, logarithm};
  kernel.forward({.inputs = rest, .rest_inputs = rest}, state);
  for (std::size_t k = 0; k < record.size(); k += every) {
    if (k > 0) {
      std::vector<double> inputs, rho;
      for (std::size_t j = k - every; j <= k; ++j) {
        inputs.insert(inputs.end(), {record.voltage[0][j], logarithm});
        if (j == k - every) continue;
        rho.push_back((record.time[j] - record.time[j - 1]) / stored.reference_step);
      }
      kernel.forward({.steps = static_cast<int>(every), .inputs = inputs.data(), .rho = rho.data()},
                     state);
    }
    std::vector<double> c;
    for (std::size_t l = 0; l < stored.shape.layers.size(); ++l) {
      append_states(stored.shape.layers[l], state.layers[l], c);
    }
    visit(k, c);
  }
}

ir::TrainingBox network_box(const StoredNetwork& stored,
                            const std::vector<fit::TrainingRecord>& whole) {
  constexpr std::size_t kEvery = 16;
  ir::TrainingBox box{.conductance_min = 0.5 * stored.conductance_scale,
                      .conductance_max = 2 * stored.conductance_scale,
                      .duration = 1};
  double step = 0;
  for (const fit::TrainingRecord& r : whole) {
    const auto [low, high] =
        std::minmax_element(r.record.voltage[0].begin(), r.record.voltage[0].end());
    box.voltage_min[0] = std::min(box.voltage_min[0], *low);
    box.voltage_max[0] = std::max(box.voltage_max[0], *high);
    for (std::size_t k = 1; k < r.record.size(); ++k) {
      step = std::max(step, r.record.time[k] - r.record.time[k - 1]);
    }
  }
  const ir::Network network = with_box(stored, box);
  std::vector<fit::TrainingRecord> records;
  std::vector<ir::Trajectory> runs;
  for (const fit::TrainingRecord& r : whole) {
    runs.push_back(thinned_run(stored, network, r.record, r.start.value, kEvery));
    records.push_back({thinned(r.record, kEvery), r.noise_sd, r.start});
  }
  box = fit::training_box(network, records, runs);
  box.step_max = step;
  return box;
}

}  // namespace psi_xlstm
