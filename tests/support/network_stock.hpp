#pragma once

/// @file
/// Trained networks without training: plausible files for every network and seed of a study, and a
/// trainer in shell that hands them out.

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "config/networks.hpp"
#include "core/atomic_file.hpp"
#include "core/rng.hpp"
#include "jobs/message.hpp"
#include "model/network_prediction.hpp"
#include "model/stored_network.hpp"
#include "studies/networks/protocol.hpp"

namespace psi_xlstm::testing {

/// The network that `config` asks for, with numbers drawn from `seed`.
inline StoredNetwork drawn_network(const NetworkConfig& config,
                                   const std::string& protocol,
                                   int seed) {
  const auto convention =
      protocol == "published" ? kernels::Convention::kXlstm : kernels::Convention::kContinuous;
  StoredNetwork network;
  network.model = config.kind;
  network.protocol = value_named<NetworkProtocol>(protocol).value();
  network.conductance_scale = 2e-4;
  network.fingerprint = "of a test";
  network.box = {.voltage_min = {-1.2},
                 .voltage_max = {1.2},
                 .conductance_min = 1e-4,
                 .conductance_max = 1e-3,
                 .step_max = 50e-9,
                 .duration = 2e-3};
  if (config.kind == NetworkKind::kMlp) {
    network.layer_widths = {2, 64, 64, 64, 1};
  } else if (config.kind == NetworkKind::kTeacher) {
    network.shape = kernels::teacher_shape(convention);
  } else if (config.kind == NetworkKind::kClustering) {
    network.shape = kernels::clustering_student_shape(convention, config.clusters);
  } else {
    network.shape = kernels::low_rank_student_shape(convention, config.rank);
  }
  const auto blocks = stored_blocks(network);
  network.parameters.resize(blocks.back().offset + blocks.back().size());
  Rng rng(static_cast<std::uint32_t>(seed));
  for (double& p : network.parameters) p = 0.1 * rng.normal();
  network.trained_parameters = static_cast<int>(network.parameters.size());
  network.deployed_parameters = network.trained_parameters;
  network.facts = {{"best step", 1200.0}};
  if (config.kind == NetworkKind::kClustering) {
    network.deployed_parameters -= 1000 + seed % 2;
    for (int k = 0; k < config.clusters; ++k) {
      network.facts.push_back({fmt::format("tau of cluster {}", k + 1), 1e-6 * std::pow(10, k),
                               FactKind::kTimeConstant});
    }
  }
  if (config.kind == NetworkKind::kLowRank) {
    for (int r = 1; r <= 4; ++r) {
      network.facts.push_back({fmt::format("memory energy in rank {}", r), 1 - std::pow(0.2, r),
                               FactKind::kMemoryEnergy, r});
    }
  }
  return network;
}

/// The currents of `network` on the test records.
inline StoredCurrents drawn_currents(const SeedData& data, const StoredNetwork& network) {
  std::vector<fit::Prediction> predictions = data.frame;
  for (fit::Prediction& p : predictions) {
    p.current = network_current(network, data.dataset.records[static_cast<std::size_t>(p.record)],
                                p.start.value);
  }
  return stored_currents(data, predictions);
}

/// Writes `<stock>/<seed>_<index>/` for every network and seed of `config`.
inline void fill_stock(const std::filesystem::path& stock, const NetworkStudyConfig& config) {
  for (int seed : config.seeds) {
    const SeedData data = seed_data(config, seed);
    for (std::size_t n = 0; n < config.networks.size(); ++n) {
      const auto folder = stock / fmt::format("{}_{}", seed, n);
      const auto network = drawn_network(config.networks[n], name_of(config.protocol), seed);
      save_network(folder / "model.safetensors", network);
      save_currents(folder / "predictions.safetensors", drawn_currents(data, network));
      std::vector<CurvePoint> curve;
      for (int i = 0; i <= 20; ++i) {
        curve.push_back({.step = 100 * i,
                         .training = 100 * std::exp(-0.2 * i),
                         .validation = 1 + 120 * std::exp(-0.2 * i)});
      }
      save_curve(folder / "curve.json", curve);
      write_file(folder / "label", label_of(config.networks[n]));
    }
  }
}

/// Makes a trainer that copies from `stock` what it is asked for, unless it is there already, and
/// names it to run_network_study. It notes "start <seed> <network>", then "found", "done", "failed"
/// or "interrupted" in `<stock>/log`. A file `<stock>/<seed>_<network>/fails` holds the exit code
/// and the sentence of a failure; one called `waits` makes it wait until it is interrupted.
inline void use_stock(const std::filesystem::path& stock) {
  const std::filesystem::path script = stock / "trainer.sh";
  const Message progress{
      .header = {{"kind", "progress"}, {"done", 0.5}, {"detail", "step 1 of 2, loss 3"}}};
  write_file(stock / "progress", encode(progress));
  write_file(script, fmt::format(R"SCRIPT(#!/bin/sh
# One argument: the file of a job, which the pool of jobs writes with a key on each line.
text() {{ sed -n "s/^ *\"$1\": \"\(.*\)\",\{{0,1\}}\$/\1/p" "$job"; }}
number() {{ sed -n "s/^ *\"$1\": \([0-9]*\),\{{0,1\}}\$/\1/p" "$job"; }}
job=$1
which="$(number seed) $(number network)"
stock='{}'
from="$stock/$(number seed)_$(number network)"
to="$(text run)/seed_$(number seed)/$(cat "$from/label")"
echo "start $which" >>"$stock/log"
if [ ! -f "$(text config)" ]; then echo "psi_trainer: error: no config" >&2; exit 1; fi
if [ -f "$to/model.safetensors" ]; then echo "found $which" >>"$stock/log"; exit 0; fi
if [ -f "$from/fails" ]; then
  echo "failed $which" >>"$stock/log"
  read -r code words <"$from/fails"
  echo "a warning of a library" >&2
  echo "psi_trainer: error: $words" >&2
  exit "$code"
fi
mkdir -p "$to"
if [ -f "$from/waits" ]; then
  trap 'echo "interrupted $which" >>"$stock/log"; exit 130' INT TERM
  echo half >"$to/training.safetensors"
  while true; do sleep 0.02; done
fi
cat "$stock/progress"
for name in predictions.safetensors curve.json model.safetensors; do
  cp "$from/$name" "$to/$name.part"
  mv "$to/$name.part" "$to/$name"
done
rm -f "$to/training.safetensors"
echo "done $which" >>"$stock/log"
)SCRIPT",
                                 stock.string()));
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  ::setenv("PSI_TRAINER", script.c_str(), 1);
}

}  // namespace psi_xlstm::testing
