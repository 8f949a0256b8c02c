#include "run/earlier.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/atomic_file.hpp"
#include "run/folder.hpp"

namespace psi_xlstm {
namespace {

using nlohmann::json;

class EarlierRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / ("earlier_" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void leave_run(const json& config) const {
    RunFolder run(folder_);
    run.write("config.json", config.dump());
  }

  std::filesystem::path folder_;
};

const json kConfig = {{"kind", "compact"},
                      {"study", "a"},
                      {"data", {{"source", "csv"}, {"files", {"/x/a.csv"}}, {"split", ""}}},
                      {"fit", {{"starts", 3}}}};

json changed(const char* pointer, const json& value) {
  json config = kConfig;
  config[json::json_pointer(pointer)] = value;
  return config;
}

TEST_F(EarlierRunTest, IsNoneWhereThereIsNoRun) {
  EXPECT_FALSE(earlier_run(folder_, kConfig).found);
  // A file of this name that no run wrote is not its config.
  write_file(folder_ / "config.json", kConfig.dump());
  EXPECT_FALSE(earlier_run(folder_, kConfig).found);
}

TEST_F(EarlierRunTest, IsAnotherOneWhereItsConfigCannotBeRead) {
  leave_run(kConfig);
  write_file(folder_ / "config.json", "{");
  const EarlierRun run = earlier_run(folder_, kConfig);
  EXPECT_TRUE(run.found && run.another);
  EXPECT_EQ(run.what, "a config.json that cannot be read");
}

TEST_F(EarlierRunTest, IsTheSameWhereNothingIsDifferent) {
  leave_run(kConfig);
  const EarlierRun run = earlier_run(folder_, kConfig);
  EXPECT_TRUE(run.found);
  EXPECT_FALSE(run.another);
  EXPECT_EQ(run.what, "");
}

TEST_F(EarlierRunTest, IsTheSameStudyWhereAnOptionIsDifferent) {
  leave_run(kConfig);
  const EarlierRun run = earlier_run(folder_, changed("/fit/starts", 5));
  EXPECT_FALSE(run.another);
  EXPECT_EQ(run.what, "/fit/starts 3 (now 5)");
  EXPECT_FALSE(earlier_run(folder_, changed("/data/split", "1/2/3")).another);
  EXPECT_FALSE(earlier_run(folder_, changed("/fit/more", 1)).another);
}

TEST_F(EarlierRunTest, IsAnotherOneWhereKindNameOrDataAreDifferent) {
  leave_run(kConfig);
  EXPECT_TRUE(earlier_run(folder_, changed("/kind", "networks")).another);
  EXPECT_TRUE(earlier_run(folder_, changed("/study", "b")).another);
  const EarlierRun run = earlier_run(folder_, changed("/data/files", {"/x/b.csv"}));
  EXPECT_TRUE(run.another);
  EXPECT_EQ(run.what, "/data/files [\"/x/a.csv\"] (now [\"/x/b.csv\"])");
}

}  // namespace
}  // namespace psi_xlstm
