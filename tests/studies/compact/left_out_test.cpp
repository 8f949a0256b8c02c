#include "studies/compact/left_out.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "diagnosis/diagnosis.hpp"
#include "psi_xlstm/data/readers/csv.hpp"
#include "studies/compact/check.hpp"
#include "studies/compact/standing.hpp"
#include "support/run_folders.hpp"
#include "support/synthetic_records.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

const Progress kUntold = [](const std::string&, double, const std::string&) {};

fs::path left_out_folder(const std::string& name) {
  const fs::path folder = fs::path(::testing::TempDir()) / "left_out_test" / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

StudyConfig study_of(const std::string& name, const Record& record) {
  const fs::path file = left_out_folder("data") / (name + ".csv");
  std::ofstream(file) << csv_text({record});
  StudyConfig config;
  config.study = name;
  config.model = name + "_device";
  config.seeds = {1};
  config.data = {.source = DataSource::kCsv, .files = {file.string()}};
  config.fit.student = {.states = 1, .features = 3};
  config.fit.starts = 1;
  config.cosimulate = false;
  return config;
}

// One period of a device with one state.
StudyConfig one_period() {
  Rng rng(3);
  Record record = testing::synthetic_record(testing::one_state(), 2e-4, 1, 2e3, 500, 0.01, rng);
  record.clean_current.clear();
  record.initial_conductance.reset();
  return study_of("brief", record);
}

TEST(LeftOutStudy, OfOnePeriodFitsAllOfItAndJudgesPartsThatWereLeftOut) {
  const StudyConfig config = one_period();
  const fs::path run = left_out_folder("run");
  const StudyResult result = run_study(config, {run}, kUntold);
  EXPECT_TRUE(result.verdict.passed()) << result.verdict.reason;
  const std::string opening = result_lines(result, run).front();
  EXPECT_NE(opening.find("on the parts left out one at a time"), std::string::npos) << opening;
  ASSERT_EQ(result.fits.front().left_out.size(), 4u);
  EXPECT_EQ(result.fits.front().predictions.size(), 4u);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_NE(result.warnings[0].find("too few to be divided in time"), std::string::npos);
  const auto metrics = nlohmann::json::parse(read_file(run / "metrics.json"));
  ASSERT_EQ(metrics["findings"].size(), 1u);
  EXPECT_EQ(metrics["findings"][0]["kind"], "few periods");
  EXPECT_EQ(metrics["findings"][0]["severity"], "warning");
  EXPECT_NE(read_file(run / "report.html").find("too few to be divided in time"),
            std::string::npos);
  EXPECT_NE(read_file(run / "report.html").find("judged by a fit that has not seen it"),
            std::string::npos);

  const CheckResult check = check_compact_run(run);
  for (const std::string& difference : check.differences) ADD_FAILURE() << difference;

  // Goes on from the stored models to the same bytes, and not where one of them is missing.
  const auto before = testing::files_of(run);
  const auto written = fs::last_write_time(run / "seed_1/fit_0/without_2/model.safetensors");
  run_study(config, {run}, kUntold);
  EXPECT_EQ(testing::files_of(run), before);
  EXPECT_EQ(fs::last_write_time(run / "seed_1/fit_0/without_2/model.safetensors"), written);
  fs::remove(run / "seed_1/fit_0/without_2/model.safetensors");
  run_study(config, {run}, kUntold);
  EXPECT_EQ(testing::files_of(run), before);
}

TEST(LeftOutStudy, IsNotMadeWhereTheConfigSaysHowToDivide) {
  StudyConfig config = one_period();
  config.data.split = "0.6/0.2/0.2";
  const SourcedData data = load_data(config.data, 1);
  EXPECT_FALSE(data.dataset.leave_one_out);
  EXPECT_EQ(data.dataset.records.size(), 3u);
  ASSERT_EQ(data.findings.size(), 1u);
  EXPECT_NE(data.findings[0].sentence.find("leave --split out"), std::string::npos);
}

// A cell: rest, discharge, rest, charge.
Record cell() {
  Record record;
  record.id = "cell";
  record.voltage.resize(1);
  record.current.resize(1);
  double charge = 0;
  for (int k = 0; k < 240; ++k) {
    const double current = k < 40 ? 0 : k < 120 ? -10 : k < 140 ? 0 : 10;
    charge += current;
    record.time.push_back(k);
    record.voltage[0].push_back(3.096 + 4e-4 * charge + 0.01 * current);
    record.current[0].push_back(current);
  }
  return record;
}

TEST(DiagnosedStudy, OfABatteryHandsOutNoModelAsGood) {
  StudyConfig config = study_of("cell", cell());
  config.fit.student = {.states = 0};
  const StudyResult result = run_study(config, {left_out_folder("cell")}, kUntold);
  EXPECT_EQ(result.verdict.verdict, Verdict::kFailed);
  const std::string opening = result_lines(result, "cell").front();
  EXPECT_NE(opening.find("this is an active device: I = 0 A at V = 3.1 V"), std::string::npos)
      << opening;
  EXPECT_EQ(result.verdict.reason, opening);
}

TEST(DiagnosedStudy, CorrectsAnOffsetOnRequestAndSaysByHowMuch) {
  Rng rng(3);
  Record record = testing::synthetic_record(testing::one_state(), 2e-4, 1, 2e4, 2000, 0.01, rng);
  record.clean_current.clear();
  record.initial_conductance.reset();
  const double offset = 0.1 * current_deviation({record});
  for (double& i : record.current[0]) i += offset;
  StudyConfig config = study_of("offset", record);
  const SourcedData as_it_is = load_data(config.data, 1);
  ASSERT_EQ(as_it_is.findings.size(), 1u);
  EXPECT_EQ(as_it_is.findings[0].kind, FindingKind::kOffset);
  EXPECT_EQ(as_it_is.dataset.records[0].current[0][10], record.current[0][10]);

  config.data.correct = "offset";
  const SourcedData corrected = load_data(config.data, 1);
  ASSERT_EQ(corrected.findings.size(), 1u);
  EXPECT_EQ(corrected.findings[0].severity, FindingSeverity::kRemark);
  EXPECT_NEAR(corrected.findings[0].value, offset, 0.05 * offset);
  EXPECT_EQ(corrected.dataset.records[0].current[0][10],
            record.current[0][10] - corrected.findings[0].value);
}

}  // namespace
}  // namespace psi_xlstm
