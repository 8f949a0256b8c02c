#include <gtest/gtest.h>

#include <string>

#include "bench/train_benchmark.hpp"
#include "core/json/config_io.hpp"

namespace psi_xlstm {
namespace {

const Machine kTrainMachine = {"a processor", "a system", 2, 1.25};

TrainBenchmark train_measurement() {
  TrainBenchmark b;
  b.teacher_training = {{1, 5e5, 2.5e3, 200, 4e3, 125, 0.375, "avx512"},
                        {7, 8e5, 1.6e4, 50, 2e4, 40, 0.6, "avx2"}};
  b.streaming = {{"teacher", 1300, 91000}, {"compact", 120, 24000}};
  b.conditions = {"1.13.0", "a::loop", "SkylakeX", {{"avx512", 267.2}, {"avx2", 140.3}}, 2e-6};
  return b;
}

TEST(TrainBenchmark, IsStoredUnderTheAgreedNames) {
  const auto tree = nlohmann::json::parse(config_text(train_measurement()));
  const auto expected = nlohmann::json::parse(R"({
    "batch": 7, "samples_per_s": 800000.0, "libtorch_loop_samples_per_s": 16000.0,
    "ratio_to_libtorch_loop": 50.0, "libtorch_batched_samples_per_s": 20000.0,
    "ratio_to_libtorch_batched": 40.0, "fraction_of_fma_peak": 0.6, "isa": "avx2"})");
  EXPECT_EQ(tree.at("teacher_training").size(), 2U);
  EXPECT_EQ(tree.at("teacher_training").at(1), expected);
  EXPECT_EQ(tree.at("streaming").at(1),
            nlohmann::json::parse(
                R"({"model": "compact", "ns_per_step": 120.0, "libtorch_ns_per_step": 24000.0})"));
}

TEST(TrainBenchmark, ReadsBackWhatWasStored) {
  const std::string text = config_text(train_measurement());
  const auto again = config_from_json<TrainBenchmark>(nlohmann::json::parse(text), "bench.json");
  EXPECT_EQ(config_text(again), text);
}

TEST(TrainBenchmarkTables, ShowEveryRowAndWhatItWasMeasuredWith) {
  const auto tables = train_benchmark_tables(train_measurement(), kTrainMachine);
  ASSERT_EQ(tables.size(), 2U);
  for (const Table& table : tables) EXPECT_NO_THROW(check_table(table));
  const std::string training = to_text(tables[0]), streaming = to_text(tables[1]);
  for (const char* part :
       {"avx512", "500000", "2500", "200.0", "20000", "125.0", "37.5 %", "60.0 %", "267.2 GFLOP/s",
        "140.3 GFLOP/s", "a::loop", "1.13.0", "SkylakeX", "2.0e-06", "1.25"}) {
    EXPECT_NE(training.find(part), std::string::npos) << part << "\n" << training;
  }
  for (const char* part : {"teacher", "1300", "91000", "70", "compact", "24000", "200"}) {
    EXPECT_NE(streaming.find(part), std::string::npos) << part << "\n" << streaming;
  }
}

TEST(TrainBenchmarkTables, SayWhereTheBlasIsNotKnown) {
  TrainBenchmark benchmark = train_measurement();
  benchmark.conditions.blas_core.clear();
  EXPECT_NE(train_benchmark_tables(benchmark, kTrainMachine)[0].note.find("BLAS kernels: unknown"),
            std::string::npos);
}

}  // namespace
}  // namespace psi_xlstm
