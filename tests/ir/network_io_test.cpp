#include "ir/network_io.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "core/safetensors.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

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

// The file of one_state() with the structure changed by `edit`.
std::string edited(const std::function<void(Json&)>& edit) {
  SafetensorsFile file = parse_safetensors(network_bytes(testing::one_state(), {}), "m");
  Json tree = Json::parse(file.metadata.at("network"));
  edit(tree);
  file.metadata["network"] = tree.dump();
  return safetensors_bytes(file);
}

std::string problem_after(const std::function<void(Json&)>& edit) {
  return problem_with(edited(edit));
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

// Nothing of a static device of two ports is lost: charges, both ranges, no conductance.
TEST(NetworkFile, ReadsBackAStaticDevice) {
  Network network = testing::static_device(true);
  network.box.voltage_max = {2.5, 40};
  const std::string bytes = network_bytes(network, {});
  const Network back = parse_network(bytes, "m").network;
  EXPECT_EQ(network_bytes(back, {}), bytes);
  EXPECT_FALSE(back.role.has_value());
  EXPECT_EQ(back.charge_node, network.charge_node);
  EXPECT_EQ(back.box.voltage_max, network.box.voltage_max);
  EXPECT_EQ(back.ports, network.ports);
  const std::vector<double> time = {0, 0.1, 0.2};
  const std::vector<std::vector<double>> voltages = {{0.1, 0.2, 0.3}, {0.5, -0.5, 0.1}};
  EXPECT_EQ(simulate(back, time, voltages, {}).currents,
            simulate(network, time, voltages, {}).currents);
}

// The structure of one_state() as release 0.1 wrote it, before files said their version.
std::string written_by_version_1() {
  return edited([](Json& t) {
    const Json role = t.at("conductance");
    for (const char* key : {"version", "conductance"}) t.erase(key);
    t["conductance_node"] = role.at("node");
    t["head"] = role.at("head");
    t["readout_weight"] = role.at("readout_weight");
    t["readout_bias"] = role.at("readout_bias");
    t["conductance_scale_S"] = role.at("scale_S");
    t["junctions"] = {2};
  });
}

TEST(NetworkFile, OfVersion1IsReadAsItWasMeant) {
  Network expected = testing::one_state();
  expected.unknowns = {2};
  const Network found = parse_network(written_by_version_1(), "m").network;
  EXPECT_EQ(network_bytes(found, {}), network_bytes(expected, {}));
}

TEST(NetworkFile, OfALaterVersionIsRefusedWithASentence) {
  EXPECT_EQ(problem_after([](Json& t) { t["version"] = 3; }),
            "m.safetensors: expected a network of format version 1 to 2, found 3: it was written "
            "by another release");
  EXPECT_NE(problem_after([](Json& t) { t["version"] = 0; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["version"] = "two"; }), "none");
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
            "m.safetensors: expected the structure of a network: [j");
}

TEST(NetworkFile, RefusesIndicesOutsideTheNetwork) {
  EXPECT_EQ(problem_after([](Json& t) { t["current_node"] = 15; }),
            "m.safetensors: network one_state: current: expected a node, found index 15");
  for (int bad : {-2, 1000, 2147483647}) {
    for (const char* key : {"rate_node", "target_node", "charge_node", "current_node"}) {
      EXPECT_NE(problem_after([&](Json& t) { t[key] = bad; }), "none") << key << ", " << bad;
    }
    for (const char* key : {"node", "readout_weight", "readout_bias"}) {
      EXPECT_NE(problem_after([&](Json& t) { t["conductance"][key] = bad; }), "none")
          << key << ", " << bad;
    }
  }
  EXPECT_NE(problem_after([](Json& t) { t["nodes"][3]["weight"] = 2147483647; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["nodes"][3]["arguments"][0] = 3; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["nodes"][3]["width"] = 1 << 30; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["rate_of_state"] = {-1}; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["rate_of_state"] = {0, 0}; }), "none");
}

TEST(NetworkFile, RefusesAnotherStructure) {
  EXPECT_EQ(problem_after([](Json& t) { t["conductance"]["head"] = "log"; }),
            "m.safetensors: unknown name \"log\"");
  EXPECT_EQ(problem_after([](Json& t) { t["blocks"][0][1] = 4; }),
            "m.safetensors: expected a tensor \"features.weight\" of shape [4, 2]");
  EXPECT_EQ(problem_after([](Json& t) { t["blocks"][0][0] = "other"; }),
            "m.safetensors: expected a tensor \"other\" of shape [3, 2]");
  EXPECT_NE(problem_after([](Json& t) { t.erase("training_box"); }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["training_box"]["voltage_min_V"] = {1, 2}; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["training_box"]["voltage_min_V"] = Json::array(); }),
            "none");
  EXPECT_NE(problem_after([](Json& t) { t["nodes"] = "none"; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["nodes"][4] = 7; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["conductance"]["scale_S"] = nullptr; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["voltage_scale_V"] = -1; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["ports"] = Json::array(); }), "none");
  EXPECT_NE(problem_after([](Json& t) { t["name"] = "x\n.control"; }), "none");
  EXPECT_NE(problem_after([](Json& t) { t = Json::array({1}); }), "none");
}

// What is read must be safe to run, whatever it is.
bool survives(const std::string& bytes) {
  try {
    const Network network = parse_network(bytes, "m").network;
    const std::vector<double> time = {0, 1e-6, 2e-6}, voltage = {0.1, 0.2, -0.3};
    if (network.port_count() == 1) {
      simulate(network, time, voltage, initial_state(network, 3e-4));
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(NetworkFile, MutatedBytesAreReadOrRefusedAndNothingElse) {
  const std::string bytes = network_bytes(testing::three_states(), {{"config", "{}"}});
  std::mt19937 rng(5);
  int read = 0, refused = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string mutated = bytes;
    for (auto changes = 1 + rng() % 3; changes > 0; --changes) {
      const std::size_t at = rng() % mutated.size();
      switch (rng() % 4) {
        case 0:
          mutated[at] = static_cast<char>(rng() % 256);
          break;
        case 1:
          mutated[at] = static_cast<char>('0' + rng() % 10);
          break;
        case 2:
          mutated.erase(at, 1 + rng() % 4);
          break;
        default:
          mutated.insert(at, 1, mutated[rng() % mutated.size()]);
      }
    }
    ++(survives(mutated) ? read : refused);
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 1000);
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
  std::mt19937 rng(6);
  int read = 0, refused = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string bytes = edited([&](Json& t) {
      for (auto changes = 1 + rng() % 3; changes > 0; --changes) mutate(t, rng);
    });
    ++(survives(bytes) ? read : refused);
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace psi_xlstm::ir
