#include "model/predict.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/static_devices.hpp"
#include "support/stored_models.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm::model {
namespace {

using Warnings = std::vector<std::string>;

Warnings predict_with(const ir::Network& network, std::optional<double> g0, Record& record) {
  return predict_in_place(*of(StoredModel{.network = network}), g0, record);
}

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
    EXPECT_EQ(predict_with(network, 3e-4, record), Warnings{});
    EXPECT_EQ(record.current[0], simulated(network, before, 3e-4));
    EXPECT_EQ(record.time, before.time);
    EXPECT_EQ(record.voltage, before.voltage);
    EXPECT_NE(record.current[0], simulated(network, before, 4e-4));
  }
}

// A device without a conductance starts from nothing; its charges give a current too, and every
// port has a range of its own.
TEST(PredictInPlace, RunsAStaticDeviceOfTwoPortsWithCharges) {
  const ir::Network network = testing::transistor();
  Record record = drive(network, 0.5);
  record.time = testing::uniform_times(300, 1e-10);
  record.ports = {"g", "d"};
  const std::vector<double> tones = testing::two_tones(record.time, 0.3, 1e8);
  record.voltage = {tones, tones};
  for (double& v : record.voltage[0]) v += 0.45;  // of 0 to 1 V, the other of -1 to 1 V
  record.current.resize(2);
  EXPECT_EQ(predict_with(network, {}, record), Warnings{});
  EXPECT_EQ(record.current,
            ir::simulate(network, record.time, record.voltage, std::vector<double>{}).currents);
  const testing::TransistorPoint last(record.voltage[0].back(), record.voltage[1].back());
  EXPECT_GT(std::abs(record.current[0].back() - last.currents[0]), 1e-5);
  for (double& v : record.voltage[1]) v += 1;
  const Warnings warnings = predict_with(network, {}, record);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].substr(0, 38), "record sweep: the voltage of port d ru");
}

// Every port of the model has its voltage and gets its current.
TEST(PredictInPlace, RunsAModelOfTwoPorts) {
  const ir::Network network = testing::every_operation(2);
  Record record = drive(network, 0.5);
  record.time = testing::uniform_times(300, 0.01);
  record.ports = {"p1", "p2"};
  record.voltage = {testing::two_tones(record.time, 0.5, 0.3),
                    testing::two_tones(record.time, 0.4, 0.7)};
  record.current.resize(2);
  EXPECT_EQ(predict_with(network, {}, record), Warnings{});
  const ir::PortTrajectory run =
      ir::simulate(network, record.time, record.voltage, ir::rest_state(network));
  EXPECT_EQ(record.current, run.currents);
  EXPECT_NE(record.current[0], record.current[1]);
  record.voltage[1][7] = 1.5;  // only the second port leaves its range
  ASSERT_EQ(predict_with(network, {}, record).size(), 1U);
}

TEST(PredictInPlace, RefusesARecordOfAnotherNumberOfPorts) {
  const ir::Network network = testing::every_operation(2);
  Record record = drive(network, 0.5);
  try {
    predict_with(network, {}, record);
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(
        e.what(),
        "record sweep: expected the voltages of the 2 ports of model every_operation, found 1");
  }
  record.voltage.resize(2, record.voltage[0]);
  record.current.resize(2);
  EXPECT_THROW(predict_with(testing::one_state(), {}, record), DataError);
}

TEST(PredictInPlace, TakesTheConductanceOfTheRecordWhereNoneIsGiven) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  record.initial_conductance = 5e-4;
  record.clean_current.assign(record.size(), 0);
  const Record before = record;
  EXPECT_EQ(predict_with(network, {}, record), Warnings{});
  EXPECT_EQ(record.current[0], simulated(network, before, 5e-4));
  EXPECT_TRUE(record.clean_current.empty());
  EXPECT_FALSE(record.initial_conductance.has_value());
}

TEST(PredictInPlace, TheGivenConductanceWinsOverThatOfTheRecord) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  record.initial_conductance = 5e-4;
  const Record before = record;
  predict_with(network, 2e-4, record);
  EXPECT_EQ(record.current[0], simulated(network, before, 2e-4));
}

// The current of the record itself says where the state starts: no warning, and the prediction is
// the record again.
TEST(PredictInPlace, FindsTheStartFromACurrentInTheDrive) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  record.current[0] = simulated(network, record, 6e-4);
  const std::vector<double> measured = record.current[0];
  EXPECT_EQ(predict_with(network, {}, record), Warnings{});
  for (std::size_t k = 0; k < measured.size(); ++k) {
    EXPECT_NEAR(record.current[0][k], measured[k], 1e-7 * 1e-3) << "at sample " << k;
  }
}

// The middle of 60 uS and 800 uS on a logarithmic scale is 219 uS.
TEST(PredictInPlace, SaysThatItAssumedTheStart) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  const Record before = record;
  EXPECT_EQ(predict_with(network, {}, record),
            Warnings{"record sweep: no initial conductance is given, assumed 219 uS"});
  const std::vector<double> low = simulated(network, before, 2.185e-4);
  const std::vector<double> high = simulated(network, before, 2.195e-4);
  EXPECT_GT(record.current[0][3] / low[3], 1);
  EXPECT_LT(record.current[0][3] / high[3], 1);
}

TEST(PredictInPlace, AModelWithoutStatesNeedsNoStart) {
  const ir::Network network = testing::static_curve();
  Record record = drive(network, 0.7);
  EXPECT_EQ(predict_with(network, {}, record), Warnings{});
  Record other = drive(network, 0.7);
  EXPECT_EQ(predict_with(network, 123.0, other), Warnings{});
  EXPECT_EQ(record.current[0], other.current[0]);
}

TEST(PredictInPlace, WarnsOutsideTheTrainingVoltagesOnEitherSide) {
  const ir::Network network = testing::static_curve();
  Record record = drive(network, 0.5);
  record.voltage[0][6] = -0.75;
  record.voltage[0][7] = 1.25;
  EXPECT_EQ(predict_with(network, {}, record),
            Warnings{"record sweep: the voltage runs from -750 mV to 1.25 V, the model was trained "
                     "on -1.00 V to 1.00 V: it extrapolates"});
  record.voltage[0][7] = -1.25;
  EXPECT_EQ(predict_with(network, {}, record).size(), 1u);
  record.voltage[0][7] = -1;
  EXPECT_EQ(predict_with(network, {}, record), Warnings{});
}

TEST(PredictInPlace, WarnsOfAConductanceThatTheStatesCannotHold) {
  const ir::Network network = testing::one_state();
  for (double g0 : {1e3, 1e-9}) {
    Record record = drive(network, 0.7);
    const Warnings warnings = predict_with(network, g0, record);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0], std::string("record sweep: the initial conductance ") +
                               (g0 > 1 ? "1.00 kS" : "1.00 nS") +
                               " is outside the range 45.5 uS to 1.12 mS that the model can hold");
  }
}

// 200 samples of the step that the stored networks were trained on.
Record short_drive() {
  Record record;
  record.id = "sweep";
  record.time = testing::uniform_times(200, 50e-9);
  record.voltage = {testing::two_tones(record.time, 0.5, 1e5)};
  record.current.resize(1);
  return record;
}

TEST(PredictInPlace, RunsEveryNetworkOfAKnownStart) {
  for (const char* name : {"teacher", "clustering", "low_rank", "pinn"}) {
    const auto model = load(testing::old_file(name));
    Record record = short_drive();
    const Record before = record;
    EXPECT_EQ(predict_in_place(*model, 3e-4, record), Warnings{}) << name;
    EXPECT_EQ(record.current[0], model->currents(before, 3e-4).front()) << name;
    EXPECT_NE(record.current[0], model->currents(before, 4e-4).front()) << name;
    record = before;
    EXPECT_EQ(predict_in_place(*model, {}, record),
              Warnings{"record sweep: no initial conductance is given, assumed 200 uS"});
    EXPECT_EQ(record.current[0], model->currents(before, 2e-4).front()) << name;
  }
}

// The first current of such a network is that of the conductance it was told.
TEST(PredictInPlace, FindsTheStartOfANetworkFromACurrentInTheDrive) {
  const auto model = load(testing::old_file("low_rank"));
  Record record = short_drive();
  record.current[0] = model->currents(record, 5e-4).front();
  const std::vector<double> measured = record.current[0];
  EXPECT_EQ(predict_in_place(*model, {}, record), Warnings{});
  for (std::size_t k = 0; k < measured.size(); ++k) {
    EXPECT_NEAR(record.current[0][k], measured[k], 0.1 * 5e-4) << "at sample " << k;
  }
}

TEST(PredictInPlace, RunsNetworksThatSeeTheTimeAndWarnsBeyondIt) {
  for (const char* name : {"published_teacher", "published_pinn"}) {
    const auto model = load(testing::old_file(name));
    Record record = short_drive();
    const Record before = record;
    EXPECT_EQ(predict_in_place(*model, {}, record), Warnings{}) << name;
    EXPECT_EQ(record.current[0], model->currents(before, 1).front()) << name;
    record = before;
    EXPECT_EQ(predict_in_place(*model, 3e-4, record),
              Warnings{"record sweep: the model sees the time and no initial conductance: the "
                       "given one changes nothing"});
    record = before;
    record.time.back() = 3e-3;
    EXPECT_EQ(predict_in_place(*model, {}, record),
              Warnings{"record sweep: the time runs to 3.00 ms, the model, which sees it, was "
                       "trained to 2.00 ms: it extrapolates"});
  }
}

TEST(PredictInPlace, WarnsOutsideTheTrainingDataOfANetwork) {
  const auto model = load(testing::old_file("clustering"));
  Record record = short_drive();
  record.voltage[0][5] = 1.5;
  EXPECT_EQ(
      predict_in_place(*model, 5e-3, record),
      (Warnings{"record sweep: the initial conductance 5.00 mS is outside the range 100 uS "
                "to 2.00 mS that the model was trained on",
                "record sweep: the voltage runs from -414 mV to 1.50 V, the model was trained "
                "on -800 mV to 1.20 V: it extrapolates"}));
}

template <class Work>
std::string problem_with(const Work& work) {
  try {
    work();
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

TEST(PredictInPlace, RefusesADriveOfAnotherNumberOfPorts) {
  for (const auto& model : {of(testing::compact_model()), load(testing::old_file("teacher")),
                            load(testing::old_file("published_pinn"))}) {
    Record record = short_drive();
    record.voltage.push_back(record.voltage[0]);
    EXPECT_EQ(problem_with([&] { predict_in_place(*model, 3e-4, record); }),
              "record sweep: expected the voltages of the 1 port of model " + model->about().name +
                  ", found 2");
  }
}

// A current that says nothing is no start.
TEST(PredictInPlace, RefusesACurrentThatTellsNoStart) {
  const auto model = of(testing::compact_model());
  Record record = short_drive();
  record.time.resize(5);
  record.voltage[0].resize(5);
  record.current[0].assign(5, 1e-6);
  EXPECT_EQ(problem_with([&] { predict_in_place(*model, {}, record); }),
            "record sweep: expected at least 8 samples whose current tells the conductance at the "
            "start, found 5 that do not; give it");
}

// A start that no number in the network can hold.
TEST(PredictInPlace, RefusesACurrentThatIsNotFinite) {
  const ir::Network network = testing::one_state();
  Record record = drive(network, 0.7);
  const std::string problem = problem_with([&] { predict_with(network, 1e308, record); });
  EXPECT_EQ(problem.find("record sweep: expected a finite current at every sample, found "), 0u)
      << problem;
}

// A constant voltage over one long step is not the same as over many short ones.
TEST(PredictInPlace, WarnsOfStepsThatTheModelDoesNotResolve) {
  ir::Network network = testing::one_state();
  network.box.step_max = 2e-6;
  Record record = drive(network, 0.3);
  record.time = testing::uniform_times(300, 2e-6);
  const Record before = record;
  EXPECT_EQ(predict_with(network, 3e-4, record), Warnings{});
  record = before;
  for (std::size_t k = 200; k < record.size(); ++k) record.time[k] += 38e-6;
  EXPECT_EQ(predict_with(network, 3e-4, record),
            Warnings{"record sweep: samples are up to 40.0 us apart, the model resolves steps of "
                     "at most 2.00 us: the current behind a longer one is wrong; give the voltage "
                     "at more times"});
}

}  // namespace
}  // namespace psi_xlstm::model
