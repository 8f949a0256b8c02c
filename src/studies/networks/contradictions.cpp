#include <fmt/format.h>

#include <set>
#include <string_view>

#include "core/identifier.hpp"
#include "core/utf8.hpp"
#include "studies/networks/study.hpp"

namespace psi_xlstm {
namespace {

template <class Value>
bool all_different(const std::vector<Value>& values) {
  return std::set<Value>(values.begin(), values.end()).size() == values.size();
}

// What the network of this kind does not look at in this protocol must be as it is without a word.
void check_unused(const NetworkStudyConfig& config,
                  const NetworkConfig& network,
                  const std::string& where,
                  std::vector<ConfigProblem>& problems) {
  const NetworkConfig plain;
  const auto expect = [&](bool as_it_is, const std::string& key, const char* used_by) {
    if (as_it_is) return;
    problems.push_back(
        {where + "/" + key, "nothing", "a value", "", fmt::format("only {} use it", used_by)});
  };
  constexpr const char* kWhole = "recurrent networks of the known-start protocol";
  const bool whole = !config.is_published() && network.is_recurrent();
  expect(whole || network.optimizer == plain.optimizer, "optimizer", kWhole);
  expect(whole || network.physics == plain.physics, "physics", kWhole);
  for (std::size_t i = 0; i < network.phases.size(); ++i) {
    expect(whole || network.phases[i].decimation == PhaseConfig{}.decimation,
           fmt::format("phases/{}/decimation", i), kWhole);
  }
  const DistillationConfig& terms = network.distillation;
  expect(network.is_student() || (terms.alpha == 0 && terms.beta == 0), "distillation", "students");
  expect(network.kind == NetworkKind::kClustering || terms.gamma == 0, "distillation/gamma",
         "clustering students");
}

void check_network(const NetworkStudyConfig& config,
                   int index,
                   std::vector<ConfigProblem>& problems) {
  const NetworkConfig& network = config.networks[static_cast<std::size_t>(index)];
  const std::string where = fmt::format("/networks/{}", index);
  const std::string label = label_of(network);
  if (!is_identifier(label)) {
    problems.push_back({where + "/label", identifier_text(), in_quotes(label)});
  } else if (label.starts_with("fit_")) {
    problems.push_back({where + "/label", "no label that begins with \"fit_\"", in_quotes(label)});
  }
  if (network.phases.empty()) problems.push_back({where + "/phases", "at least one", "none"});
  check_unused(config, network, where, problems);
  const int teacher = teacher_index(config.networks);
  const bool needed = learns_from_teacher(network) || (network.is_student() && teacher >= 0);
  if (needed && (teacher < 0 || teacher > index)) {
    problems.push_back({where, fmt::format("a teacher before the student {}", in_quotes(label)),
                        teacher < 0 ? "none" : "one behind it"});
  }
}

}  // namespace

std::vector<ConfigProblem> contradictions_in(const NetworkStudyConfig& config) {
  std::vector<ConfigProblem> problems;
  if (!is_identifier(config.study)) {
    problems.push_back({"/study", identifier_text(), in_quotes(config.study)});
  }
  if (config.seeds.empty() || !all_different(config.seeds)) {
    problems.push_back({"/seeds", "different seeds",
                        config.seeds.empty()
                            ? std::string("none of them")
                            : fmt::format("{} of them, not all so", config.seeds.size())});
  }
  const std::vector<std::string> labels = model_labels(config);
  if (labels.empty()) problems.push_back({"/networks", "at least one model", "none"});
  if (!all_different(labels)) {
    problems.push_back({"/networks",
                        fmt::format("different labels (\"{}\" is taken)", kCompactLabel),
                        "one twice"});
  }
  for (int i = 0; i < static_cast<int>(config.networks.size()); ++i) {
    check_network(config, i, problems);
  }
  return problems;
}

void check_config(const NetworkStudyConfig& config) { throw_if_any("", contradictions_in(config)); }

}  // namespace psi_xlstm
