#include "studies/compact/check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "cosimulation/traces.hpp"
#include "model/compact_model.hpp"
#include "model/predictions.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/csv.hpp"
#include "psi_xlstm/data/readers/reading.hpp"
#include "studies/compact/study.hpp"
#include "support/synthetic_records.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const fs::path kFit = "seed_1/fit_0";

StudyConfig small_study() {
  const fs::path file = fs::path(::testing::TempDir()) / "check_test_device.csv";
  Rng rng(3);
  std::vector<Record> records;
  for (int i = 0; i < 3; ++i) {
    records.push_back(testing::synthetic_record(testing::one_state(), 1.5e-4 + 1e-4 * i, 0.9,
                                                (8 + i) * 1e3, 400, 0.01, rng));
    records.back().id = std::to_string(i + 1);
  }
  std::ofstream(file) << csv_text(records);
  StudyConfig config;
  config.study = "small";
  config.seeds = {1};
  config.data = {.source = DataSource::kCsv, .files = {file.string()}};
  config.fit.student = {.states = 1, .features = 3};
  config.fit.starts = 1;
  config.cosim.limit = config.cosim.limit_training_like = 1e-3;
  return config;
}

// One run, copied for every test that breaks it.
class CheckRun : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    finished_ = fs::path(::testing::TempDir()) / "check_test" / "finished";
    fs::remove_all(finished_);
    run_study(small_study(), {finished_}, [](const std::string&, double, const std::string&) {});
  }

  static fs::path copy() {
    const fs::path folder = fs::path(::testing::TempDir()) / "check_test" / "copy";
    fs::remove_all(folder);
    fs::copy(finished_, folder, fs::copy_options::recursive);
    return folder;
  }

  static inline fs::path finished_;
};

bool names(const std::vector<std::string>& sentences, const std::string& text) {
  return std::any_of(sentences.begin(), sentences.end(), [&](const std::string& sentence) {
    return sentence.find(text) != std::string::npos;
  });
}

std::string all_of(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += sentence + "\n";
  return text;
}

// What a check says when the value at `pointer` of metrics.json is replaced.
std::vector<std::string> after_edit(const fs::path& run, const std::string& pointer, Json value) {
  Json tree = Json::parse(read_file(run / "metrics.json"));
  tree[Json::json_pointer(pointer)] = std::move(value);
  write_file(run / "metrics.json", tree.dump(2) + "\n");
  return check_compact_run(run).differences;
}

TEST_F(CheckRun, OfAFreshRunFindsNothing) {
  const CheckResult result = check_compact_run(finished_);
  EXPECT_EQ(all_of(result.differences), "");
  EXPECT_GE(result.values, 1 + 4 + 5);
}

TEST_F(CheckRun, IsTheSameFromAnotherFolder) {
  const fs::path run = copy();
  EXPECT_EQ(all_of(check_compact_run(run).differences), "");
  EXPECT_EQ(check_compact_run(run).values, check_compact_run(finished_).values);
}

TEST_F(CheckRun, NamesThePointerOfEveryEditedNumberOfAModelABaselineAndATrace) {
  const Json metrics = Json::parse(read_file(finished_ / "metrics.json")).flatten();
  int edited = 0;
  for (const auto& [pointer, value] : metrics.items()) {
    const bool recomputed = pointer.starts_with("/models/") || pointer.starts_with("/baselines/") ||
                            (pointer.starts_with("/cosim/0/") && !pointer.ends_with("/limit"));
    if (!recomputed || !value.is_number()) continue;
    const Json other = value.is_number_integer() ? Json(value.get<int>() + 1)
                                                 : Json(value.get<double>() * (1 + 1e-6));
    const std::vector<std::string> found = after_edit(copy(), pointer, other);
    EXPECT_TRUE(names(found, "metrics.json: " + pointer + ": ")) << pointer << "\n"
                                                                 << all_of(found);
    ++edited;
  }
  EXPECT_GE(edited, 4 + 8 + 2 * 4 + 3);
}

TEST_F(CheckRun, NamesTheFileWhereANumberOfAnotherKindIsEdited) {
  const Json metrics = Json::parse(read_file(finished_ / "metrics.json"));
  ASSERT_FALSE(metrics["numbers"].empty());
  const std::vector<std::string> found = after_edit(copy(), "/numbers/0/value", 0.125);
  EXPECT_TRUE(names(found, "metrics.json: expected SHA-256")) << all_of(found);
}

TEST(CheckRunWithTimeConstants, EstimatesThemAgain) {
  StudyConfig config = small_study();
  config.cosimulate = false;
  config.time_constants = {
      .enabled = true,
      .estimate = {.response = "conductance driven by |V|", .bias_dependent = false}};
  const fs::path run = fs::path(::testing::TempDir()) / "check_test" / "time_constants";
  fs::remove_all(run);
  run_study(config, {run}, [](const std::string&, double, const std::string&) {});
  EXPECT_EQ(all_of(check_compact_run(run).differences), "");
  const fs::path file = run / "tau" / "tau.json";
  Json tree = Json::parse(read_file(file));
  tree["bic"][1] = tree["bic"][1].get<double>() + 1;
  write_file(file, tree.dump(2) + "\n");
  EXPECT_TRUE(names(check_compact_run(run).differences, "tau.json/bic/1: stored "));
  fs::remove(file);
  EXPECT_TRUE(
      names(check_compact_run(run).differences, "tau: expected its time constants, found none"));
  fs::remove(config.data.files.front());  // then only the manifest knows
  EXPECT_FALSE(names(check_compact_run(run).differences, "tau: expected"));
  EXPECT_TRUE(names(check_compact_run(run).differences, "tau/tau.json"));
}

// Without the records less is computed again: nothing differs, but the run is not verified.
TEST_F(CheckRun, SaysThatTheDataFileIsMissing) {
  EXPECT_EQ(all_of(check_compact_run(finished_).not_verified), "");
  const fs::path file = small_study().data.files.front(), away = file.string() + ".away";
  fs::rename(file, away);
  const CheckResult result = check_compact_run(finished_);
  fs::rename(away, file);
  EXPECT_EQ(all_of(result.differences), "");
  ASSERT_EQ(result.not_verified.size(), 1U);
  EXPECT_EQ(result.not_verified[0].find(file.string() + ": expected the data file that this run "
                                                        "was fitted to, found none"),
            0U)
      << result.not_verified[0];
}

TEST_F(CheckRun, SaysFirstThatTheDataAreOthers) {
  const fs::path file = small_study().data.files.front();
  const std::string before = read_file(file);
  const std::size_t last = before.rfind("e-");
  ASSERT_NE(last, std::string::npos);
  std::ofstream(file) << std::string(before).replace(last, 2, "e-1");
  const CheckResult result = check_compact_run(finished_);
  std::ofstream(file) << before;
  ASSERT_FALSE(result.differences.empty());
  EXPECT_EQ(result.differences[0].find(file.string() +
                                       ": expected the records that this run was fitted to"),
            0U)
      << result.differences[0];
}

TEST(CheckRunOfRecordsInMemory, FindsThemWithTheRunWhereverItIs) {
  StudyConfig config = small_study();
  config.cosimulate = false;
  const std::vector<Record> records = read_records({config.data.files.front()}, {});
  config.data = {};
  const fs::path run = fs::path(::testing::TempDir()) / "check_test" / "memory";
  const fs::path moved = run.string() + "_moved";
  fs::remove_all(run);
  fs::remove_all(moved);
  run_study(config, records, {run}, [](const std::string&, double, const std::string&) {});
  fs::rename(run, moved);
  const CheckResult result = check_compact_run(moved);
  EXPECT_EQ(all_of(result.differences), "");
  EXPECT_EQ(all_of(result.not_verified), "");
}

TEST_F(CheckRun, NamesThePointerOfAVerdictThatWasTurned) {
  EXPECT_TRUE(names(after_edit(copy(), "/models/0/test/mse_over_floor", nullptr),
                    "/models/0/test/mse_over_floor: "));
  EXPECT_TRUE(names(after_edit(copy(), "/cosim/0/limit", 1e-12), "/cosim/0/passed: "));
}

TEST_F(CheckRun, FindsAModelThatIsMissingFromTheMetrics) {
  const std::vector<std::string> found = after_edit(copy(), "/models", Json::array());
  EXPECT_TRUE(names(found, "/models")) << all_of(found);
}

TEST_F(CheckRun, FindsAPredictionThatIsNotTheModels) {
  const fs::path run = copy(), file = run / kFit / "predictions.safetensors";
  StoredPredictions stored = load_predictions(file);
  stored.predictions[0].current[200] *= 1 + 1e-5;
  save_predictions(file, stored);
  const std::vector<std::string> found = check_compact_run(run).differences;
  EXPECT_TRUE(names(found, "the stored prediction differs from the stored model")) << all_of(found);
  EXPECT_TRUE(names(found, "/models/0/test/mse_A2: ")) << all_of(found);
  EXPECT_TRUE(names(found, "predictions.safetensors: expected SHA-256")) << all_of(found);
}

TEST_F(CheckRun, FindsAMeasuredCurrentThatWasReplacedByThePrediction) {
  const fs::path run = copy(), file = run / kFit / "predictions.safetensors";
  StoredPredictions stored = load_predictions(file);
  stored.dataset.records[0].current[0] = stored.predictions[0].current;
  save_predictions(file, stored);
  EXPECT_TRUE(names(check_compact_run(run).differences, "/models/0/test/nrmse_std: "));
}

TEST_F(CheckRun, FindsAParameterThatWasChanged) {
  const fs::path run = copy(), file = run / kFit / "model.safetensors";
  StoredModel model = load_model(file);
  model.network.parameters[4] += 1e-3;
  save_model(file, model);
  const std::vector<std::string> found = check_compact_run(run).differences;
  EXPECT_TRUE(names(found, "the stored prediction differs from the stored model")) << all_of(found);
  EXPECT_TRUE(names(found, "model.safetensors: expected SHA-256")) << all_of(found);
}

// exp(1000) is no number: the model gives no current at all.
TEST_F(CheckRun, FindsAModelThatGivesNoNumbers) {
  const fs::path run = copy(), file = run / kFit / "model.safetensors";
  StoredModel model = load_model(file);
  testing::block(model.network, "readout.bias")[0] = 1000;
  save_model(file, model);
  const std::vector<std::string> found = check_compact_run(run).differences;
  EXPECT_TRUE(names(found, "the stored prediction differs from the stored model")) << all_of(found);
}

TEST_F(CheckRun, FindsATraceThatWasChanged) {
  const fs::path run = copy(), file = run / "cosim/sine.safetensors";
  CosimOutcome traces = load_traces(file);
  traces.current[traces.current.size() / 2] *= 1.5;
  save_traces(file, traces);
  const std::vector<std::string> found = check_compact_run(run).differences;
  EXPECT_TRUE(names(found, "/max_abs_err_over_fs: ")) << all_of(found);
  EXPECT_TRUE(names(found, "/passed: ")) << all_of(found);
  EXPECT_TRUE(names(found, "cosim/sine.safetensors: expected SHA-256")) << all_of(found);
}

// A microsecond is not enough for any simulation: this run has no traces, and those of the run
// before say nothing about it.
TEST_F(CheckRun, OfARunWhoseCoSimulationFailedInTheFolderOfAnotherRunFindsNothing) {
  const fs::path run = copy();
  StudyConfig config = small_study();
  config.cosim.time_limit_s = 1e-6;
  run_study(config, {run}, [](const std::string&, double, const std::string&) {});
  EXPECT_EQ(all_of(check_compact_run(run).differences), "");
  EXPECT_FALSE(fs::exists(run / "cosim/sine.safetensors")) << "a trace of the run before";
}

TEST_F(CheckRun, OfARunWithAnotherModelInTheSameFolderFindsNothingOfTheModelBefore) {
  const fs::path run = copy();
  StudyConfig config = small_study();
  config.cosimulate = false;
  config.model = "renamed";
  run_study(config, {run}, [](const std::string&, double, const std::string&) {});
  EXPECT_EQ(all_of(check_compact_run(run).differences), "");
  EXPECT_TRUE(fs::exists(run / "hdl/renamed.va"));
  EXPECT_FALSE(fs::exists(run / "hdl/student.va"));
}

TEST_F(CheckRun, NamesEveryFileThatIsGoneAndNoneOfTheUser) {
  for (const fs::path& file : {fs::path("report.html"), fs::path("hdl/student.va"),
                               fs::path("cosim/sine.safetensors"), fs::path("tables/models.csv")}) {
    const fs::path run = copy();
    fs::remove(run / file);
    EXPECT_EQ(check_compact_run(run).differences,
              (std::vector<std::string>{file.string() +
                                        ": expected by the manifest, found no such file"}));
  }
  const fs::path run = copy();
  write_file(run / "hdl/extra.va", "// not of this run\n");
  EXPECT_EQ(check_compact_run(run).differences, std::vector<std::string>{});
}

TEST_F(CheckRun, FindsThatTheModelIsGone) {
  const fs::path run = copy();
  fs::remove(run / kFit / "model.safetensors");
  const std::vector<std::string> found = check_compact_run(run).differences;
  EXPECT_TRUE(names(found, "/models/0/test/mse_A2: ")) << all_of(found);
  EXPECT_TRUE(names(found, "model.safetensors: expected by the manifest")) << all_of(found);
}

TEST_F(CheckRun, RefusesARunWithoutOneOfTheFilesItStartsFrom) {
  for (const fs::path& file : {fs::path("metrics.json"), fs::path("manifest.json"),
                               fs::path("config.json"), kFit / "predictions.safetensors"}) {
    const fs::path run = copy();
    fs::remove(run / file);
    try {
      check_compact_run(run);
      ADD_FAILURE() << "accepted a run without " << file;
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find((run / file).string() + ": expected "), 0u) << e.what();
    }
  }
}

TEST_F(CheckRun, RefusesMetricsThatAreNoMetrics) {
  for (const char* text : {"", "[]", "{\"models\": 3}", "{\"bogus\": 1}"}) {
    const fs::path run = copy();
    write_file(run / "metrics.json", text);
    EXPECT_THROW(check_compact_run(run), DataError) << text;
  }
}

TEST_F(CheckRun, NamesAChosenModelThatIsAnother) {
  const fs::path run = copy();
  StoredModel model = load_model(run / kModelName);
  model.network.parameters.front() += 1e-3;
  save_model(run / kModelName, model);
  const CheckResult result = check_compact_run(run);
  EXPECT_TRUE(names(result.differences, "model.safetensors: expected the model of "))
      << all_of(result.differences);
}

}  // namespace
}  // namespace psi_xlstm
