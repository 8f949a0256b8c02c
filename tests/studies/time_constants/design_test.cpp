#include "studies/time_constants/design.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "core/atomic_file.hpp"
#include "data/readers/pwl.hpp"
#include "simulators/ngspice/simulator.hpp"

namespace psi_xlstm {
namespace {

class WriteTauDesign : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / "tau_design_test";
    request_.taus = {20e-6, 100e-6};
    request_.duration = 2e-3;
    request_.conditions.sample_rate = 1e6;
    request_.rounds = 2;
    table_ = write_tau_design(request_, folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  tau::DesignRequest request_;
  Table table_;
};

// The source drives a resistor; at every time point of ngspice the current is that of the file.
TEST_F(WriteTauDesign, GivesNgspiceTheSameWaveform) {
  const PwlWaveform waveform = read_pwl(folder_ / "design.pwl");
  EXPECT_NEAR(waveform.times.back(), 2e-3, 1e-9);
  TransientOptions options;
  options.stop_time = 2e-3;
  options.max_step = 5e-6;
  options.vectors = {"v(drive)"};
  const TransientResult result =
      transient(read_file(folder_ / "design.sp") + "r1 drive 0 1k\n", options, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  ASSERT_GT(result.time.size(), waveform.times.size());
  for (std::size_t n = 0; n < result.time.size(); ++n) {
    EXPECT_NEAR(result.vectors.at("v(drive)")[n], waveform.value(result.time[n]), 1e-6)
        << result.time[n];
  }
}

TEST_F(WriteTauDesign, StoresWhatItFound) {
  const auto stored = nlohmann::json::parse(read_file(folder_ / "design.json"));
  EXPECT_EQ(stored.at("designed").at("levels_v").size(),
            stored.at("designed").at("durations_s").size());
  ASSERT_EQ(stored.at("designed").at("sd_ln_tau").size(), 2U);
  EXPECT_LT(stored.at("designed").at("sd_ln_tau")[0].get<double>(), 1);
  EXPECT_EQ(stored.at("duration_s"), 2e-3);
  ASSERT_EQ(table_.rows.size(), 2U);
  EXPECT_EQ(table_.rows[1][0], "100 us");
  const PwlWaveform plain = read_pwl(folder_ / "plain.pwl");
  EXPECT_EQ(plain.values.front(), 1);
}

}  // namespace
}  // namespace psi_xlstm
