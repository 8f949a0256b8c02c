#pragma once

/// @file
/// Small network studies, and one whole run that several files of tests look at.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "studies/networks/report.hpp"
#include "studies/networks/study.hpp"
#include "support/network_stock.hpp"
#include "support/run_folders.hpp"

namespace psi_xlstm {

namespace fs = std::filesystem;
using testing::differences;
using testing::files_of;

inline const Progress kSilent = [](const std::string&, double, const std::string&) {};
inline const std::vector<std::string> kNone;

inline fs::path folder_named(const std::string& name) {
  const fs::path folder =
      fs::path(::testing::TempDir()) / ("network_study_" + std::to_string(::getpid())) / name;
  fs::remove_all(folder);
  fs::create_directories(folder.parent_path());
  return folder;
}

inline NetworkConfig network(const std::string& name, double alpha = 0) {
  NetworkConfig config;
  config.kind = *value_named<NetworkKind>(name);
  config.phases = {{}};
  config.distillation.alpha = alpha;
  return config;
}

/// All four networks for two seeds, and a compact student of a second.
inline NetworkStudyConfig study(const std::string& protocol = "known_start") {
  NetworkStudyConfig config;
  config.study = "small";
  config.protocol = *value_named<NetworkProtocol>(protocol);
  config.seeds = {42, 7};
  config.networks = {network("mlp"), network("teacher"), network("clustering", 1),
                     network("low_rank", 1)};
  config.compact.student.features = 3;
  config.compact.starts = 1;
  config.compact.first = {{.decimation = 64, .iterations = 15}};
  config.compact.refine = {{.decimation = 32, .iterations = 5}};
  return config;
}

/// A stock for `config` and the trainer that hands it out.
inline fs::path stock_for(const NetworkStudyConfig& config, const std::string& name) {
  const fs::path stock = folder_named(name + "_stock");
  testing::fill_stock(stock, config);
  testing::use_stock(stock);
  return stock;
}

inline std::optional<double> number(const NetworkStudyResult& result, const std::string& name) {
  for (const NamedNumber& n : result.metrics.numbers) {
    if (n.name == name) return n.value;
  }
  ADD_FAILURE() << "no number " << name;
  return std::nullopt;
}

inline Table table(const std::vector<NamedTable>& tables, const std::string& name) {
  for (const NamedTable& t : tables) {
    if (t.name == name) return t.table;
  }
  throw std::runtime_error("no table " + name);
}

/// One whole run, shared by the tests that only look at it.
class NetworkStudy : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    stock_ = stock_for(study(), "reference");
    folder_ = folder_named("reference");
    result_ = new NetworkStudyResult(run_network_study(study(), {folder_, 2}, kSilent));
  }
  static void TearDownTestSuite() {
    delete result_;
    fs::remove_all(folder_.parent_path());
  }
  void SetUp() override { testing::use_stock(stock_); }

  // A copy of the run in another folder.
  static fs::path copy(const std::string& name) {
    const fs::path folder = folder_named(name);
    fs::copy(folder_, folder, fs::copy_options::recursive);
    return folder;
  }

  static inline fs::path stock_, folder_;
  static inline const NetworkStudyResult* result_ = nullptr;
};

}  // namespace psi_xlstm
