#include "studies/networks/study.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "run/manifest.hpp"
#include "studies/networks/check.hpp"
#include "studies/networks/study_run.hpp"

namespace psi_xlstm {
namespace {

using nlohmann::json;

TEST_F(NetworkStudy, HasARowForEveryModelOfEverySeed) {
  EXPECT_TRUE(result_->verdict.passed()) << result_->verdict.reason;
  EXPECT_FALSE(result_->interrupted);
  std::vector<std::string> rows;
  for (const ModelResult& m : result_->metrics.models) {
    rows.push_back(m.name + " " + std::to_string(*m.seed));
    EXPECT_TRUE(m.test.mse_over_floor) << rows.back();
  }
  EXPECT_EQ(rows, (std::vector<std::string>{"mlp 42", "teacher 42", "clustering 42", "low_rank 42",
                                            "compact 42", "mlp 7", "teacher 7", "clustering 7",
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
  ModelOutcome outcome{.seed = 42, .network = 0, .label = "mlp", .usable = true};
  outcome.predictions = result.seeds.front().frame;
  for (fit::Prediction& p : outcome.predictions) {
    p.current =
        result.seeds.front().dataset.records[static_cast<std::size_t>(p.record)].clean_current;
    for (double& i : p.current) i *= 1.1;
  }
  result.outcomes = {outcome};
  result.bands = band_rows(result.seeds, result.outcomes, {});
  result.metrics = network_metrics(result.config, result.outcomes, {}, result.bands);
  for (const char* band :
       {"0_to_50", "50_to_70", "70_to_90", "90_to_110", "110_to_130", "130_to_150"}) {
    const std::string name = std::string("seed_42_mlp_seq9_band_") + band + "_kHz_error";
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
  for (const char* name : {"seed 7, teacher", "seed 42, compact", "one step of mlp", "report"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
  EXPECT_NE(read_file(folder_ / "report.html").find("tables/latency.md"), std::string::npos);
  for (const auto& [name, bytes] : files_of(folder_)) {
    EXPECT_EQ(bytes.find("ns per sample"), std::string::npos) << name;
    EXPECT_EQ(bytes.find(folder_.string()), std::string::npos) << name;
  }
}

TEST(PublishedStudy, SaysWhatNothingCanBeat) {
  NetworkStudyConfig config = study("published");
  config.networks = {network("mlp")};
  stock_for(config, "published");
  const fs::path folder = folder_named("published");
  const NetworkStudyResult result = run_network_study(config, {folder, 2}, kSilent);
  EXPECT_TRUE(result.verdict.passed()) << result.verdict.reason;
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
  EXPECT_TRUE(result.verdict.passed()) << result.verdict.reason;
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
  config.time_constants = {.enabled = true,
                           .estimate = {.start = TauStart::kRest,
                                        .response = "conductance driven by V^2",
                                        .bias_dependent = false}};
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
  EXPECT_TRUE(result.verdict.passed()) << result.verdict.reason;
  EXPECT_EQ(result.outcomes.size(), 1u);
}

}  // namespace
}  // namespace psi_xlstm
