#include <fmt/format.h>

#include <set>

#include "core/identifier.hpp"
#include "core/utf8.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {
namespace {

void check_names(const StudyConfig& config, std::vector<ConfigProblem>& problems) {
  if (!is_identifier(config.study)) {
    problems.push_back({"/study", identifier_text(), in_quotes(config.study)});
  }
  if (!is_identifier(config.model)) {
    problems.push_back({"/model", identifier_text(), in_quotes(config.model)});
  }
}

void check_seeds(const StudyConfig& config, std::vector<ConfigProblem>& problems) {
  const std::set<int> different(config.seeds.begin(), config.seeds.end());
  if (config.seeds.empty()) {
    problems.push_back({"/seeds", "at least one seed", "none"});
  } else if (different.size() != config.seeds.size()) {
    problems.push_back({"/seeds", "different seeds", "one twice"});
  } else if (config.data.source == DataSource::kCsv && config.seeds.size() > 1) {
    problems.push_back(
        {"/seeds", "one seed for data from files", fmt::format("{}", config.seeds.size())});
  }
}

}  // namespace

std::vector<ConfigProblem> contradictions_in(const StudyConfig& config) {
  std::vector<ConfigProblem> problems;
  check_names(config, problems);
  check_seeds(config, problems);
  if (config.data.source == DataSource::kCsv && config.data.files.empty()) {
    problems.push_back({"/data/files", "at least one file", "none"});
  }
  return problems;
}

}  // namespace psi_xlstm
