#include "studies/compact/data_source.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "devices/published_recipe.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/csv.hpp"

namespace psi_xlstm {
namespace {

// A record of `samples` points of 1 us, driven by a triangle of 1 V.
Record triangle(const std::string& id, int samples) {
  Record record;
  record.id = id;
  record.voltage.resize(1);
  record.current.resize(1);
  for (int k = 0; k < samples; ++k) {
    record.time.push_back(1e-6 * k);
    record.voltage[0].push_back(1 - std::abs(k % 40 - 20) / 10.0);
    record.current[0].push_back(1e-4 * record.voltage[0].back());
  }
  return record;
}

std::string written(const std::string& name, const std::vector<Record>& records) {
  const auto file = std::filesystem::path(::testing::TempDir()) / name;
  std::ofstream(file) << csv_text(records);
  return file.string();
}

DataSourceConfig csv_config(const std::string& name, int records) {
  std::vector<Record> all;
  for (int i = 1; i <= records; ++i) all.push_back(triangle(std::to_string(i), 120));
  DataSourceConfig config;
  config.source = DataSource::kCsv;
  config.files = {written(name, all)};
  return config;
}

template <class Wrong>
std::string problem_with(const DataSourceConfig& config) {
  try {
    load_data(config, 1);
  } catch (const Wrong& e) {
    return e.what();
  }
  return "none";
}

TEST(DataSource, PublishedRecordsStartAtAnEstimateUnlessTheConductanceIsGiven) {
  DataSourceConfig config;
  config.prefix = 20e-6;
  const SourcedData data = load_data(config, 42);
  EXPECT_EQ(data.dataset.records.size(), 10u);
  EXPECT_FALSE(data.starts.exact);
  EXPECT_FALSE(data.refine_starts);
  EXPECT_EQ(data.starts.prefix, 20e-6);
  EXPECT_FALSE(data.starts.conductance.has_value());
  config.initial_conductance = 2e-4;
  EXPECT_EQ(load_data(config, 42).starts.conductance, 2e-4);
}

TEST(DataSource, GeneratorsTakeTheSeedOfTheStudyNotTheirOwn) {
  DataSourceConfig config;
  config.source = DataSource::kMem3;
  config.mem3.waveform = Mem3Waveform::kStep;
  config.mem3.duration = 1e-3;
  config.mem3.sample_rate = 1e5;
  config.mem3.seed = 7;
  const std::string first = checksum(load_data(config, 1).dataset);
  EXPECT_NE(checksum(load_data(config, 2).dataset), first);
  config.mem3.seed = 8;
  EXPECT_EQ(checksum(load_data(config, 1).dataset), first);
  EXPECT_TRUE(load_data(config, 1).starts.exact);

  config.source = DataSource::kVteam;
  const std::string vteam = checksum(load_data(config, 1).dataset);
  EXPECT_NE(checksum(load_data(config, 2).dataset), vteam);
  config.vteam.seed = 9;
  EXPECT_EQ(checksum(load_data(config, 1).dataset), vteam);
}

TEST(DataSource, FilesGiveTheirRecordsTheirNoiseAndTheirSign) {
  DataSourceConfig config = csv_config("source_files.csv", 3);
  config.sign = -1;
  config.noise = 0.07;
  const SourcedData data = load_data(config, 1);
  ASSERT_EQ(data.dataset.records.size(), 3u);
  EXPECT_EQ(data.dataset.records[2].id, "source_files/3");
  EXPECT_EQ(data.dataset.records[0].current[0][5], -triangle("", 120).current[0][5]);
  EXPECT_EQ(data.dataset.noise, 0.07);
  EXPECT_EQ(data.dataset.source, config.files.front());
  EXPECT_FALSE(data.dataset.continuous);
  EXPECT_TRUE(data.refine_starts);
  config.prefix = 1e-5;
  EXPECT_FALSE(load_data(config, 1).refine_starts);
}

TEST(DataSource, OneRecordIsContinuousAndSeveralAreOnlyWhereAsked) {
  EXPECT_TRUE(load_data(csv_config("source_one.csv", 1), 1).dataset.continuous);
  DataSourceConfig config = csv_config("source_more.csv", 3);
  EXPECT_FALSE(load_data(config, 1).dataset.continuous);
  config.continuous = true;
  EXPECT_TRUE(load_data(config, 1).dataset.continuous);
}

TEST(DataSource, SplitsAsTheConfigSays) {
  DataSourceConfig config = csv_config("source_split.csv", 4);
  config.split = "3-4/1/2";
  const Split split = load_data(config, 1).dataset.split;
  EXPECT_EQ(split.train, (std::vector<int>{2, 3}));
  EXPECT_EQ(split.validation, (std::vector<int>{0}));
  EXPECT_EQ(split.test, (std::vector<int>{1}));
}

// Channel 1 is over a shunt of 10 kohm, channel 2 over the shunt and the device.
TEST(DataSource, ReadsWhatTheConfigSaysAboutTheFiles) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "source_scope.csv";
  std::ofstream text(file);
  text << "x-axis,1,2\nsecond,Volt,Volt\n";
  for (const char* restart : {"first", "second", "third"}) {
    static_cast<void>(restart);
    for (int k = 0; k < 60; ++k) text << 1e-6 * k << ',' << k % 7 << ',' << k % 7 + 1 << '\n';
  }
  text.close();
  DataSourceConfig config;
  config.source = DataSource::kCsv;
  config.files = {file.string()};
  config.sign = -1;
  config.reading.voltage = "2-1";
  config.reading.current = "1";
  config.reading.shunt = 1e4;
  const Dataset dataset = load_data(config, 1).dataset;
  ASSERT_EQ(dataset.records.size(), 3U);
  EXPECT_EQ(dataset.records[2].id, "source_scope/3");
  EXPECT_EQ(dataset.records[2].voltage[0][5], 1);
  EXPECT_EQ(dataset.records[2].current[0][5], -5e-4);
  const std::vector<std::string>& remarks = dataset.records[0].remarks;
  ASSERT_FALSE(remarks.empty());
  EXPECT_NE(remarks.back().find("the time starts again here"), std::string::npos);
}

TEST(DataSource, SaysWhatIsWrong) {
  DataSourceConfig config;
  config.source = DataSource::kCsv;
  EXPECT_EQ(problem_with<ConfigError>(config), "data: expected at least one file, found none");
  config = csv_config("source_wrong.csv", 3);
  config.sign = 0;
  EXPECT_EQ(problem_with<ConfigError>(config), "data: expected a sign of 1 or -1, found 0");
  config.sign = 1;
  config.split = "1/2/7";
  EXPECT_EQ(problem_with<DataError>(config),
            "split \"1/2/7\": expected records from 1 to 3, found 7");
  config.files = {"/nowhere/at/all.csv"};
  EXPECT_EQ(problem_with<DataError>(config),
            "/nowhere/at/all.csv: expected a readable data file, found: No such file or "
            "directory");
  config = csv_config("source_twice.csv", 3);
  config.files.push_back(config.files.front());
  EXPECT_EQ(problem_with<DataError>(config), config.files.front() +
                                                 ": expected files with different names, found "
                                                 "\"source_twice\" twice");
}

// The stimulus must be the formula of the data, at the samples and between them.
TEST(TrainingLikeCase, OfPublishedDataIsThePublishedDrive) {
  for (int sequence : {0, 4, 9}) {
    Record record;
    record.id = "seq" + std::to_string(sequence);
    const CosimCase wanted = training_like_case({}, record);
    EXPECT_EQ(wanted.name, "training-like");
    EXPECT_EQ(wanted.stop_time, kPublishedDuration);
    const PublishedTones tones = published_tones(sequence);
    for (int k = 0; k <= 4001; ++k) {
      const double t = kPublishedDuration * k / 4001;
      EXPECT_NEAR(wanted.stimulus.value(t), published_drive(t, tones.low, tones.high), 1e-12)
          << "sequence " << sequence << " at " << t << " s";
    }
  }
}

TEST(TrainingLikeCase, OfOtherDataIsTheVoltageOfTheRecordFromTimeZero) {
  Record record = triangle("r", 60);
  for (double& t : record.time) t += 3.5;
  const CosimCase wanted = training_like_case({.source = DataSource::kCsv}, record);
  EXPECT_NEAR(wanted.stop_time, 59e-6, 1e-12);
  EXPECT_NEAR(wanted.max_step, 1e-6, 1e-12);
  for (std::size_t k = 0; k < record.size(); ++k) {
    EXPECT_NEAR(wanted.stimulus.value(record.time[k] - 3.5), record.voltage[0][k], 1e-9);
  }
}

TEST(TrainingLikeCase, OfALongRecordIsItsFirst20000Samples) {
  const CosimCase wanted = training_like_case({.source = DataSource::kCsv}, triangle("r", 25'000));
  EXPECT_NEAR(wanted.stop_time, 19'999e-6, 1e-12);
}

}  // namespace
}  // namespace psi_xlstm
