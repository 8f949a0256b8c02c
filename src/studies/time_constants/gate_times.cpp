#include "studies/time_constants/gate_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/rng.hpp"
#include "ir/dynamics.hpp"
#include "ir/evaluator.hpp"
#include "metrics/k_means.hpp"
#include "model/circuit_network.hpp"
#include "model/network_prediction.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kLooks = 2000;  // at every record
constexpr int kMostCentres = 6;
constexpr std::uint32_t kSeed = 1;  // of the starts of K-means

bool has_centres(const StoredNetwork& network) {
  const auto& layers = network.shape.layers;
  return std::any_of(layers.begin(), layers.end(),
                     [](const kernels::LayerShape& layer) { return layer.clusters > 0; });
}

// The gates without times: which layer each rate belongs to, and how many states it moves.
std::vector<GateTime> gates_of(const StoredNetwork& stored, const ir::Network& network) {
  std::vector<GateTime> gates(static_cast<std::size_t>(network.rate_count()));
  int state = 0;
  for (int l = 0; l < static_cast<int>(stored.shape.layers.size()); ++l) {
    kernels::NetworkShape alone = stored.shape;
    alone.layers = {stored.shape.layers[static_cast<std::size_t>(l)]};
    const int first = network.rate_of_state[static_cast<std::size_t>(state)];
    for (const int end = state + state_count(alone); state < end; ++state) {
      const int rate = network.rate_of_state[static_cast<std::size_t>(state)];
      GateTime& gate = gates[static_cast<std::size_t>(rate)];
      gate.layer = l;
      gate.gate = rate - first;
      ++gate.states;
    }
  }
  return gates;
}

// Appends 1/lambda of every gate along `record`.
void collect_times(const StoredNetwork& stored,
                   const ir::Network& network,
                   const Record& record,
                   double g0,
                   std::vector<std::vector<double>>& times) {
  const ir::Network started = ir::at_start(network, g0);
  ir::Evaluator evaluator(started);
  const std::size_t every = std::max<std::size_t>(1, record.size() / kLooks);
  walk_states(stored, record, g0, every, [&](std::size_t k, const std::vector<double>& states) {
    evaluator.evaluate(ir::Part::kDynamics, {&record.voltage[0][k], 1}, states);
    for (std::size_t r = 0; r < times.size(); ++r) {
      times[r].push_back(1 / evaluator.rate(static_cast<int>(r)));
    }
  });
}

double quantile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

std::vector<GateClusters> clusters_of(const std::vector<GateTime>& gates) {
  Eigen::MatrixXd logarithms(static_cast<Eigen::Index>(gates.size()), 1);
  for (std::size_t g = 0; g < gates.size(); ++g) {
    logarithms(static_cast<Eigen::Index>(g), 0) = std::log(gates[g].median);
  }
  std::vector<GateClusters> out;
  Rng rng(kSeed);
  double total = 0;
  for (int k = 1; k <= std::min(kMostCentres, static_cast<int>(gates.size())); ++k) {
    const Clusters found = k_means(logarithms, k, rng);
    if (k == 1) total = found.inertia;
    GateClusters row{.centres = {}, .left_over = total > 0 ? found.inertia / total : 0};
    for (Eigen::Index c = 0; c < found.centres.rows(); ++c) {
      row.centres.push_back(std::exp(found.centres(c, 0)));
    }
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

NetworkGates network_gates(const StoredNetwork& network,
                           const std::string& label,
                           const std::vector<Record>& records,
                           const fit::StartOptions& starts) {
  const ir::Network circuit = circuit_network(network);
  NetworkGates out{.label = label, .tied = has_centres(network)};
  out.gates = gates_of(network, circuit);
  std::vector<std::vector<double>> times(out.gates.size());
  std::vector<double> at_rest;
  for (const Record& record : records) {
    const double g0 = fit::find_start(record, fit::noise_of(record, std::nullopt), starts).value;
    if (at_rest.empty()) at_rest = ir::zero_bias_time_constants(circuit, g0);
    collect_times(network, circuit, record, g0, times);
  }
  for (std::size_t g = 0; g < times.size(); ++g) {
    std::sort(times[g].begin(), times[g].end());
    GateTime& gate = out.gates[g];
    gate.at_rest = at_rest[g];
    gate.low = quantile(times[g], 0.025);
    gate.median = quantile(times[g], 0.5);
    gate.high = quantile(times[g], 0.975);
  }
  out.clusters = clusters_of(out.gates);
  return out;
}

bool has_gates_to_show(const StoredNetwork& network) {
  return !network.is_published() &&
         (has_centres(network) || network.model == NetworkKind::kTeacher);
}

std::vector<NetworkGates> study_gates(const std::filesystem::path& seed_folder,
                                      const std::vector<Record>& records,
                                      const fit::StartOptions& starts) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(seed_folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(seed_folder)) {
      const std::filesystem::path file = entry.path() / "model.safetensors";
      if (std::filesystem::exists(file)) files.push_back(file);
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<NetworkGates> out;
  for (const std::filesystem::path& file : files) {
    const std::optional<StoredNetwork> network = load_recurrent(file);
    if (!network || !has_gates_to_show(*network)) continue;
    out.push_back(network_gates(*network, file.parent_path().filename().string(), records, starts));
  }
  if (out.empty()) {
    throw DataError(fmt::format(
        "{}: expected the folder of one seed of a known-start study with a clustering student or "
        "a teacher, found none",
        seed_folder.string()));
  }
  return out;
}

}  // namespace psi_xlstm
