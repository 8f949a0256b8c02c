#include "psi_xlstm/psi_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "ir/dynamics.hpp"
#include "model/compact_model.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

std::string file_of(const ir::Network& network) {
  const fs::path file =
      fs::path(::testing::TempDir()) / "psi_model_test" / (network.name + ".safetensors");
  save_model(file, {.network = network});
  return file.string();
}

struct Loaded {
  explicit Loaded(const ir::Network& network) : model(psi_model_load(file_of(network).c_str())) {}
  ~Loaded() { psi_model_free(model); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  psi_model* model;
};

TEST(PsiModel, SimulatesAndStepsAsTheNetworkDoesBitByBit) {
  for (const ir::Network& network : {testing::one_state(), testing::three_states(),
                                     testing::with_charges(testing::one_state())}) {
    const Loaded loaded(network);
    ASSERT_NE(loaded.model, nullptr) << psi_last_error();
    EXPECT_STREQ(psi_model_name(loaded.model), network.name.c_str());
    const std::vector<double> time = testing::uniform_times(300, 1e-6);
    const std::vector<double> voltage = testing::two_tones(time, 0.5, 1e4);
    const std::vector<std::vector<double>> voltages = {voltage};
    const ir::PortTrajectory wanted =
        ir::simulate(network, time, voltages, ir::initial_state(network, 3e-4));
    std::vector<double> whole(time.size()), steps(time.size());
    ASSERT_EQ(psi_model_simulate(loaded.model, time.size(), time.data(), voltage.data(), 3e-4,
                                 whole.data()),
              PSI_DONE);
    EXPECT_EQ(whole, wanted.currents[0]);
    ASSERT_EQ(psi_model_start(loaded.model, 3e-4), PSI_DONE);
    for (int repetition = 0; repetition < 2; ++repetition) {  // The second time goes back in time.
      for (std::size_t k = 0; k < time.size(); ++k) {
        ASSERT_EQ(psi_model_step(loaded.model, time[k], voltage[k], &steps[k]), PSI_DONE);
      }
      EXPECT_EQ(steps, wanted.currents[0]);
    }
    std::vector<double> states(psi_model_state_count(loaded.model));
    ASSERT_EQ(psi_model_states(loaded.model, states.data()), PSI_DONE);
    for (std::size_t s = 0; s < states.size(); ++s) EXPECT_EQ(states[s], wanted.states[s].back());
  }
}

TEST(PsiModel, StartsInTheMiddleWhereNothingIsAskedFor) {
  const Loaded loaded(testing::one_state());
  const double time[] = {0, 1e-6}, voltage[] = {0.1, 0.2};
  double whole[2], step = 0;
  ASSERT_EQ(psi_model_simulate(loaded.model, 2, time, voltage, PSI_START_OF_MODEL, whole),
            PSI_DONE);
  ASSERT_EQ(psi_model_step(loaded.model, time[0], voltage[0], &step), PSI_DONE);
  EXPECT_EQ(step, whole[0]);
}

TEST(PsiModel, SaysWhatIsWrong) {
  EXPECT_EQ(psi_model_load("/nowhere/model.safetensors"), nullptr);
  EXPECT_NE(std::string(psi_last_error()).find("/nowhere/model.safetensors"), std::string::npos);
  EXPECT_EQ(psi_model_load(file_of(testing::transistor()).c_str()), nullptr);
  EXPECT_STREQ(psi_last_error(), "model transistor: expected one port, found 2");
  const Loaded loaded(testing::one_state());
  const double back[] = {1e-6, 0}, voltage[] = {0.1, 0.2};
  double out[2];
  EXPECT_EQ(psi_model_simulate(loaded.model, 2, back, voltage, 1e-4, out), PSI_FAILED);
  EXPECT_STREQ(psi_last_error(),
               "record drive: expected times that increase, found 0 s after 1e-06 s at sample 1");
  EXPECT_EQ(psi_model_start(loaded.model, -1), PSI_FAILED);
  EXPECT_STREQ(psi_last_error(), "g0: expected a number > 0 and at most 1e+18 (in S), found -1");
  EXPECT_EQ(psi_model_states(loaded.model, out), PSI_FAILED);
  EXPECT_STREQ(psi_last_error(), "psi_model_states: expected a step before it, found none");
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(psi_model_step(loaded.model, 0, nothing, out), PSI_FAILED);
  EXPECT_STREQ(psi_last_error(),
               "step: expected a finite time and a finite voltage, found 0 s and nan V");
  EXPECT_EQ(psi_model_load(nullptr), nullptr);
  EXPECT_STREQ(psi_last_error(), "psi_model_load: file: expected a pointer, found NULL");
}

}  // namespace
}  // namespace psi_xlstm
