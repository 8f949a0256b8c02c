#include "bench/result.hpp"

#include <gtest/gtest.h>

#include "bench/runs.hpp"
#include "core/atomic_file.hpp"
#include "metrics/results.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

TEST(BenchResult, SaysWhatWasMeasuredOnWhatWithWhat) {
  const fs::path folder = fs::path(::testing::TempDir()) / "bench_result_test";
  const BenchResult result{.name = "speed",
                           .command = "psi bench speed",
                           .machine = this_machine(),
                           .numbers = {{"ns", 12.5}},
                           .tables = {{.caption = "Speed", .header = {"ns"}, .rows = {{"12.5"}}}}};
  const fs::path file = write_bench_result(folder, result);
  EXPECT_EQ(file, folder / "speed.json");
  const auto tree = nlohmann::json::parse(read_file(file));
  EXPECT_EQ(tree.at("format_version"), 1);
  EXPECT_EQ(tree.at("command"), "psi bench speed");
  EXPECT_EQ(tree.at("program_version"), version());
  EXPECT_EQ(tree.at("git_commit"), git_commit());
  EXPECT_GE(tree.at("machine").at("cores"), 1);
  EXPECT_EQ(tree.at("numbers").at("ns"), 12.5);
  EXPECT_EQ(tree.at("tables").at(0).at("rows").at(0).at(0), 12.5);
}

TEST(ResultOfRun, TakesTheFiguresOfAFinishedStudyAndItsMachine) {
  const fs::path run = fs::path(::testing::TempDir()) / "bench_result_run";
  const Manifest manifest{
      .program_version = "1.2.3", .git_commit = "abc", .versions = {}, .seeds = {42}, .files = {}};
  const StudyMetrics metrics{.study = "known",
                             .models = {},
                             .baselines = {},
                             .cosim = {},
                             .numbers = {{.name = "floor", .value = 0.25}}};
  const Timings timings{.started = "2025-01-31T12:00:00Z",
                        .finished = "2025-01-31T12:00:02Z",
                        .machine = {.processor = "another", .system = "a system", .cores = 8},
                        .stages = {{.name = "train", .duration = 1.5}}};
  write_file(run / "metrics.json", metrics_text(metrics));
  write_file(run / "timings.json", timings_text(timings));
  EXPECT_THROW(result_of_run(run), ConfigError) << "not finished";
  write_file(run / "manifest.json", manifest_text(manifest));
  const BenchResult result = result_of_run(run);
  EXPECT_EQ(result.name, "bench_result_run");
  EXPECT_EQ(result.program_version, "1.2.3");
  EXPECT_EQ(result.git_commit, "abc");
  EXPECT_EQ(result.machine.processor, "another");
  EXPECT_EQ(result.numbers.at("numbers").at(0).at("value"), 0.25);
  EXPECT_EQ(result.numbers.at("seeds").at(0), 42);
  EXPECT_EQ(result.numbers.at("stages").at(0).at("duration_s"), 1.5);
}

}  // namespace
}  // namespace psi_xlstm
