#include "model/circuit_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/json/safetensors.hpp"
#include "ir/dynamics.hpp"
#include "ir/recurrent.hpp"
#include "model/file_format.hpp"
#include "model/network_prediction.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// Why the equations of `stored` are none of a circuit element.
std::string why_not_emitted(const StoredNetwork& stored) {
  if (!stored.layer_widths.empty()) {
    return fmt::format(
        "model {}: expected a recurrent or a compact model for a circuit, found a feed-forward "
        "network, which has no state",
        name_of(stored.model));
  }
  if (stored.is_published()) {
    return fmt::format(
        "model {}: expected one of the known-start protocol for a circuit, found one of the {} "
        "protocol, which sees the time since the start of the record",
        name_of(stored.model), name_of(stored.protocol));
  }
  return "";
}

ir::Network with_box(const StoredNetwork& stored, const ir::TrainingBox& box) {
  std::string problem = why_not_emitted(stored);
  if (!problem.empty()) throw DataError(problem);
  return ir::recurrent_network({.shape = stored.shape,
                                .parameters = stored.parameters,
                                .conductance_scale = stored.conductance_scale,
                                .reference_step = stored.reference_step,
                                .box = box},
                               name_of(stored.model));
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
  const SafetensorsFile content = model::read_stored_file(file, model::kModelFormat);
  if (!holds_network(content) && content.metadata.contains("network")) return std::nullopt;
  return parse_stored_network(content, file.string());
}

std::string why_no_circuit(const StoredNetwork& stored) {
  std::string problem = why_not_emitted(stored);
  if (!problem.empty() || stored.box.duration > 0) return problem;
  return fmt::format(
      "model {}: expected the box of its training data, found none; \"psi run\" with the same "
      "config adds it without training again",
      name_of(stored.model));
}

ir::Network circuit_network(const StoredNetwork& stored) {
  const std::string problem = why_no_circuit(stored);
  if (!problem.empty()) throw DataError(problem);
  return with_box(stored, stored.box);
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
