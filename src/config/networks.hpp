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
#include "core/json/config_io.hpp"
#include "core/json/named_enum.hpp"
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
  int steps = 1000;
  double learning_rate = 3e-3;
  double final_fraction = 0.01;
  int decimation = 1;
  int samples = 3000;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("steps", c.steps,
          at_least(0).about("Optimizer steps; of the published protocol: epochs"));
    visit("learning_rate", c.learning_rate, greater_than(0).about("At the start of the phase"));
    visit("final_fraction", c.final_fraction,
          between(0, 1).about("Of the learning rate, reached along a cosine"));
    visit(
        "decimation", c.decimation,
        between(1, 1000).about("Samples in one step of the network; 1 in the published protocol"));
    visit("samples", c.samples,
          at_least(1).about("Known-start: network steps in one batch. Published: of one window."));
  }
};

/// Weights of the distillation loss; 0 switches a term off.
struct DistillationConfig {
  double alpha = 0;
  double beta = 0;
  double gamma = 0;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("alpha", c.alpha,
          at_least(0).about("Outputs and projected hidden states of the teacher"));
    visit("beta", c.beta, at_least(0).about("Total time derivatives of both"));
    visit("gamma", c.gamma,
          at_least(0).about("Forget-gate rows towards their centres (clustering student)"));
  }
};

/// One network of a study.
struct NetworkConfig {
  NetworkKind kind = NetworkKind::kTeacher;
  std::string label;
  int clusters = 3;
  int rank = 2;
  int seed = 1;
  NetworkOptimizer optimizer = NetworkOptimizer::kAdamw;
  double weight_decay = 1e-5;
  double clip = 1;
  double physics = 0;
  double tie_after = 0.5;
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
    visit("name", c.kind, about("What it is; a student is made smaller than its teacher"));
    visit("label", c.label,
          about("Of its folder and its rows, an identifier; empty: the name of its kind"));
    of_kind(NetworkKind::kClustering, "clusters", c.clusters,
            between(1, 32).about("Of forget gates, of the clustering student"));
    of_kind(NetworkKind::kLowRank, "rank", c.rank,
            between(1, 8).about("Of the memory of the low-rank student"));
    visit("seed", c.seed,
          at_least(0).about("Of the start of the training, beside that of the data"));
    visit.only_if(c.is_recurrent(), "name", "optimizer", c.optimizer,
                  about("How it is trained; soap: recurrent networks of the known-start protocol"));
    visit("weight_decay", c.weight_decay, at_least(0).about("Of the optimizer"));
    visit("clip", c.clip, greater_than(0).about("Largest norm of a gradient"));
    visit.only_if(c.is_recurrent(), "name", "physics", c.physics,
                  at_least(0).about(
                      "Weight of the device law on starts that were not measured (known-start)"));
    of_kind(NetworkKind::kClustering, "tie_after", c.tie_after,
            between(0, 1).about("Part of the training after which the forget gates of a cluster "
                                "are one (clustering student)"));
    visit("judge_after", c.judge_after,
          between(0, 1).about(
              "Part of the training after which the best validation counts: before it, a network "
              "that says almost nothing can look good on a record that happens to be quiet"));
    visit.only_if(c.is_student(), "name", "distillation", c.distillation,
                  about("Weights of the terms that a student takes from its teacher"));
    visit("phases", c.phases, about("The training, one phase after the other"));
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
  std::string study = "published";
  NetworkProtocol protocol = NetworkProtocol::kPublished;
  std::vector<int> seeds = {42, 123, 456};
  double prefix = 20e-6;
  std::vector<NetworkConfig> networks;
  FitConfig compact;
  bool with_compact = true;
  TauStageConfig time_constants;

  bool is_published() const { return protocol == NetworkProtocol::kPublished; }

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("kind", c.kind,
          one_of({"networks"}).about("Recurrent networks and students distilled from them"));
    visit("study", c.study, about("Name of the study and of its run folder"));
    visit("protocol", c.protocol, about("What a network sees, and from where on it runs"));
    visit("seeds", c.seeds, at_least(0).about("Of the data; each has its own models"));
    visit("prefix", c.prefix,
          greater_than(0).about("First seconds of a record that give its g0 (known-start) [s]"));
    visit("networks", c.networks, about("What is trained; a teacher stands before its students"));
    visit("compact", c.compact, about("The compact student beside them"));
    visit("with_compact", c.with_compact, about("Fit the compact student as well"));
    visit("time_constants", c.time_constants, about("Of the device, from all records"));
  }
};

}  // namespace psi_xlstm
