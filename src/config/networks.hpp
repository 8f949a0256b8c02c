#pragma once

/// @file
/// Configs of the studies with recurrent networks: a teacher, students distilled from it,
/// baselines.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/fit.hpp"
#include "config/tau.hpp"
#include "core/config_io.hpp"
#include "core/named_enum.hpp"
#include "core/seed.hpp"

namespace psi_xlstm {

/// What a network of a study is.
enum class NetworkKind {
  kMlp,         ///< Feed-forward, without memory: the baseline.
  kTeacher,     ///< The large recurrent network.
  kClustering,  ///< A student whose forget gates form few clusters.
  kLowRank,     ///< A student whose memory has a low rank.
};

constexpr auto enum_names(NetworkKind) {
  return std::array{EnumName{NetworkKind::kMlp, "mlp"}, EnumName{NetworkKind::kTeacher, "teacher"},
                    EnumName{NetworkKind::kClustering, "clustering"},
                    EnumName{NetworkKind::kLowRank, "low_rank"}};
}

/// What to say of a name that was once one of a NetworkKind.
constexpr std::string_view name_hint(NetworkKind, std::string_view name) {
  return name == "pinn" ? "it is a plain network into which no physics enters: call it \"mlp\""
                        : "";
}

/// What a network sees, and from where on it runs.
enum class NetworkProtocol {
  kPublished,   ///< (V, t); the start is hidden.
  kKnownStart,  ///< V and the conductance at the start.
};

constexpr auto enum_names(NetworkProtocol) {
  return std::array{EnumName{NetworkProtocol::kPublished, "published"},
                    EnumName{NetworkProtocol::kKnownStart, "known_start"}};
}

/// How a network is trained.
enum class NetworkOptimizer { kAdamw, kSoap };

constexpr auto enum_names(NetworkOptimizer) {
  return std::array{EnumName{NetworkOptimizer::kAdamw, "adamw"},
                    EnumName{NetworkOptimizer::kSoap, "soap"}};
}

/// One phase of a training. In the published protocol a step is one window of all records; in the
/// known-start protocol it is one batch of windows with starts of their own.
struct PhaseConfig {
  int steps = 1000;  ///< Optimizer steps; of the published protocol: epochs.
  double learning_rate = 3e-3;
  double final_fraction = 0.01;  ///< Of the learning rate, reached along a cosine.
  int decimation = 1;  ///< Samples in one step of the network; 1 in the published protocol.
  int samples = 3000;  ///< Known-start: network steps in one batch. Published: of one window.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("steps", c.steps, at_least(0));
    visit("learning_rate", c.learning_rate, greater_than(0));
    visit("final_fraction", c.final_fraction, between(0, 1));
    visit("decimation", c.decimation, between(1, 1000));
    visit("samples", c.samples, at_least(1));
  }
};

/// Weights of the distillation loss; 0 switches a term off.
struct DistillationConfig {
  double alpha = 0;  ///< Outputs and projected hidden states of the teacher.
  double beta = 0;   ///< Total time derivatives of both.
  double gamma = 0;  ///< Forget-gate rows towards their centres (clustering student).

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("alpha", c.alpha, at_least(0));
    visit("beta", c.beta, at_least(0));
    visit("gamma", c.gamma, at_least(0));
  }
};

/// One network of a study.
struct NetworkConfig {
  NetworkKind kind = NetworkKind::kTeacher;  ///< "name" in files.
  std::string label;  ///< Of its folder and its rows, an identifier; empty: the name of its kind.
  int clusters = 3;   ///< K, of the clustering student.
  int rank = 2;       ///< r, of the low-rank student.
  int seed = 1;       ///< Of the start of the training, see training_seed().
  NetworkOptimizer optimizer = NetworkOptimizer::kAdamw;  ///< Soap: recurrent, known-start.
  double weight_decay = 1e-5;
  double clip = 1;     ///< Largest norm of a gradient.
  double physics = 0;  ///< Weight of the device law on starts that were not measured (known-start).
  /// Part of the training after which the forget gates of a cluster are one (clustering student).
  double tie_after = 0.5;
  /// Part of the training after which the best validation counts: before it, a network that says
  /// almost nothing can look good on a record that happens to be quiet.
  double judge_after = 0;
  DistillationConfig distillation;
  std::vector<PhaseConfig> phases;

  bool is_recurrent() const { return kind != NetworkKind::kMlp; }

  /// Whether it is made to be smaller than a teacher.
  bool is_student() const {
    return kind == NetworkKind::kClustering || kind == NetworkKind::kLowRank;
  }

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    const auto of_kind = [&](NetworkKind kind, const char* key, auto& value, const Range& range) {
      visit.only_if(c.kind == kind, "name", key, value, range);
    };
    visit("name", c.kind);
    visit("label", c.label);
    of_kind(NetworkKind::kClustering, "clusters", c.clusters, between(1, 32));
    of_kind(NetworkKind::kLowRank, "rank", c.rank, between(1, 8));
    visit("seed", c.seed, at_least(0));
    visit.only_if(c.is_recurrent(), "name", "optimizer", c.optimizer);
    visit("weight_decay", c.weight_decay, at_least(0));
    visit("clip", c.clip, greater_than(0));
    visit.only_if(c.is_recurrent(), "name", "physics", c.physics, at_least(0));
    of_kind(NetworkKind::kClustering, "tie_after", c.tie_after, between(0, 1));
    visit("judge_after", c.judge_after, between(0, 1));
    visit.only_if(c.is_student(), "name", "distillation", c.distillation);
    visit("phases", c.phases);
  }
};

/// The name of the folder and of the rows of `network`.
inline std::string label_of(const NetworkConfig& network) {
  return network.label.empty() ? name_of(network.kind) : network.label;
}

/// Whether the loss of `network` holds a teacher's outputs.
inline bool learns_from_teacher(const NetworkConfig& network) {
  return network.is_student() && (network.distillation.alpha > 0 || network.distillation.beta > 0);
}

/// The index of the teacher of the study, the first one; -1 where there is none. Where there is
/// one, every student waits for it: a low-rank student starts from the teacher's memory.
inline int teacher_index(const std::vector<NetworkConfig>& networks) {
  for (std::size_t i = 0; i < networks.size(); ++i) {
    if (networks[i].kind == NetworkKind::kTeacher) return static_cast<int>(i);
  }
  return -1;
}

/// The seed of the start of the training of `network` for the data of `seed`.
inline int training_seed(const NetworkConfig& network, int seed) {
  return derived_seed(seed, 1000, network.seed);
}

/// A study: the same networks for every seed of the published data, in one protocol.
struct NetworkStudyConfig {
  std::string kind = "networks";
  std::string study = "published";  ///< Name of the study and of its run folder.
  NetworkProtocol protocol = NetworkProtocol::kPublished;
  std::vector<int> seeds = {42, 123, 456};
  double prefix = 20e-6;  ///< First seconds of a record that give its g0 (known-start) [s].
  std::vector<NetworkConfig> networks;
  FitConfig compact;  ///< The compact student beside them.
  bool with_compact = true;
  TauStageConfig time_constants;

  bool is_published() const { return protocol == NetworkProtocol::kPublished; }

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("kind", c.kind, one_of({"networks"}));
    visit("study", c.study);
    visit("protocol", c.protocol);
    visit("seeds", c.seeds, at_least(0));
    visit("prefix", c.prefix, greater_than(0));
    visit("networks", c.networks);
    visit("compact", c.compact);
    visit("with_compact", c.with_compact);
    visit("time_constants", c.time_constants);
  }
};

}  // namespace psi_xlstm
