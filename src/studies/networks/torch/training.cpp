#include "studies/networks/torch/training.hpp"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "compression/forget_gate_clusters.hpp"
#include "compression/memory_rank.hpp"
#include "core/fingerprint.hpp"
#include "devices/published_recipe.hpp"
#include "equations/time_constant.hpp"
#include "model/circuit_network.hpp"
#include "model/network_prediction.hpp"
#include "model/stored_network.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/compact/data_source.hpp"
#include "studies/networks/protocol.hpp"
#include "training/initialization.hpp"
#include "training/known_start.hpp"
#include "training/mlp.hpp"
#include "training/published.hpp"

namespace psi_xlstm {
namespace {

using kernels::Convention;
using kernels::NetworkShape;

constexpr const char* kModelFile = "model.safetensors";
constexpr const char* kCurrentsFile = "predictions.safetensors";
constexpr const char* kCurveFile = "curve.json";
const std::vector<int> kMlpWidths = {2, 64, 64, 64, 1};

NetworkShape shape_of(const NetworkConfig& network, Convention convention) {
  if (network.kind == NetworkKind::kClustering) {
    return kernels::clustering_student_shape(convention, network.clusters);
  }
  if (network.kind == NetworkKind::kLowRank) {
    return kernels::low_rank_student_shape(convention, network.rank);
  }
  return kernels::teacher_shape(convention);
}

// Everything one training is made of.
struct Work {
  const NetworkStudyConfig& config;
  const NetworkConfig& network;
  int seed;
  SeedData data;
  bool published;
  std::optional<StoredNetwork> teacher;
  std::string fingerprint;
  std::filesystem::path folder;

  int start_seed() const { return training_seed(network, seed); }
  training::Checkpoint checkpoint() const { return {folder / "training.safetensors", fingerprint}; }
  training::TrainingRun run(const TaskProgress& report) const {
    return {network, start_seed(), checkpoint(), report};
  }
};

// The teacher's stored network, for a student of a study that has one.
std::optional<StoredNetwork> load_teacher(const NetworkStudyConfig& config,
                                          const NetworkConfig& own,
                                          const std::filesystem::path& run,
                                          int seed) {
  const int teacher = teacher_index(config.networks);
  if (!own.is_student() || teacher < 0) return std::nullopt;
  const std::string& label = label_of(config.networks[static_cast<std::size_t>(teacher)]);
  const auto file = network_folder(run, seed, label) / "model.safetensors";
  if (!std::filesystem::exists(file)) {
    throw ConfigError(
        fmt::format("{}: expected the teacher of this student, found no such file", file.string()));
  }
  return load_network(file);
}

std::string fingerprint_of(const Work& work) {
  Fingerprint all;
  all.add("protocol", name_of(work.config.protocol))
      .add("prefix", work.config.prefix)
      .add_tree("network", config_tree(work.network))
      .add("seed", work.seed)
      .add("data", checksum(work.data.dataset));
  if (work.teacher) all.add("teacher", work.teacher->fingerprint);
  return all.hex();
}

// Snapshots of the teacher's last memory along the training records, per head.
std::vector<std::vector<Eigen::MatrixXd>> snapshots(const Work& work) {
  const StoredNetwork& teacher = *work.teacher;
  const auto& layer = teacher.shape.layers.back();
  const int D = layer.hidden / layer.heads;
  std::vector<std::vector<Eigen::MatrixXd>> out(static_cast<std::size_t>(layer.heads));
  constexpr std::size_t kPieces = 20;
  for (int r : work.data.dataset.split.train) {
    const Record& record = work.data.dataset.records[static_cast<std::size_t>(r)];
    const fit::StartConductance start =
        fit::find_start(record, fit::noise_of(record, work.data.dataset.noise), work.data.starts);
    walk_memory(
        teacher, record, start.value, record.size() / kPieces,
        [&](const std::vector<double>& memory, std::size_t stride) {
          for (std::size_t h = 0; h < out.size(); ++h) {
            out[h].push_back(Eigen::Map<const Eigen::MatrixXd>(memory.data() + h * stride, D, D));
          }
        });
  }
  return out;
}

std::vector<double> start_of(const Work& work, const NetworkShape& shape, StoredNetwork& stored) {
  Rng rng(static_cast<std::uint32_t>(work.start_seed()));
  std::vector<double> start = work.published
                                  ? models::published_start(shape, rng)
                                  : models::relaxation_start(shape, stored.reference_step, rng);
  if (work.network.kind == NetworkKind::kLowRank && work.teacher) {
    const compression::MemorySpectrum spectrum = compression::memory_spectrum(snapshots(work));
    for (std::size_t r = 0; r < std::min<std::size_t>(8, spectrum.energy.size()); ++r) {
      stored.facts.push_back({.name = fmt::format("memory energy in rank {}", r + 1),
                              .value = spectrum.energy[r],
                              .kind = FactKind::kMemoryEnergy,
                              .rank = static_cast<int>(r) + 1});
    }
    compression::start_low_rank(shape, spectrum, rng, start);
  }
  return start;
}

training::TrainingOutcome train_mlp(const Work& work,
                                    StoredNetwork& stored,
                                    const TaskProgress& report) {
  const auto set = [&](const std::vector<int>& records) {
    training::SampleSet out;
    for (int r : records) {
      const Record& record = work.data.dataset.records[static_cast<std::size_t>(r)];
      const double noise = fit::noise_of(record, work.data.dataset.noise);
      const double g0 = fit::find_start(record, noise, work.data.starts).value;
      for (std::size_t k = 0; k < record.size(); ++k) {
        const double V = record.voltage[0][k], I = record.current[0][k];
        out.first.push_back(static_cast<float>(V));
        out.second.push_back(static_cast<float>(work.published
                                                    ? record.time[k] / stored.time_scale
                                                    : std::log(g0 / stored.conductance_scale)));
        if (!work.published) {
          out.factor.push_back(static_cast<float>(V * stored.conductance_scale / noise));
        }
        out.wanted.push_back(
            static_cast<float>(I / (work.published ? stored.current_scale : noise)));
      }
    }
    return out;
  };
  stored.layer_widths = kMlpWidths;
  return training::train_mlp(work.run(report), kMlpWidths, set(work.data.dataset.split.train),
                             set(work.data.dataset.split.validation));
}

training::TrainingOutcome train_recurrent(const Work& work,
                                          StoredNetwork& stored,
                                          const TaskProgress& report) {
  const NetworkShape shape =
      shape_of(work.network, work.published ? Convention::kXlstm : Convention::kContinuous);
  stored.shape = shape;
  const std::vector<double> start = start_of(work, shape, stored);
  if (work.published) {
    training::PublishedTeacher teacher;
    if (work.teacher) teacher = {work.teacher->shape, work.teacher->parameters};
    return training::train_published(work.run(report), shape, start, work.data.dataset,
                                     {stored.current_scale, stored.time_scale},
                                     work.teacher ? &teacher : nullptr);
  }
  training::KnownStartNetwork teacher;
  if (work.teacher) {
    teacher = {work.teacher->shape,
               work.teacher->parameters,
               {work.teacher->conductance_scale, work.teacher->reference_step}};
  }
  training::KnownStartProblem problem{.data = &work.data.dataset,
                                      .prefix = work.config.prefix,
                                      .law = equations::ThresholdDevice{},
                                      .teacher = work.teacher ? &teacher : nullptr};
  return training::train_known_start(work.run(report), shape, start, problem);
}

// What a report says about the clusters of forget gates.
void add_cluster_facts(const training::TrainingState& state, StoredNetwork& stored) {
  if (state.assignment.empty()) return;
  for (int l = 0; l < static_cast<int>(stored.shape.layers.size()); ++l) {
    stored.facts.push_back({fmt::format("distinct forget gates of layer {}", l),
                            static_cast<double>(compression::distinct_forget_gates(
                                stored.shape, stored.parameters, l))});
    const auto biases =
        compression::centre_biases(stored.shape, state.assignment, state.best_parameters, l);
    for (std::size_t k = 0; k < biases.size(); ++k) {
      stored.facts.push_back(
          {.name = fmt::format("tau of the bias of centre {} of layer {} [s]", k + 1, l),
           .value = equations::time_constant(torch::tensor(biases[k], torch::kFloat64),
                                             stored.reference_step)
                        .item<double>(),
           .kind = FactKind::kTimeConstant});
    }
  }
}

StoredCurrents predict(const StoredNetwork& stored, const Work& work) {
  // The published study judges the models of all seeds on the records of one.
  const SeedData data = work.published && work.seed != kPublishedTestSeed
                            ? seed_data(work.config, kPublishedTestSeed)
                            : work.data;
  std::vector<fit::Prediction> predictions = data.frame;
  for (fit::Prediction& p : predictions) {
    p.current = network_current(stored, data.dataset.records[static_cast<std::size_t>(p.record)],
                                p.start.value);
  }
  return stored_currents(data, predictions);
}

// A network that a circuit can hold carries the box of its data; a finished one gets what it lacks.
void add_box(const Work& work, StoredNetwork& stored) {
  if (work.published || !stored.layer_widths.empty()) return;
  const SeedData& data = work.data;
  stored.box = network_box(
      stored, fit::training_records(data.dataset, data.dataset.split.train, data.starts));
}

// Whether all files of this training are there and whole; a damaged one is trained again.
bool finished(const Work& work) {
  for (const char* name : {kCurrentsFile, kCurveFile, kModelFile}) {
    if (!std::filesystem::exists(work.folder / name)) return false;
  }
  try {
    StoredNetwork stored = load_network(work.folder / kModelFile);
    if (stored.fingerprint != work.fingerprint) return false;
    load_curve(work.folder / kCurveFile);
    load_currents(work.folder / kCurrentsFile);
    if (stored.box.duration > 0) return true;
    add_box(work, stored);
    if (stored.box.duration > 0) save_network(work.folder / kModelFile, stored);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

NetworkTrainingOutcome train_network(const NetworkStudyConfig& config,
                                     int index,
                                     int seed,
                                     const std::filesystem::path& run,
                                     const TaskProgress& report) {
  if (index < 0 || index >= static_cast<int>(config.networks.size())) {
    throw ConfigError(fmt::format("network: expected an index of 0 to {}, found {}",
                                  static_cast<int>(config.networks.size()) - 1, index));
  }
  const NetworkConfig& network = config.networks[static_cast<std::size_t>(index)];
  Work work{config,
            network,
            seed,
            seed_data(config, seed),
            config.is_published(),
            load_teacher(config, network, run, seed),
            {},
            network_folder(run, seed, label_of(network))};
  work.fingerprint = fingerprint_of(work);
  if (finished(work)) return {.usable = true};
  StoredNetwork stored;
  stored.model = network.kind;
  stored.protocol = config.protocol;
  stored.current_scale = training::current_scale(work.data.dataset);
  stored.time_scale = kPublishedDuration;
  stored.conductance_scale = training::conductance_scale(work.data.dataset);
  stored.fingerprint = work.fingerprint;
  const training::TrainingOutcome trained = network.kind == NetworkKind::kMlp
                                                ? train_mlp(work, stored, report)
                                                : train_recurrent(work, stored, report);
  if (!trained.usable) return {false, trained.reason};
  stored.parameters = trained.parameters;
  stored.trained_parameters = static_cast<int>(stored.parameters.size());
  stored.deployed_parameters = trained.state.assignment.empty()
                                   ? stored.trained_parameters
                                   : compression::tied_parameter_count(stored.shape);
  stored.facts.push_back(
      {"best validation after this many steps", static_cast<double>(trained.state.best_step)});
  add_cluster_facts(trained.state, stored);
  save_curve(work.folder / kCurveFile, trained.state.curve);
  save_currents(work.folder / kCurrentsFile, predict(stored, work));
  add_box(work, stored);
  save_network(work.folder / kModelFile, stored);
  std::filesystem::remove(work.checkpoint().file);
  return {.usable = true};
}

}  // namespace psi_xlstm
