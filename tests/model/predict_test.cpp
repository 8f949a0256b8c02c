#include "model/predict.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

using Warnings = std::vector<std::string>;

// 300 samples of two tones that stay within 4/3 of `amplitude`.
Record drive(const ir::Network& network, double amplitude) {
  Record record;
  record.id = "sweep";
  record.time = testing::uniform_times(300, network.reference_step);
  record.voltage = {testing::two_tones(record.time, amplitude, 1e4)};
  record.current.resize(1);
  return record;
}

std::vector<double> simulated(const ir::Network& network, const Record& record, double g0) {
  return ir::simulate(network, record.time, record.voltage[0], ir::initial_state(network, g0))
      .current;
}

TEST(PredictInPlace, GivesTheCurrentOfTheSimulationFromTheGivenConductance) {
  for (const ir::Network& network : {testing::one_state(), testing::three_states()}) {
    Record record = drive(network, 0.7);
    const Record before = record;
    EXPECT_EQ(predict_in_place(network, 3e-4, record), Warnings{});
    EXPECT_EQ(record.current[0], simulated(network, before, 3e-4));
    EXPECT_EQ(record.time, before.time);
    EXPECT_EQ(record.voltage, before.voltage);
    EXPECT_NE(record.current[0], simulated(network, before, 4e-4));
  }
}

// Every port of the model has its voltage and gets its current.
TEST(PredictInPlace, RunsAModelOfTwoPorts) {
  const ir::Network network = testing::every_operation(2);
  Record record = drive(network, 0.5);
  record.time = testing::uniform_times(300, 0.02);
  record.ports = {"p1", "p2"};
  record.voltage = {testing::two_tones(record.time, 0.5, 0.3),
                    testing::two_tones(record.time, 0.4, 0.7)};
  record.current.resize(2);
  EXPECT_EQ(predict_in_place(network, {}, record), Warnings{});
  const ir::PortTrajectory run =
      ir::simulate(network, record.time, record.voltage, ir::rest_state(network));
  EXPECT_EQ(record.current, run.currents);
  EXPECT_NE(record.current[0], record.current[1]);
  record.voltage[1][7] = 1.5;  // only the second port leaves its range
  ASSERT_EQ(predict_in_place(network, {}, record).size(), 1U);
}

TEST(PredictInPlace, RefusesARecordOfAnotherNumberOfPorts) {
  const ir::Network network = testing::every_operation(2);
  Record record = drive(network, 0.5);
  try {
    predict_in_place(network, {}, record);
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "record sweep: expected the 2 ports of model every_operation, found 1");
  }
  record.voltage.resize(2, record.voltage[0]);
  record.current.resize(2);
  EXPECT_THROW(predict_in_place(testing::one_state(), {}, record), DataError);
}

TEST(PredictInPlace, TakesTheConductanceOfTheRecordWhereNoneIsGiven) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  record.initial_conductance = 5e-4;
  record.clean_current.assign(record.size(), 0);
  const Record before = record;
  EXPECT_EQ(predict_in_place(network, {}, record), Warnings{});
  EXPECT_EQ(record.current[0], simulated(network, before, 5e-4));
  EXPECT_TRUE(record.clean_current.empty());
  EXPECT_FALSE(record.initial_conductance.has_value());
}

TEST(PredictInPlace, TheGivenConductanceWinsOverThatOfTheRecord) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  record.initial_conductance = 5e-4;
  const Record before = record;
  predict_in_place(network, 2e-4, record);
  EXPECT_EQ(record.current[0], simulated(network, before, 2e-4));
}

// The current of the record itself says where the state starts: no warning, and the prediction is
// the record again.
TEST(PredictInPlace, FindsTheStartFromACurrentInTheDrive) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  record.current[0] = simulated(network, record, 6e-4);
  const std::vector<double> measured = record.current[0];
  EXPECT_EQ(predict_in_place(network, {}, record), Warnings{});
  for (std::size_t k = 0; k < measured.size(); ++k) {
    EXPECT_NEAR(record.current[0][k], measured[k], 1e-7 * 1e-3) << "at sample " << k;
  }
}

// The middle of 60 uS and 800 uS on a logarithmic scale is 219 uS.
TEST(PredictInPlace, SaysThatItAssumedTheStart) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  const Record before = record;
  EXPECT_EQ(predict_in_place(network, {}, record),
            Warnings{"record sweep: no initial conductance is given, assumed 219 uS"});
  const std::vector<double> low = simulated(network, before, 2.185e-4);
  const std::vector<double> high = simulated(network, before, 2.195e-4);
  EXPECT_GT(record.current[0][3] / low[3], 1);
  EXPECT_LT(record.current[0][3] / high[3], 1);
}

TEST(PredictInPlace, AModelWithoutStatesNeedsNoStart) {
  const ir::Network network = testing::static_curve();
  Record record = drive(network, 0.7);
  EXPECT_EQ(predict_in_place(network, {}, record), Warnings{});
  Record other = drive(network, 0.7);
  EXPECT_EQ(predict_in_place(network, 123.0, other), Warnings{});
  EXPECT_EQ(record.current[0], other.current[0]);
}

TEST(PredictInPlace, WarnsOutsideTheTrainingVoltagesOnEitherSide) {
  const ir::Network network = testing::static_curve();
  Record record = drive(network, 0.5);
  record.voltage[0][6] = -0.75;
  record.voltage[0][7] = 1.25;
  EXPECT_EQ(predict_in_place(network, {}, record),
            Warnings{"record sweep: the voltage runs from -750 mV to 1.25 V, the model was trained "
                     "on -1.00 V to 1.00 V: it extrapolates"});
  record.voltage[0][7] = -1.25;
  EXPECT_EQ(predict_in_place(network, {}, record).size(), 1u);
  record.voltage[0][7] = -1;
  EXPECT_EQ(predict_in_place(network, {}, record), Warnings{});
}

TEST(PredictInPlace, WarnsOfAConductanceThatTheStatesCannotHold) {
  const ir::Network network = testing::one_state();
  for (double g0 : {1e3, 1e-9}) {
    Record record = drive(network, 0.7);
    const Warnings warnings = predict_in_place(network, g0, record);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0], std::string("record sweep: the initial conductance ") +
                               (g0 > 1 ? "1.00 kS" : "1.00 nS") +
                               " is outside the range 45.5 uS to 1.12 mS that the model can hold");
  }
}

}  // namespace
}  // namespace psi_xlstm
