#include "studies/compact/study.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/csv.hpp"
#include "studies/compact/figures.hpp"
#include "studies/compact/fits.hpp"
#include "studies/compact/page.hpp"
#include "studies/compact/standing.hpp"
#include "support/run_folders.hpp"
#include "support/synthetic_records.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::differences;
using testing::files_of;

fs::path folder_named(const std::string& name) {
  const fs::path folder = fs::path(::testing::TempDir()) / "study_test" / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

// Five records of 400 samples of a device with one state, measured with 1 % of noise; three of them
// train a model.
StudyConfig one_state_study() {
  const fs::path file = fs::path(::testing::TempDir()) / "study_test_device.csv";
  Rng rng(3);
  std::vector<Record> records;
  for (int i = 0; i < 5; ++i) {
    records.push_back(testing::synthetic_record(testing::one_state(), 1.5e-4 + 1e-4 * i, 1.2,
                                                (8 + i) * 1e3, 400, 0.01, rng));
    records.back().id = std::to_string(i + 1);
    records.back().clean_current.clear();
    records.back().initial_conductance.reset();
  }
  std::ofstream(file) << csv_text(records);
  StudyConfig config;
  config.study = "small";
  config.model = "one_state_device";
  config.seeds = {1};
  config.data = {.source = DataSource::kCsv, .files = {file.string()}};
  config.fit.student = {.states = 1, .features = 3};
  config.fit.starts = 2;
  config.cosim.limit = config.cosim.limit_training_like = 1e-3;
  return config;
}

StudyConfig chosen_study() {
  StudyConfig config = one_state_study();
  config.selection = {.enabled = true, .states = 0};
  config.cosimulate = false;
  return config;
}

const Progress kSilent = [](const std::string&, double, const std::string&) {};

// How many candidates a run reports.
int candidates_tried(const StudyConfig& config, const fs::path& folder) {
  int count = 0;
  run_study(config, {folder}, [&](const std::string& stage, double, const std::string&) {
    count += stage == "choose" ? 1 : 0;
  });
  return count;
}

const std::vector<std::string> kNone;

// "2026-11-22" and the like: digits where the pattern has 0.
bool holds_a_date(const std::string& text) {
  constexpr std::string_view kPattern = "0000-00-00";
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t at = 0; at + kPattern.size() <= text.size(); ++at) {
    bool matches = text.compare(at, 2, "20") == 0 && (at == 0 || !digit(text[at - 1]));
    for (std::size_t i = 0; matches && i < kPattern.size(); ++i) {
      matches = kPattern[i] == '0' ? digit(text[at + i]) : text[at + i] == kPattern[i];
    }
    if (matches) return true;
  }
  return false;
}

std::vector<std::string> keys_of(const json& tree) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : tree.items()) keys.push_back(key);
  return keys;
}

void expect_keys(const json& tree, const std::vector<std::string>& wanted) {
  const std::vector<std::string> keys = keys_of(tree);
  for (const std::string& key : wanted) {
    EXPECT_EQ(std::count(keys.begin(), keys.end(), key), 1) << key;
  }
}

// One run with everything in it, shared by the tests that only look at it.
class Study : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = folder_named("reference");
    result_ = new StudyResult(run_study(one_state_study(), {folder_}, kSilent));
    metrics_ = json::parse(read_file(folder_ / "metrics.json"));
  }
  static void TearDownTestSuite() { delete result_; }

  static inline fs::path folder_;
  static inline const StudyResult* result_ = nullptr;
  static inline json metrics_;
};

TEST_F(Study, OfADeviceThatTheModelCanHoldPasses) {
  EXPECT_TRUE(result_->verdict.passed()) << result_->verdict.reason;
  EXPECT_EQ(result_->verdict.reason, "");
  EXPECT_EQ(result_->warnings, kNone);
  ASSERT_EQ(result_->metrics.baselines.size(), 4u);
  for (const BaselineResult& b : result_->metrics.baselines) {
    EXPECT_GT(*b.mse, *result_->metrics.models[0].test.mse) << b.name;
  }
}

TEST_F(Study, SaysFirstThatTheCosimulationFailed) {
  const auto passed = [](const std::vector<std::string>& lines) {
    return std::none_of(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("FAILED") != std::string::npos;
    });
  };
  EXPECT_TRUE(passed(result_lines(*result_, folder_)));
  EXPECT_NE(introduction(*result_).back().find("they agree to"), std::string::npos);
  StudyResult broken = *result_;
  const auto& rows = broken.metrics.cosim;
  const auto judged = std::count_if(rows.begin(), rows.end(),
                                    [](const CosimRow& row) { return row.verdict().has_value(); });
  int failed = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    broken.metrics.cosim[i].passed = false;
    broken.cosim.transients[i].row.passed = false;
    ++failed;
  }
  const std::string expected = "co-simulation FAILED: " + std::to_string(failed) + " of " +
                               std::to_string(judged) + " checks";
  EXPECT_EQ(result_lines(broken, folder_)[1], expected);
  const std::string opening = introduction(broken).back();
  EXPECT_EQ(opening.find("The " + expected + ". "), 0U) << opening;
  EXPECT_EQ(opening.find("they agree to"), std::string::npos) << opening;
}

TEST(ShownRecord, IsTheTestRecordWithTheLargestError) {
  Dataset dataset;
  std::vector<fit::Prediction> predictions;
  const std::vector<double> errors = {1e-6, 5e-6, 2e-6};
  for (int i = 0; i < 3; ++i) {
    Record record;
    record.id = std::to_string(i);
    record.time = {0, 1, 2, 3};
    record.voltage = {{0, 1, 0, -1}};
    record.current = {{0, 1e-4, 0, -1e-4}};
    dataset.records.push_back(record);
    dataset.split.test.push_back(i);
    fit::Prediction p;
    p.record = i;
    p.current = record.current[0];
    p.current[2] += errors[static_cast<std::size_t>(i)];
    predictions.push_back(p);
  }
  EXPECT_EQ(shown_record(dataset, predictions).record.id, "1");
  EXPECT_EQ(shown_record(dataset, predictions).prediction.record, 1);
}

TEST_F(Study, MetricsHaveEveryKey) {
  expect_keys(metrics_, {"study", "models", "baselines", "cosim", "numbers"});
  EXPECT_EQ(metrics_["study"], "small");
  ASSERT_EQ(metrics_["models"].size(), 1u);
  const json& model = metrics_["models"][0];
  expect_keys(model, {"name", "seed", "init", "parameters", "states", "test"});
  EXPECT_EQ(model["seed"], 1);
  EXPECT_EQ(model["init"], 11);
  EXPECT_EQ(model["parameters"], 19);
  EXPECT_EQ(model["states"], 1);
  expect_keys(model["test"], {"mse_A2", "noise_floor_A2", "mse_over_floor", "nrmse_std",
                              "nrmse_range", "nrmse_std_clean"});
  ASSERT_EQ(metrics_["baselines"].size(), 4u);
  for (const json& baseline : metrics_["baselines"]) expect_keys(baseline, {"name", "mse_A2"});
  ASSERT_GE(metrics_["cosim"].size(), 5u);
  for (const json& row : metrics_["cosim"]) {
    expect_keys(row, {"model", "path", "stimulus", "max_abs_err_over_fs", "rmse_over_fs",
                      "correlation", "limit", "passed", "not_verified"});
    EXPECT_EQ(row["model"], "one_state_device");
  }
}

TEST_F(Study, ValuesThatAreNotKnownAreNull) {
  const json& test = metrics_["models"][0]["test"];
  for (const char* key : {"noise_floor_A2", "mse_over_floor", "nrmse_std_clean"}) {
    EXPECT_TRUE(test[key].is_null()) << key << " of data without a noise-free current";
  }
  for (const char* key : {"mse_A2", "nrmse_std", "nrmse_range", "correlation"}) {
    EXPECT_TRUE(test[key].is_number()) << key;
  }
}

TEST_F(Study, ListsEveryFileInTheManifestAndNothingElse) {
  const Manifest manifest = parse_manifest(read_file(folder_ / "manifest.json"), "manifest");
  std::vector<std::string> listed, found;
  for (const auto& [name, checksum] : manifest.files) listed.push_back(name);
  for (const auto& [name, bytes] : files_of(folder_)) {
    if (name != "manifest.json") found.push_back(name);
  }
  EXPECT_EQ(listed, found);
  for (const char* name :
       {"config.json", "metrics.json", "report.html", "hdl/one_state_device.va",
        "hdl/one_state_device.sp", "model.safetensors", "seed_1/fit_0/model.safetensors",
        "seed_1/fit_0/predictions.safetensors", "cosim/training_like.safetensors",
        "tables/models.csv", "tables/baselines.md", "tables/cosimulation.tex"}) {
    EXPECT_TRUE(manifest.files.contains(name)) << name;
  }
}

TEST_F(Study, KeepsTheChosenModelWhereItIsLookedFor) {
  EXPECT_EQ(read_file(folder_ / kModelName), read_file(folder_ / "seed_1/fit_0" / kModelName));
}

TEST_F(Study, HoldsADateInTheTimingsOnly) {
  for (const auto& [name, bytes] : files_of(folder_)) EXPECT_FALSE(holds_a_date(bytes)) << name;
  EXPECT_TRUE(holds_a_date(read_file(folder_ / "timings.json")));
}

TEST_F(Study, HoldsThePathOfItsFolderNowhere) {
  for (const auto& [name, bytes] : files_of(folder_)) {
    EXPECT_EQ(bytes.find(folder_.string()), std::string::npos) << name;
  }
}

TEST_F(Study, AgainInAnotherFolderGivesTheSameBytes) {
  const fs::path again = folder_named("again");
  run_study(one_state_study(), {again}, kSilent);
  EXPECT_EQ(differences(folder_, again), kNone);
}

TEST_F(Study, WithOneThreadGivesTheSameBytes) {
  const fs::path again = folder_named("one_thread");
  run_study(one_state_study(), {again, 1}, kSilent);
  EXPECT_EQ(differences(folder_, again), kNone);
}

TEST_F(Study, OfItsOwnResolvedConfigGivesTheSameBytes) {
  const fs::path again = folder_named("resolved");
  run_study(read_config<StudyConfig>(folder_ / "config.json"), {again}, kSilent);
  EXPECT_EQ(differences(folder_, again), kNone);
}

TEST_F(Study, GoesOnFromTheFirstModelToTheSameBytes) {
  const fs::path again = folder_named("resumed");
  const fs::path model = "seed_1/fit_0/model.safetensors";
  fs::create_directories(again / "seed_1/fit_0");
  fs::copy_file(folder_ / model, again / model);
  fs::copy_file(folder_ / kLedgerName, again / kLedgerName);
  const auto written = fs::last_write_time(again / model);
  run_study(one_state_study(), {again}, kSilent);
  EXPECT_EQ(differences(folder_, again), kNone);
  EXPECT_EQ(fs::last_write_time(again / model), written);
}

// A copy that was interrupted, or a text: it is fitted again, to the same bytes.
TEST_F(Study, DoesNotTrustABrokenModel) {
  const std::string bytes = read_file(folder_ / "seed_1/fit_0/model.safetensors");
  for (const std::string& broken : {bytes.substr(0, bytes.size() / 2), std::string("no model")}) {
    const fs::path again = folder_named("broken");
    const fs::path file = again / "seed_1/fit_0/model.safetensors";
    write_file(file, broken);
    fs::copy_file(folder_ / kLedgerName, again / kLedgerName);
    EXPECT_NO_THROW(run_study(one_state_study(), {again}, kSilent));
    EXPECT_EQ(differences(folder_, again), kNone);
  }
}

TEST(ChosenStudy, GivesTheSameResultsWithOneAndTwoThreads) {
  StudyConfig config = chosen_study();
  const fs::path two = folder_named("chosen_two"), one = folder_named("chosen_one");
  run_study(config, {two}, kSilent);
  run_study(config, {one, 1}, kSilent);
  EXPECT_EQ(differences(two, one), kNone);
}

TEST(ChosenStudy, TriesNothingAgainWhereTheModelIsThere) {
  const StudyConfig config = chosen_study();
  const fs::path folder = folder_named("chosen_resumed");
  EXPECT_EQ(candidates_tried(config, folder), 2);
  const auto before = files_of(folder);
  EXPECT_EQ(candidates_tried(config, folder), 0);
  EXPECT_EQ(files_of(folder), before);
}

TEST(ChosenStudy, TriesAgainWhereTheFitTheDataOrTheNoiseIsAnother) {
  const fs::path folder = folder_named("chosen_other");
  StudyConfig config = chosen_study();
  EXPECT_EQ(candidates_tried(config, folder), 2);
  config.fit.ridge = 2;
  EXPECT_EQ(candidates_tried(config, folder), 2);
  config.data.noise = 0.05;
  EXPECT_EQ(candidates_tried(config, folder), 2);
  config.data.split = "2/1/3";
  EXPECT_EQ(candidates_tried(config, folder), 2);
  config.data.sign = -1;
  EXPECT_EQ(candidates_tried(config, folder), 2);
  config.model = "another_name";
  EXPECT_EQ(candidates_tried(config, folder), 2);
  config.study = "other";
  EXPECT_EQ(candidates_tried(config, folder), 0);
}

TEST(ChosenStudy, ReportsTheCandidates) {
  const fs::path folder = folder_named("chosen_report");
  const StudyResult result = run_study(chosen_study(), {folder}, kSilent);
  ASSERT_EQ(result.fits.front().model.candidates.size(), 2u);
  EXPECT_EQ(result.fits.front().model.network.state_count(), 0);
  EXPECT_TRUE(result.metrics.cosim.empty());
  EXPECT_TRUE(fs::exists(folder / "tables/candidates.csv"));
  EXPECT_NE(details_text(result).find("Shapes tried"), std::string::npos);
}

// A report is read on other machines: what a reader remarks has no folder of this one.
TEST(RunStudy, NamesFilesWithoutTheirFolderInWarnings) {
  StudyConfig config = one_state_study();
  const fs::path file = folder_named("remarks") / "scope.csv";
  write_file(file, "Made on a bench\n\n" + read_file(config.data.files.front()));
  config.data.files = {file.string()};
  config.cosimulate = false;
  const fs::path folder = folder_named("remarks_run");
  const StudyResult result = run_study(config, {folder}, kSilent);
  ASSERT_FALSE(result.warnings.empty());
  EXPECT_EQ(result.warnings.front().find("scope.csv"), 0U) << result.warnings.front();
  EXPECT_EQ(read_file(folder / "report.html").find(file.parent_path().string()), std::string::npos);
}

TEST(SeveralFits, HaveStartingPointsOfTheirOwn) {
  StudyConfig config = one_state_study();
  config.cosimulate = false;
  config.fits = 2;
  const fs::path folder = folder_named("fits");
  const StudyResult result = run_study(config, {folder}, kSilent);
  ASSERT_EQ(result.fits.size(), 2u);
  EXPECT_EQ(result.metrics.models[0].init, 11);
  EXPECT_EQ(result.metrics.models[1].init, 21);
  EXPECT_NE(result.fits[0].model.network.parameters, result.fits[1].model.network.parameters);
  EXPECT_TRUE(fs::exists(folder / "seed_1/fit_1/predictions.safetensors"));
}

TEST(ModelRow, OfAFitThatFailedHasNoNumbers) {
  StudyConfig config;
  config.fit.seed = 5;
  const json row = config_tree(model_row(config, {.seed = 3, .fit = 2}));
  EXPECT_EQ(row["seed"], 3);
  EXPECT_EQ(row["init"], 25);
  EXPECT_TRUE(row["parameters"].is_null());
  EXPECT_TRUE(row["states"].is_null());
  for (const auto& [key, value] : row["test"].items()) EXPECT_TRUE(value.is_null()) << key;
}

TEST(RunStudy, RefusesAListOfNoSeeds) {
  StudyConfig config = one_state_study();
  config.seeds.clear();
  EXPECT_THROW(run_study(config, {folder_named("seeds")}, kSilent), ConfigError);
}

TEST(RunStudy, RefusesNamesThatAreNoIdentifiersBeforeItWritesAnything) {
  for (const char* name : {"", "a b", "1st", "x; shell rm -rf", "$(touch x)", "../up"}) {
    const fs::path folder = folder_named("names") / "run";
    StudyConfig config = one_state_study();
    config.model = name;
    EXPECT_THROW(run_study(config, {folder}, kSilent), ConfigError) << name;
    config.model = "good";
    config.study = name;
    EXPECT_THROW(run_study(config, {folder}, kSilent), ConfigError) << name;
    EXPECT_FALSE(fs::exists(folder));
  }
}

}  // namespace
}  // namespace psi_xlstm
