#include "bench/result.hpp"

#include "core/atomic_file.hpp"
#include "core/json/config_io.hpp"
#include "core/output_target.hpp"

namespace psi_xlstm {

void check_bench_target(const std::filesystem::path& folder, const std::string& name) {
  check_own_file(folder / (name + ".json"), "\"benchmark\": \"" + name + "\"");
}

std::filesystem::path write_bench_result(const std::filesystem::path& folder,
                                         const BenchResult& result) {
  nlohmann::ordered_json tree = {
      {"format_version", kBenchFormat},  {"benchmark", result.name},
      {"command", result.command},       {"program_version", result.program_version},
      {"git_commit", result.git_commit}, {"machine", config_tree(result.machine)},
      {"numbers", result.numbers}};
  tree["tables"] = nlohmann::ordered_json::array();
  for (const Table& table : result.tables) {
    tree["tables"].push_back(nlohmann::ordered_json::parse(to_json(table)));
  }
  check_bench_target(folder, result.name);
  std::filesystem::path file = folder / (result.name + ".json");
  write_file(file, tree.dump(2) + "\n");
  return file;
}

}  // namespace psi_xlstm
