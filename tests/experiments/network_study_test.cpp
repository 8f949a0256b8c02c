#include "psi_xlstm/experiments/network_study.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "psi_xlstm/core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/experiments/network_check.hpp"
#include "psi_xlstm/experiments/network_report.hpp"
#include "psi_xlstm/report/manifest.hpp"
#include "support/network_stock.hpp"

namespace psi_xlstm::experiments {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const Progress kSilent = [](const std::string&, double, const std::string&) {};
const std::vector<std::string> kNone;

fs::path folder_named(const std::string& name) {
  const fs::path folder =
      fs::path(::testing::TempDir()) / ("network_study_" + std::to_string(::getpid())) / name;
  fs::remove_all(folder);
  fs::create_directories(folder.parent_path());
  return folder;
}

NetworkConfig network(const std::string& name, double alpha = 0) {
  NetworkConfig config;
  config.name = name;
  config.phases = {{}};
  config.distillation.alpha = alpha;
  return config;
}

// All four networks for two seeds, and a compact student of a second.
NetworkStudyConfig study(const std::string& protocol = "known_start") {
  NetworkStudyConfig config;
  config.study = "small";
  config.protocol = protocol;
  config.seeds = {42, 7};
  config.networks = {network("pinn"), network("teacher"), network("clustering", 1),
                     network("low_rank", 1)};
  config.compact.student.features = 3;
  config.compact.starts = 1;
  config.compact.first = {{.decimation = 64, .iterations = 15}};
  config.compact.refine = {{.decimation = 32, .iterations = 5}};
  return config;
}

// A stock for `config` and the trainer that hands it out.
fs::path stock_for(const NetworkStudyConfig& config, const std::string& name) {
  const fs::path stock = folder_named(name + "_stock");
  testing::fill_stock(stock, config);
  testing::use_stock(stock);
  return stock;
}

std::vector<std::string> log_of(const fs::path& stock) {
  std::vector<std::string> lines;
  if (!fs::exists(stock / "log")) return lines;
  std::istringstream text(read_file(stock / "log"));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

bool is_time(const fs::path& file) {
  return file.filename() == "timings.json" || file.stem() == "latency";
}

std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || is_time(entry.path())) continue;
    files[entry.path().lexically_relative(folder).string()] = read_file(entry.path());
  }
  return files;
}

// The names of the files that one has and the other has not, or with other bytes.
std::vector<std::string> differences(const fs::path& a, const fs::path& b) {
  const auto one = files_of(a), two = files_of(b);
  std::vector<std::string> names;
  for (const auto& [name, bytes] : one) {
    const auto other = two.find(name);
    if (other == two.end() || other->second != bytes) names.push_back(name);
  }
  for (const auto& [name, bytes] : two) {
    if (!one.contains(name)) names.push_back(name);
  }
  return names;
}

std::optional<double> number(const NetworkStudyResult& result, const std::string& name) {
  for (const NamedNumber& n : result.metrics.numbers) {
    if (n.name == name) return n.value;
  }
  ADD_FAILURE() << "no number " << name;
  return std::nullopt;
}

Table table(const std::vector<NamedTable>& tables, const std::string& name) {
  for (const NamedTable& t : tables) {
    if (t.name == name) return t.table;
  }
  throw std::runtime_error("no table " + name);
}

std::string problem_with(const NetworkStudyConfig& config) {
  try {
    check_config(config);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "none";
}

// One whole run, shared by the tests that only look at it.
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

TEST_F(NetworkStudy, HasARowForEveryModelOfEverySeed) {
  EXPECT_TRUE(result_->passed) << result_->reason;
  EXPECT_FALSE(result_->interrupted);
  std::vector<std::string> rows;
  for (const ModelResult& m : result_->metrics.models) {
    rows.push_back(m.name + " " + std::to_string(*m.seed));
    EXPECT_TRUE(m.test.mse_over_floor) << rows.back();
  }
  EXPECT_EQ(rows, (std::vector<std::string>{"pinn 42", "teacher 42", "clustering 42", "low_rank 42",
                                            "compact 42", "pinn 7", "teacher 7", "clustering 7",
                                            "low_rank 7", "compact 7"}));
  EXPECT_EQ(result_->metrics.models[1].parameters, 46409);
  EXPECT_EQ(result_->metrics.models[1].states, 1216);
  EXPECT_EQ(result_->metrics.models[1].init, 1042);
  EXPECT_EQ(result_->metrics.models[4].parameters, 19);
  EXPECT_EQ(result_->metrics.models[4].init, 11);
}

TEST_F(NetworkStudy, SummarisesOverTheSeeds) {
  const double a = *result_->metrics.models[1].test.mse, b = *result_->metrics.models[6].test.mse;
  EXPECT_NEAR(*number(*result_, "teacher_mse_A2_mean"), (a + b) / 2, 1e-20);
  const double sd = std::abs(a - b) / std::sqrt(2.0);
  EXPECT_NEAR(*number(*result_, "teacher_mse_A2_sd"), sd, 1e-20);
  EXPECT_NEAR(*number(*result_, "teacher_mse_A2_half_width_95") / (12.7062 * sd / std::sqrt(2.0)),
              1, 1e-5);
  EXPECT_GT(*number(*result_, "resistor_mse_over_floor_mean"), 50);
  EXPECT_LT(*number(*result_, "device_law_mse_over_floor_mean"), 1.02);
  EXPECT_LT(*number(*result_, "compact_mse_over_floor_mean"), 2);
}

TEST_F(NetworkStudy, ComparesSizes) {
  EXPECT_EQ(*number(*result_, "seed_42_teacher_compression"), 1);
  EXPECT_EQ(*number(*result_, "seed_42_low_rank_compression"), 46409.0 / 7377);
  EXPECT_EQ(*number(*result_, "seed_7_clustering_compression"), 46409.0 / (16961 - 1001));
  EXPECT_EQ(*number(*result_, "seed_7_compact_compression"), 46409.0 / 19);
  const Table sizes = table(network_tables(*result_), "sizes");
  EXPECT_EQ(sizes.rows[2],
            (std::vector<std::string>{"clustering", "16961", "15960 to 15961", "128", "2.9"}));
}

TEST_F(NetworkStudy, KeepsTheFactsOfEveryTraining) {
  EXPECT_EQ(*number(*result_, "seed_7_teacher_best_step"), 1200);
  EXPECT_EQ(*number(*result_, "seed_42_low_rank_memory_energy_in_rank_2"), 1 - 0.2 * 0.2);
  EXPECT_EQ(*number(*result_, "seed_42_clustering_tau_of_cluster_1"), 1e-6);
  const auto tables = network_tables(*result_);
  EXPECT_EQ(table(tables, "memory_energy").rows[0],
            (std::vector<std::string>{"low_rank", "42", "80 %", "96 %", "99.2 %", "99.8 %"}));
  EXPECT_EQ(table(tables, "time_constants").rows.size(), 6u);
  EXPECT_EQ(table(tables, "time_constants").rows[1],
            (std::vector<std::string>{"clustering", "42", "tau of cluster 2", "10.0 us"}));
  for (const auto& row : table(tables, "facts").rows) {
    EXPECT_TRUE(row[2] == "best step" || row[0] == "compact") << row[2];
  }
}

// Of a prediction that is too large by a tenth the error is a tenth in every band.
TEST_F(NetworkStudy, MeasuresErrorsByBandWithoutTheNoise) {
  NetworkStudyResult result;
  result.config = study();
  result.config.seeds = {42};
  result.seeds = {result_->seeds.front()};
  ModelOutcome outcome{.seed = 42, .network = 0, .label = "pinn", .usable = true};
  outcome.predictions = result.seeds.front().frame;
  for (fit::Prediction& p : outcome.predictions) {
    p.current =
        result.seeds.front().dataset.records[static_cast<std::size_t>(p.record)].clean_current;
    for (double& i : p.current) i *= 1.1;
  }
  result.outcomes = {outcome};
  collect_network_metrics(result);
  for (const char* band :
       {"0_to_50", "50_to_70", "70_to_90", "90_to_110", "110_to_130", "130_to_150"}) {
    const std::string name = std::string("seed_42_pinn_seq9_band_") + band + "_kHz_error";
    EXPECT_NEAR(*number(result, name), 0.1, 1e-9) << band;
  }
  EXPECT_GT(*number(*result_, "seed_7_resistor_seq9_band_130_to_150_kHz_error"), 0.1);
  const Table bands = table(network_tables(*result_), "bands");
  EXPECT_EQ(bands.header.size(), 2u + 6u);
  EXPECT_EQ(bands.rows.size(), (5u + 1u) * 2u);
}

TEST_F(NetworkStudy, HasTheRowsOfBothSeedsAndTheReferencesInItsTables) {
  const auto tables = network_tables(*result_);
  EXPECT_EQ(table(tables, "accuracy").rows.size(), 2u * 5u + 2u * 6u);
  EXPECT_EQ(table(tables, "summary").rows.size(), 5u + 6u);
  for (const NamedTable& t : tables) EXPECT_NO_THROW(check_table(t.table)) << t.name;
  const std::string text = summary_text(*result_);
  for (const char* word :
       {"teacher", "device's own law", "noise floor", "compression", "ns per sample"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

TEST_F(NetworkStudy, WritesEveryFile) {
  for (const char* name :
       {"config.json", "metrics.json", "manifest.json", "timings.json", "report.html",
        "seed_7/low_rank/model.safetensors", "seed_7/compact/model.safetensors",
        "seed_42/compact/predictions.safetensors", "tables/summary.md", "tables/summary.json",
        "tables/accuracy.csv", "tables/bands.tex", "tables/latency.md", "tables/latency.json",
        "figures/performance.svg", "figures/compression.svg", "figures/spectrum.svg",
        "figures/training_curves.svg"}) {
    EXPECT_TRUE(fs::exists(folder_ / name)) << name;
  }
  const Manifest manifest = parse_manifest(read_file(folder_ / "manifest.json"), "manifest");
  std::vector<std::string> listed, found;
  for (const auto& [name, checksum] : manifest.files) listed.push_back(name);
  for (const auto& [name, bytes] : files_of(folder_)) {
    if (name != "manifest.json") found.push_back(name);
  }
  EXPECT_EQ(listed, found);
  EXPECT_EQ(manifest.seeds, (std::vector<int>{42, 7}));
}

TEST_F(NetworkStudy, KeepsTimesOutOfEverythingButTheTimings) {
  const json latency = json::parse(read_file(folder_ / "tables/latency.json"));
  ASSERT_EQ(latency["rows"].size(), 5u);
  EXPECT_EQ(latency["rows"][4][0], "compact");
  EXPECT_GT(latency["rows"][4][1].get<double>(), 0);
  const Timings timings = parse_timings(read_file(folder_ / "timings.json"), "timings");
  std::vector<std::string> names;
  for (const StageTiming& stage : timings.stages) names.push_back(stage.name);
  for (const char* name : {"seed 7, teacher", "seed 42, compact", "one step of pinn", "report"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
  EXPECT_NE(read_file(folder_ / "report.html").find("tables/latency.md"), std::string::npos);
  for (const auto& [name, bytes] : files_of(folder_)) {
    EXPECT_EQ(bytes.find("ns per sample"), std::string::npos) << name;
    EXPECT_EQ(bytes.find(folder_.string()), std::string::npos) << name;
  }
}

TEST_F(NetworkStudy, AgainWithOneProcessGivesTheSameBytes) {
  const fs::path again = folder_named("again");
  run_network_study(study(), {again, 1}, kSilent);
  EXPECT_EQ(differences(folder_, again), kNone);
}

TEST_F(NetworkStudy, OfItsOwnResolvedConfigTrainsNothingAgain) {
  const fs::path again = copy("resolved");
  fs::remove(stock_ / "log");
  const auto config = read_config<NetworkStudyConfig>(again / "config.json");
  run_network_study(config, {again, 2}, kSilent);
  EXPECT_EQ(differences(folder_, again), kNone);
  const auto lines = log_of(stock_);
  const auto found = [](const std::string& l) { return l.starts_with("found "); };
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(), found), 8);
  EXPECT_EQ(lines.size(), 16u);
}

TEST_F(NetworkStudy, IsCheckedWithoutDifferences) {
  const CheckResult check = check_network_run(folder_);
  EXPECT_EQ(check.differences, kNone);
  EXPECT_GT(check.values, 100);
}

TEST_F(NetworkStudy, ChecksFindChangedNumbers) {
  const fs::path edited = copy("edited");
  std::string text = read_file(edited / "metrics.json");
  const std::string key = "\"mse_A2\": ";
  text.insert(text.find(key) + key.size(), "1");
  write_file(edited / "metrics.json", text);
  const CheckResult check = check_network_run(edited);
  ASSERT_EQ(check.differences.size(), 2u);  // the number, and the checksum of the file
  EXPECT_NE(check.differences[0].find("/models/0/test/mse_A2"), std::string::npos);
}

TEST_F(NetworkStudy, ChecksFindChangedPredictions) {
  const fs::path edited = copy("predictions");
  for (const char* label : {"teacher", "compact"}) {
    const fs::path file = edited / "seed_42" / label / "predictions.safetensors";
    StoredCurrents currents = load_currents(file);
    for (double& i : currents.current[1]) i *= 1.01;
    save_currents(file, currents);
  }
  const CheckResult check = check_network_run(edited);
  const auto names = [&](const std::string& words) {
    return std::any_of(check.differences.begin(), check.differences.end(),
                       [&](const auto& d) { return d.find(words) != std::string::npos; });
  };
  EXPECT_TRUE(names("/models/1/test/mse_A2"));
  EXPECT_TRUE(names("seed 42, teacher, record seq9: the stored prediction differs"));
  EXPECT_TRUE(names("seed 42, compact, record seq9: the stored prediction differs"));
  EXPECT_FALSE(names("seed 42, pinn"));
  EXPECT_TRUE(names("seed_42/teacher/predictions.safetensors: expected SHA-256"));
}

TEST_F(NetworkStudy, ChecksNameAMissingFile) {
  const fs::path edited = copy("missing");
  fs::remove(edited / "seed_42/teacher/predictions.safetensors");
  EXPECT_THROW(check_network_run(edited), DataError);
}

// Killed while the students of the second seed wait: the next run goes on to the same bytes.
TEST_F(NetworkStudy, GoesOnWhereItWasInterruptedToTheSameBytes) {
  const fs::path again = folder_named("interrupted");
  write_file(stock_ / "7_2/waits", "");
  fs::remove(stock_ / "log");
  std::thread sender([&] {
    while (!fs::exists(again / "seed_7/clustering/training.safetensors")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::kill(::getpid(), SIGTERM);
  });
  const NetworkStudyResult first = run_network_study(study(), {again, 1}, kSilent);
  sender.join();
  EXPECT_TRUE(first.interrupted);
  EXPECT_FALSE(first.passed);
  EXPECT_FALSE(fs::exists(again / "metrics.json"));
  const auto lines = log_of(stock_);
  EXPECT_EQ(lines.back(), "interrupted 7 2");
  fs::remove(stock_ / "7_2/waits");
  const NetworkStudyResult second = run_network_study(study(), {again, 2}, kSilent);
  EXPECT_TRUE(second.passed) << second.reason;
  EXPECT_EQ(differences(folder_, again), kNone);
}

TEST_F(NetworkStudy, MarksWhatCouldNotBeTrained) {
  const fs::path folder = copy("failed");
  fs::remove_all(folder / "seed_7/teacher");
  write_file(stock_ / "7_1/fails", "2 the loss is NaN at step 17\n");
  const NetworkStudyResult result = run_network_study(study(), {folder, 2}, kSilent);
  fs::remove(stock_ / "7_1/fails");
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.reason, "seed 7, teacher: the loss is NaN at step 17");
  ASSERT_EQ(result.warnings.size(), 2u);
  EXPECT_EQ(result.warnings[0], "seed 7, clustering: seed 7, teacher could not be trained");
  const ModelResult& row = result.metrics.models[6];
  EXPECT_EQ(row.name, "teacher");
  EXPECT_FALSE(row.parameters);
  EXPECT_FALSE(row.test.mse);
  EXPECT_TRUE(result.metrics.models[5].test.mse);
  EXPECT_FALSE(result.metrics.models[7].test.mse);
  EXPECT_FALSE(fs::exists(folder / "seed_7/clustering/model.safetensors"));
  EXPECT_EQ(table(network_tables(result), "summary").rows[1][1], "1");
  EXPECT_NE(read_file(folder / "report.html").find("the loss is NaN at step 17"),
            std::string::npos);
  EXPECT_EQ(check_network_run(folder).differences, kNone);
}

TEST_F(NetworkStudy, EndsWithTheSentenceOfATrainerThatFindsItsInputWrong) {
  write_file(stock_ / "42_0/fails", "1 networks/0/phases: expected less\n");
  const fs::path folder = folder_named("wrong");
  try {
    run_network_study(study(), {folder, 1}, kSilent);
    ADD_FAILURE() << "expected a ConfigError";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), "seed 42, pinn: networks/0/phases: expected less");
  }
  fs::remove(stock_ / "42_0/fails");
  EXPECT_FALSE(fs::exists(folder / "metrics.json"));
}

TEST_F(NetworkStudy, TrustsNoFilesOfAnotherModelOrProtocol) {
  const fs::path folder = copy("other_model");
  const fs::path model = folder / "seed_42/pinn/model.safetensors";
  fs::copy_file(stock_ / "42_1/model.safetensors", model, fs::copy_options::overwrite_existing);
  try {
    run_network_study(study(), {folder, 2}, kSilent);
    ADD_FAILURE() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_EQ(e.what(), model.string() +
                            ": expected a pinn of the protocol known_start, found a "
                            "teacher of known_start");
  }
}

TEST_F(NetworkStudy, RefusesAFolderWithOtherThings) {
  const fs::path folder = folder_named("mine");
  write_file(folder / "notes.txt", "mine");
  EXPECT_THROW(run_network_study(study(), {folder, 2}, kSilent), ConfigError);
  EXPECT_EQ(read_file(folder / "notes.txt"), "mine");
}

TEST_F(NetworkStudy, NeedsItsTrainerBeforeItTouchesAnything) {
  ::setenv("PSI_TRAINER", "/nowhere/psi_trainer", 1);
  const fs::path folder = folder_named("no_trainer");
  EXPECT_THROW(run_network_study(study(), {folder, 2}, kSilent), ConfigError);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(NetworkStudy, TellsWhatGoesOn) {
  std::vector<std::string> told;
  double last = 0;
  run_network_study(study(), {copy("told"), 1},
                    [&](const std::string& stage, double done, const std::string& detail) {
                      told.push_back(stage + ": " + detail);
                      if (stage == "train") last = done;
                    });
  for (const char* line : {"fit: seed 42, compact", "train: seed 7, teacher: started",
                           "train: seed 7, low_rank: done", "report: tables, figures, page"}) {
    EXPECT_EQ(std::count(told.begin(), told.end(), line), 1) << line;
  }
  EXPECT_EQ(last, 1);
}

TEST(PublishedStudy, SaysWhatNothingCanBeat) {
  NetworkStudyConfig config = study("published");
  config.networks = {network("pinn")};
  stock_for(config, "published");
  const fs::path folder = folder_named("published");
  const NetworkStudyResult result = run_network_study(config, {folder, 2}, kSilent);
  EXPECT_TRUE(result.passed) << result.reason;
  EXPECT_NEAR(*number(result, "bayes_bound_mse_A2_mean"), 7.07e-8, 0.005e-8);
  const std::string page = read_file(folder / "report.html");
  EXPECT_NE(page.find("except by luck of the draw"), std::string::npos);
  EXPECT_NE(page.find("geometric mean"), std::string::npos);
  // From the middle of the starts the compact student is about as good as a resistor.
  EXPECT_GT(*number(result, "compact_mse_over_floor_mean"), 100);
  EXPECT_LT(*number(result, "compact_mse_over_floor_mean"), 2000);
  for (const ModelOutcome& o : result.outcomes) {
    EXPECT_EQ(o.predictions[0].scored_from, 20000) << o.label;
    EXPECT_EQ(o.predictions[1].scored_from, 0) << o.label;
  }
  EXPECT_EQ(result.outcomes[1].predictions[0].start.value,
            result.outcomes[1].predictions[1].start.value);
  EXPECT_EQ(check_network_run(folder).differences, kNone);
}

TEST(Ablation, ShowsVariantsOfAModelByTheirLabels) {
  NetworkStudyConfig config = study();
  config.with_compact = false;
  config.seeds = {7};
  config.networks = {network("teacher"), network("clustering", 1), network("clustering", 1)};
  config.networks[2].label = "clustering_k5";
  config.networks[2].clusters = 5;
  stock_for(config, "ablation");
  const fs::path folder = folder_named("ablation");
  const NetworkStudyResult result = run_network_study(config, {folder, 2}, kSilent);
  EXPECT_TRUE(result.passed) << result.reason;
  EXPECT_EQ(result.metrics.models[2].name, "clustering_k5");
  EXPECT_EQ(*result.metrics.models[2].parameters, 16961 + 2 * 2 * 32);
  EXPECT_TRUE(fs::exists(folder / "seed_7/clustering_k5/model.safetensors"));
  EXPECT_EQ(table(network_tables(result), "time_constants").rows.size(), 3u + 5u);
  EXPECT_EQ(check_network_run(folder).differences, kNone);
}

TEST(TimeConstants, StandBesideTheGatesOfTheFirstSeed) {
  NetworkStudyConfig config = study();
  config.seeds = {42};
  config.with_compact = false;
  config.networks = {network("teacher"), network("clustering", 1), network("low_rank", 1)};
  config.time_constants = {
      .enabled = true,
      .estimate = {
          .start = "rest", .response = "conductance driven by V^2", .bias_dependent = false}};
  stock_for(config, "time_constants");
  const fs::path folder = folder_named("time_constants");
  run_network_study(config, {folder}, kSilent);
  json tree = json::parse(read_file(folder / "tau" / "tau.json"));
  EXPECT_NE(tree["memory"], "fixed time constants");  // the device has none
  ASSERT_EQ(tree["networks"].size(), 2u);
  EXPECT_EQ(tree["networks"][0]["gates"].size(), 64u + 4u);
  EXPECT_EQ(tree["networks"][0]["tied"], false);
  EXPECT_EQ(tree["networks"][1]["network"], "clustering");
  EXPECT_EQ(tree["networks"][1]["tied"], true);
  EXPECT_NE(read_file(folder / "report.html").find("K-means of forget gates"), std::string::npos);
  EXPECT_EQ(check_network_run(folder).differences, kNone);
  tree["networks"][1]["gates"][0]["median_s"] = 1.0;
  write_file(folder / "tau" / "tau.json", tree.dump(2) + "\n");
  const auto found = check_network_run(folder).differences;
  ASSERT_EQ(found.size(), 2u);  // the checksum too
  EXPECT_NE(found[0].find("/networks/1/gates/0/median_s: stored 1.0, computed again"),
            std::string::npos)
      << found[0];
}

TEST(CompactAlone, NeedsNoTrainer) {
  NetworkStudyConfig config = study();
  config.seeds = {7};
  config.networks.clear();
  ::setenv("PSI_TRAINER", "/nowhere/psi_trainer", 1);
  const NetworkStudyResult result = run_network_study(config, {folder_named("alone"), 1}, kSilent);
  EXPECT_TRUE(result.passed) << result.reason;
  EXPECT_EQ(result.outcomes.size(), 1u);
}

TEST(CheckConfig, NamesWhatContradicts) {
  EXPECT_EQ(problem_with(study()), "none");
  NetworkStudyConfig config = study();
  config.networks[2].label = "teacher";
  EXPECT_NE(problem_with(config).find("expected different labels"), std::string::npos);
  config.networks[2].label = "compact";
  EXPECT_NE(problem_with(config).find("expected different labels"), std::string::npos);
  config.with_compact = false;
  EXPECT_EQ(problem_with(config), "none");
  for (const char* label : {"a b", "../up", "1st", "$(touch x)"}) {
    config = study();
    config.networks[2].label = label;
    EXPECT_EQ(problem_with(config).find("networks/2/label: expected a letter"), 0u) << label;
  }
  config.networks[2].label = "fit_0";
  EXPECT_EQ(problem_with(config).find("networks/2/label: expected no label"), 0u);
  config = study();
  std::swap(config.networks[1], config.networks[2]);
  EXPECT_EQ(
      problem_with(config),
      "networks/1: expected a teacher before the student \"clustering\", found one behind it");
  config.networks[1].distillation.alpha =
      0;  // it would start from the teacher's memory all the same
  EXPECT_NE(problem_with(config), "none");
  config.networks.erase(config.networks.begin() + 2, config.networks.end());
  EXPECT_EQ(problem_with(config), "none");
  config.networks[1].distillation.beta = 1;
  EXPECT_EQ(problem_with(config),
            "networks/1: expected a teacher before the student \"clustering\", found none");
  config = study();
  config.networks[0].phases.clear();
  EXPECT_EQ(problem_with(config), "networks/0/phases: expected at least one, found none");
  config = study("published");
  config.networks[1].optimizer = "soap";
  EXPECT_EQ(
      problem_with(config),
      "networks/1/optimizer: expected \"adamw\" but for recurrent networks of the known-start "
      "protocol, found \"soap\"");
  config.protocol = "known_start";
  EXPECT_EQ(problem_with(config), "none");
  config = study();
  config.seeds = {1, 2, 1};
  EXPECT_EQ(problem_with(config).find("seeds: expected different seeds"), 0u);
  config.seeds.clear();
  EXPECT_EQ(problem_with(config).find("seeds: expected different seeds"), 0u);
  config = study();
  config.networks.clear();
  config.with_compact = false;
  EXPECT_EQ(problem_with(config), "networks: expected at least one model, found none");
  config = study();
  config.study = "a b";
  EXPECT_EQ(problem_with(config).find("study: expected a letter"), 0u);
}

TEST(TeacherIndex, IsTheFirst) {
  EXPECT_EQ(teacher_index({network("pinn"), network("teacher"), network("teacher")}), 1);
  EXPECT_EQ(teacher_index({network("pinn"), network("clustering")}), -1);
}

TEST(IsNetworkStudy, LooksForTheProtocol) {
  const fs::path folder = folder_named("configs");
  write_file(folder / "networks.json", R"({"study": "x", "protocol": "published"})");
  write_file(folder / "study.json", R"({"study": "x"})");
  write_file(folder / "list.json", "[]");
  EXPECT_TRUE(is_network_study(folder / "networks.json"));
  EXPECT_FALSE(is_network_study(folder / "study.json"));
  EXPECT_FALSE(is_network_study(folder / "list.json"));
  EXPECT_THROW(is_network_study(folder / "nowhere.json"), ConfigError);
}

}  // namespace
}  // namespace psi_xlstm::experiments
