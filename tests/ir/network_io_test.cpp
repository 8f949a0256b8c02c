#include "ir/network_io.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "core/json/safetensors.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/broken_files.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm::ir {
namespace {

using Json = nlohmann::ordered_json;

std::string problem_with(const std::string& bytes) {
  try {
    parse_network(bytes, "m.safetensors");
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

// The file of `network` with the structure changed by `edit`.
std::string edited(const Network& network, const std::function<void(Json&)>& edit) {
  SafetensorsFile file = parse_safetensors(network_bytes(network, {}), "m");
  Json tree = Json::parse(file.metadata.at("network"));
  edit(tree);
  file.metadata["network"] = tree.dump();
  return safetensors_bytes(file);
}

std::string problem_after(const std::function<void(Json&)>& edit) {
  return problem_with(edited(testing::one_state(), edit));
}

TEST(NetworkFile, ReadsBackToTheSameBytesAndTheSameCurrents) {
  for (const Network& network : {testing::one_state(), testing::three_states(),
                                 testing::static_curve(), testing::slow_device()}) {
    const std::map<std::string, std::string> beside = {{"config", "{}"}, {"unit", "\xc2\xb5S"}};
    const std::string bytes = network_bytes(network, beside);
    const StoredNetwork stored = parse_network(bytes, "m.safetensors");
    EXPECT_EQ(stored.metadata, beside);
    EXPECT_EQ(stored.network.parameters, network.parameters);
    EXPECT_EQ(network_bytes(stored.network, stored.metadata), bytes) << network.name;
    const std::vector<double> time = testing::uniform_times(20, 1e-5);
    const std::vector<double> voltage = testing::two_tones(time, 1, 1e4);
    EXPECT_EQ(simulate(stored.network, time, voltage, initial_state(stored.network, 3e-4)).current,
              simulate(network, time, voltage, initial_state(network, 3e-4)).current);
  }
}

// Nothing of a device of two ports is lost: charges, unknowns, both ranges, no conductance.
TEST(NetworkFile, ReadsBackStaticDevices) {
  for (Network network : {testing::static_device(true), testing::transistor()}) {
    network.box.voltage_max = {2.5, 40};
    const std::string bytes = network_bytes(network, {});
    const Network back = parse_network(bytes, "m").network;
    EXPECT_EQ(network_bytes(back, {}), bytes);
    EXPECT_FALSE(back.role.has_value());
    EXPECT_EQ(back.start, Start::kRest);
    EXPECT_EQ(back.charge_node, network.charge_node);
    EXPECT_EQ(back.unknowns, network.unknowns);
    EXPECT_EQ(back.box.voltage_max, network.box.voltage_max);
    EXPECT_EQ(back.ports, network.ports);
    const std::vector<double> time = {0, 0.1, 0.2};
    const std::vector<std::vector<double>> voltages = {{0.1, 0.2, 0.3}, {0.5, -0.5, 0.1}};
    EXPECT_EQ(simulate(back, time, voltages, {}).currents,
              simulate(network, time, voltages, {}).currents);
  }
}

// A file of one conductance is as it always was: its readers need not know of anything else.
TEST(NetworkFile, OfAConductanceHasNothingElse) {
  const SafetensorsFile file =
      parse_safetensors(network_bytes(testing::one_state(), {}), "m.safetensors");
  const Json tree = Json::parse(file.metadata.at("network"));
  std::vector<std::string> keys;
  for (const auto& [key, value] : tree.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{
                      "name", "ports", "reference_terminal", "nodes", "blocks", "rate_node",
                      "target_node", "rate_of_state", "current_node", "conductance_node", "head",
                      "start", "readout_weight", "readout_bias", "conductance_scale_S",
                      "voltage_scale_V", "reference_step_s", "training_box"}));
  EXPECT_EQ(tree.at("training_box").at("voltage_max_V"), 1.2);
}

// One range, as files of several ports had it first, is that of every port.
TEST(NetworkFile, OneRangeIsThatOfAllPorts) {
  const std::string bytes = edited(testing::static_device(true),
                                   [](Json& t) { t["training_box"]["voltage_max_V"] = 2.5; });
  EXPECT_EQ(parse_network(bytes, "m").network.box.voltage_max, (std::vector<double>{2.5, 2.5}));
}

TEST(NetworkFile, KeepsEveryFieldThatIsNoNode) {
  const Network network = testing::three_states();
  const Network back = parse_network(network_bytes(network, {}), "m").network;
  EXPECT_EQ(back.name, "three_states");
  EXPECT_EQ(back.rate_of_state, network.rate_of_state);
  EXPECT_EQ(back.box.conductance_max, 1e-3);
  EXPECT_EQ(back.box.drive_frequency, 1e4);
  EXPECT_EQ(back.box.fastest_rate, 1e5);
  EXPECT_EQ(back.conductance().scale, 5e-4);
  EXPECT_EQ(back.reference_step, 1e-6);
  EXPECT_EQ(back.conductance().head, Head::kExp);
  EXPECT_EQ(back.start, Start::kTied);
}

TEST(NetworkFile, RefusesAnInconsistentNetworkBeforeItIsWritten) {
  Network network = testing::one_state();
  network.target_node = -1;
  EXPECT_THROW(network_bytes(network, {}), ShapeError);
}

TEST(NetworkFile, RefusesOtherFiles) {
  EXPECT_EQ(problem_with("garbage of eight bytes and more").substr(0, 14), "m.safetensors:");
  SafetensorsFile other;
  other.tensors["w"] = {{2}, {1, 2}};
  EXPECT_EQ(problem_with(safetensors_bytes(other)),
            "m.safetensors: expected a model with the metadata key \"network\", found none");
  other.metadata["network"] = "[1,";
  EXPECT_EQ(problem_with(safetensors_bytes(other)).substr(0, 54),
            "m.safetensors: network: expected JSON, found at line 1");
}

TEST(NetworkFile, RefusesIndicesOutsideTheNetwork) {
  EXPECT_EQ(problem_after([](Json& t) { t["current_node"] = 15; }),
            "m.safetensors: network one_state: current: expected a node, found index 15");
  for (int bad : {-2, 1000, 2147483647}) {
    for (const char* key : {"rate_node", "target_node", "charge_node", "current_node",
                            "conductance_node", "readout_weight", "readout_bias"}) {
      EXPECT_NE(problem_after([&](Json& t) { t[key] = bad; }), "none") << key << ", " << bad;
    }
    EXPECT_NE(problem_after([&](Json& t) { t["junctions"] = {bad}; }), "none") << bad;
  }
  EXPECT_NE(problem_after([](Json& t) { t["nodes"][3]["weight"] = 2147483647; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["nodes"][3]["arguments"][0] = 3; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["nodes"][3]["width"] = 1 << 30; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["rate_of_state"] = {-1}; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["rate_of_state"] = {0, 0}; }), "none");
}

TEST(NetworkFile, RefusesAnotherStructure) {
  EXPECT_EQ(problem_after([](Json& t) { t["head"] = "log"; }),
            "m.safetensors: network /head: expected a known name, found \"log\"");
  EXPECT_EQ(
      problem_after([](Json& t) { t["blocks"][0][1] = 4; }),
      "m.safetensors: network /blocks/0: expected a tensor \"features.weight\" of shape [4, 2]");
  EXPECT_EQ(problem_after([](Json& t) { t["blocks"][0][0] = "other"; }),
            "m.safetensors: network /blocks/0: expected a tensor \"other\" of shape [3, 2]");
  EXPECT_NE(problem_after([](Json& t) { t.erase("training_box"); }), "none");
  EXPECT_EQ(problem_after([](Json& t) {
              t["training_box"]["voltage_min_V"] = {1, 2};
            }),
            "m.safetensors: network one_state: training range: expected voltages of 1 ports, found "
            "2");
  EXPECT_EQ(problem_after([](Json& t) { t.erase("conductance_node"); }),
            "m.safetensors: network one_state: start: expected that at rest in a network that "
            "stands for no conductance");
  EXPECT_NE(problem_after([](Json& t) { t["charge_node"] = "none"; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["training_box"]["voltage_min_V"] = Json::array(); }),
            "none");
  EXPECT_NE(problem_after([](Json& t) { t["nodes"] = "none"; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["nodes"][4] = 7; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["conductance_scale_S"] = nullptr; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["voltage_scale_V"] = -1; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["ports"] = Json::array(); }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["name"] = "x\n.control"; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t = Json::array({1}); }), "none");
}

// A double that does not fit must never be converted to an int.
TEST(NetworkFile, RefusesNumbersThatAreNoIntegers) {
  EXPECT_EQ(problem_after([](Json& t) { t["nodes"][3]["width"] = 1e300; }),
            "m.safetensors: network /nodes/3/width: expected an integer of 32 bits, found 1e+300");
  EXPECT_EQ(problem_after([](Json& t) { t["rate_node"] = 2.5; }),
            "m.safetensors: network /rate_node: expected an integer of 32 bits, found 2.5");
  EXPECT_EQ(problem_after([](Json& t) { t["rate_of_state"] = {std::uint64_t{1} << 63}; }),
            "m.safetensors: network /rate_of_state: expected an integer of 32 bits, found "
            "9223372036854775808");
  EXPECT_EQ(problem_after([](Json& t) { t["blocks"][0][1] = -1; }),
            "m.safetensors: network /blocks/0/1: expected an integer of at least 0 that fits in "
            "32 bits, found -1");
  EXPECT_EQ(problem_after([](Json& t) { t["blocks"][0].push_back(1); }),
            "m.safetensors: network /blocks/0: expected a list of 3, found "
            "[\"features.weight\",3,2,1]");
}

TEST(NetworkFile, RefusesStructuresNestedTooDeep) {
  SafetensorsFile file;
  file.metadata["network"] = std::string(80'000, '[') + std::string(80'000, ']');
  EXPECT_EQ(problem_with(safetensors_bytes(file)),
            "m.safetensors: network: expected at most 100 levels of nesting, found more");
  EXPECT_THROW(parse_box(file.metadata["network"]), DataError);
}

// What is read must be safe to run, whatever it is.
bool survives(const std::string& bytes) {
  try {
    const Network network = parse_network(bytes, "m").network;
    const std::vector<double> time = {0, 1e-6, 2e-6};
    const std::vector<std::vector<double>> voltages(network.ports.size(), {0.1, 0.2, -0.3});
    simulate(network, time, voltages, initial_state(network, 3e-4));
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string mutated_bytes(std::string bytes, std::mt19937& rng) {
  for (auto changes = 1 + rng() % 3; changes > 0; --changes) {
    const std::size_t at = rng() % bytes.size();
    switch (rng() % 4) {
      case 0:
        bytes[at] = static_cast<char>(rng() % 256);
        break;
      case 1:
        bytes[at] = static_cast<char>('0' + rng() % 10);
        break;
      case 2:
        bytes.erase(at, 1 + rng() % 4);
        break;
      default:
        bytes.insert(at, 1, bytes[rng() % bytes.size()]);
    }
  }
  return bytes;
}

TEST(NetworkFile, MutatedBytesAreReadOrRefusedAndNothingElse) {
  for (const Network& network : {testing::three_states(), testing::transistor()}) {
    const std::string bytes = testing::without_checksum(network_bytes(network, {{"config", "{}"}}));
    std::mt19937 rng(5);
    int read = 0, refused = 0;
    for (int i = 0; i < 4000; ++i) ++(survives(mutated_bytes(bytes, rng)) ? read : refused);
    EXPECT_GT(read, 50) << network.name;
    EXPECT_GT(refused, 1000) << network.name;
  }
}

// A whole number of the structure, set to something else.
void mutate(Json& value, std::mt19937& rng) {
  if (value.is_number_integer()) {
    static const std::vector<int> candidates = {-1, 0,  1,     2,       3,         7,
                                                14, 19, 65536, 1000000, 2147483647};
    value = candidates[rng() % candidates.size()];
  } else if (!value.empty() && value.is_structured()) {
    auto child = value.begin();
    std::advance(child, static_cast<std::ptrdiff_t>(rng() % value.size()));
    mutate(*child, rng);
  }
}

TEST(NetworkFile, MutatedStructuresAreReadOrRefusedAndNothingElse) {
  for (const Network& network : {testing::one_state(), testing::transistor()}) {
    std::mt19937 rng(6);
    int read = 0, refused = 0;
    for (int i = 0; i < 4000; ++i) {
      const std::string bytes = edited(network, [&](Json& t) {
        for (auto changes = 1 + rng() % 3; changes > 0; --changes) mutate(t, rng);
      });
      ++(survives(bytes) ? read : refused);
    }
    EXPECT_GT(read, 100) << network.name;
    EXPECT_GT(refused, 1000) << network.name;
  }
}

}  // namespace
}  // namespace psi_xlstm::ir
