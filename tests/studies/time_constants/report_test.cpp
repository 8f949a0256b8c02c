#include "studies/time_constants/report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

// One identified process of 1 ms, between 0.9 and 1.1 ms, and a weak one of 10 ms.
TauStudyResult one_identified() {
  TauStudyResult result;
  tau::TauEstimate& e = result.estimate;
  e.conclusion = "one process";
  e.choice.bic = {10, 0};
  e.choice.held_out = {2, 1};
  e.choice.fits.resize(2);
  e.processes.resize(2);
  e.processes[0].tau = 1e-3;
  e.processes[0].low = 0.9e-3;
  e.processes[0].high = 1.1e-3;
  e.processes[0].verdict = tau::Verdict::kIdentified;
  e.processes[1].tau = 10e-3;
  e.processes[1].low = 5e-3;
  e.processes[1].high = 20e-3;
  e.processes[1].verdict = tau::Verdict::kWeak;
  return result;
}

GateTime gate(int index, double low, double median, double high) {
  return {
      .gate = index, .states = 4, .at_rest = median, .low = low, .median = median, .high = high};
}

NetworkGates student() {
  return {.label = "mine",
          .tied = true,
          .gates = {gate(0, 0.95e-3, 1e-3, 1.05e-3), gate(1, 0.8e-3, 1e-3, 1.6e-3),
                    gate(2, 2e-6, 2e-6, 2e-6), gate(3, 10e-3, 10e-3, 10e-3)},
          .clusters = {{.centres = {2e-4}, .left_over = 1}, {.centres = {2e-6, 1e-3}}}};
}

std::vector<std::string> captions(const std::vector<Table>& tables) {
  std::vector<std::string> found;
  for (const Table& table : tables) {
    check_table(table);
    found.push_back(table.caption);
  }
  return found;
}

TEST(TauTables, SayWhatTheRecordsKnowOfEveryCentre) {
  TauStudyResult result = one_identified();
  result.networks = {student()};
  const std::vector<Table> tables = tau_tables(result);
  ASSERT_EQ(tables.size(), 4u);
  EXPECT_EQ(tables[2].caption, "Centres of forget gates");
  ASSERT_EQ(tables[2].rows.size(), 4u);
  EXPECT_EQ(tables[2].rows[0].back(), "constant, within the interval of process 1");
  EXPECT_EQ(tables[2].rows[1].back(), "no constant: moves by a factor of 2");
  EXPECT_EQ(tables[2].rows[2].back(), "constant, but the records identify no process there");
  // within the interval of a process that is not identified
  EXPECT_EQ(tables[2].rows[3].back(), "constant, but the records identify no process there");
  EXPECT_EQ(tables[2].rows[1][2], "2") << "centres are counted from 1";
  ASSERT_EQ(tables[3].rows.size(), 2u);
  EXPECT_EQ(tables[3].rows[1][2], "2");
  EXPECT_NE(tables[3].note.find("one process"), std::string::npos);
}

TEST(TauTables, HaveCentresOnlyWhereGatesWereTied) {
  TauStudyResult result = one_identified();
  EXPECT_EQ(captions(tau_tables(result)).size(), 2u);
  result.networks = {student()};
  result.networks[0].tied = false;
  const std::vector<std::string> found = captions(tau_tables(result));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[2], "K-means of forget gates");
  result.networks.push_back(student());
  const std::vector<Table> both = tau_tables(result);
  ASSERT_EQ(both.size(), 4u);
  EXPECT_EQ(both[2].rows.size(), 4u) << "of the tied network only";
  EXPECT_EQ(both[3].rows.size(), 4u) << "of both";
}

TEST(TauJson, HasEveryGateInSeconds) {
  TauStudyResult result = one_identified();
  result.networks = {student()};
  const auto json = nlohmann::json::parse(tau_json(result));
  const auto& network = json.at("networks").at(0);
  EXPECT_EQ(network.at("network"), "mine");
  EXPECT_EQ(network.at("tied"), true);
  const auto& moving = network.at("gates").at(1);
  EXPECT_EQ(moving.at("low_s"), 0.8e-3);
  EXPECT_EQ(moving.at("median_s"), 1e-3);
  EXPECT_EQ(moving.at("high_s"), 1.6e-3);
  EXPECT_EQ(network.at("k_means").at(1).at("centres_s").at(1), 1e-3);
}

}  // namespace
}  // namespace psi_xlstm
