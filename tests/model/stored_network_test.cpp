#include "model/stored_network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/json/safetensors.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/network_stock.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

fs::path network_file(const std::string& name) {
  return fs::path(::testing::TempDir()) / "stored_network_test" / name;
}

StoredNetwork network_of(const std::string& name, const std::string& protocol = "known_start") {
  return testing::drawn_network({.kind = *value_named<NetworkKind>(name)}, protocol, 3);
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

TEST(StoredNetwork, ComesBackAsItWas) {
  for (const char* name : {"mlp", "teacher", "clustering", "low_rank"}) {
    StoredNetwork network = network_of(name, "published");
    network.reference_step = 49.9e-9;
    network.current_scale = 1.7e-3;
    network.time_scale = 2e-3;
    network.facts.push_back({"unknown", std::nullopt, FactKind::kMemoryEnergy, 3});
    const fs::path file = network_file("model.safetensors");
    save_network(file, network);
    const StoredNetwork back = load_network(file);
    EXPECT_EQ(name_of(back.model), name);
    EXPECT_EQ(back.shape, network.shape);
    EXPECT_EQ(back.layer_widths, network.layer_widths);
    EXPECT_EQ(back.parameters, network.parameters);
    EXPECT_EQ(back.protocol, NetworkProtocol::kPublished);
    EXPECT_EQ(back.reference_step, 49.9e-9);
    EXPECT_EQ(back.current_scale, 1.7e-3);
    EXPECT_EQ(back.time_scale, 2e-3);
    EXPECT_EQ(back.conductance_scale, 2e-4);
    EXPECT_EQ(back.trained_parameters, network.trained_parameters);
    EXPECT_EQ(back.deployed_parameters, network.deployed_parameters);
    EXPECT_EQ(back.fingerprint, "of a test");
    ASSERT_EQ(back.facts.size(), network.facts.size());
    for (std::size_t i = 0; i < back.facts.size(); ++i) {
      EXPECT_EQ(back.facts[i].name, network.facts[i].name);
      EXPECT_EQ(back.facts[i].value, network.facts[i].value);
      EXPECT_EQ(back.facts[i].kind, network.facts[i].kind);
      EXPECT_EQ(back.facts[i].rank, network.facts[i].rank);
    }
    const std::string bytes = read_file(file);
    save_network(file, back);
    EXPECT_EQ(read_file(file), bytes) << name;
  }
}

// Names and shapes as a reader in another language sees them.
TEST(StoredNetwork, NamesItsTensors) {
  const fs::path file = network_file("names.safetensors");
  save_network(file, network_of("mlp"));
  SafetensorsFile content = parse_safetensors(read_file(file), "mlp");
  EXPECT_EQ(content.tensors.size(), 8u);
  EXPECT_EQ(content.tensors.at("layers.0.weight").shape, (std::vector<std::int64_t>{64, 2}));
  EXPECT_EQ(content.tensors.at("layers.3.bias").shape, (std::vector<std::int64_t>{1}));
  EXPECT_EQ(content.metadata.at("format"), "psi-xlstm model");
  EXPECT_EQ(content.metadata.at("kind"), "feed_forward");

  const StoredNetwork low_rank = network_of("low_rank");
  save_network(file, low_rank);
  content = parse_safetensors(read_file(file), "low_rank");
  EXPECT_EQ(content.tensors.at("layers.1.left").shape, (std::vector<std::int64_t>{32, 2}));
  EXPECT_EQ(content.tensors.at("layers.0.norm.weight").shape, (std::vector<std::int64_t>{32}));
  EXPECT_EQ(content.tensors.at("output.bias").values.front(), low_rank.parameters.back());
}

TEST(StoredNetwork, HasTheKnownSizes) {
  EXPECT_EQ(network_of("mlp").trained_parameters, 8577);
  EXPECT_EQ(network_of("teacher").trained_parameters, 46409);
  EXPECT_EQ(network_of("clustering").trained_parameters, 16961);
  EXPECT_EQ(network_of("low_rank").trained_parameters, 7377);
}

// Two numbers per sLSTM unit; D (D + 1) per mLSTM head, D its dimension or its rank.
TEST(StateCount, CountsWhatIsCarriedAlong) {
  EXPECT_EQ(state_count(network_of("mlp").shape), 0);
  EXPECT_EQ(state_count(network_of("teacher").shape), 2 * 64 + 4 * 16 * 17);
  EXPECT_EQ(state_count(network_of("clustering").shape), 2 * 2 * 32);
  EXPECT_EQ(state_count(network_of("low_rank").shape), 2 * 4 * 2 * 3);
}

TEST(StoredNetwork, RefusesParametersThatDoNotFit) {
  StoredNetwork network = network_of("teacher");
  network.parameters.pop_back();
  EXPECT_THROW(save_network(network_file("short.safetensors"), network), ShapeError);
  network = network_of("mlp");
  network.layer_widths = {2, 0, 1};
  EXPECT_THROW(save_network(network_file("short.safetensors"), network), ShapeError);
  EXPECT_FALSE(fs::exists(network_file("short.safetensors")));
}

TEST(StoredNetwork, NamesTheFileThatIsNone) {
  const fs::path file = network_file("broken.safetensors");
  const auto load = [&] { load_network(file); };
  fs::remove(file);
  EXPECT_EQ(problem_with(load).find(file.string() + ": expected a readable file"), 0u);
  write_file(file, "no tensors");
  EXPECT_EQ(problem_with(load).find(file.string() + ": expected "), 0u);
  save_currents(file, {{"seq8"}, {0}, {{1, 2}}});
  EXPECT_EQ(problem_with(load),
            file.string() + ": expected a psi-xlstm model, found \"psi-xlstm predictions\"");
}

TEST(StoredNetwork, NamesWhatIsWrongInside) {
  const fs::path file = network_file("inside.safetensors");
  save_network(file, network_of("low_rank"));
  const SafetensorsFile good = parse_safetensors(read_file(file), "good");
  const auto problem = [&](const SafetensorsFile& content) {
    write_file(file, safetensors_bytes(content));
    return problem_with([&] { load_network(file); });
  };
  SafetensorsFile bad = good;
  bad.tensors.erase("output.bias");
  EXPECT_EQ(problem(bad), file.string() +
                              ": expected a tensor \"output.bias\" of its shape, found "
                              "none");
  bad = good;
  bad.tensors["layers.0.left"] = {{2, 32}, std::vector<double>(64)};
  EXPECT_NE(problem(bad).find("\"layers.0.left\" of its shape, found another shape"),
            std::string::npos);
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"mlstm\"", "\"gru\""},
                                                        {"\"relaxation\"", "7"},
                                                        {"\"heads\":4", "\"heads\":5"},
                                                        {"\"facts\"", "\"fax\""},
                                                        {"\"inputs\":2", "\"inputs\":3"},
                                                        {"\"inputs\":2", "\"inputs\":1e300"},
                                                        {"\"relaxation\"", "\"published\""},
                                                        {"\"known_start\"", "\"published\""},
                                                        {"\"known_start\"", "\"other\""},
                                                        {"\"low_rank\"", "\"rank\""},
                                                        {"\"width\":32", "\"width\":2147483647"},
                                                        {"\"hidden\":32", "\"hidden\":-32"}}) {
    bad = good;
    std::string& text = bad.metadata.at("network");
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    EXPECT_EQ(problem(bad).find(file.string() + ": "), 0u) << from;
  }
  bad = good;
  bad.tensors["output.bias"].values = {std::numeric_limits<double>::infinity()};
  EXPECT_EQ(problem(bad),
            file.string() + ": tensor \"output.bias\": expected finite numbers, found inf");
}

// What runs a feed-forward network reads two inputs and one output.
TEST(StoredNetwork, RefusesLayerWidthsThatNoProtocolHas) {
  const fs::path file = network_file("widths.safetensors");
  for (const std::vector<int>& widths :
       {std::vector<int>{3, 4, 1}, {2, 4, 2}, {1}, {2}, {2, 4097, 1}}) {
    StoredNetwork network = network_of("mlp");
    network.layer_widths = widths;
    const auto blocks = stored_blocks(network);
    network.parameters.assign(blocks.empty() ? 0 : blocks.back().offset + blocks.back().size(), 0);
    save_network(file, network);
    EXPECT_EQ(problem_with([&] { load_network(file); }).find(file.string() + ": expected "), 0u)
        << widths.front();
  }
}

TEST(TrainingCurve, ComesBackAsItWas) {
  const fs::path file = network_file("curve.json");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  save_curve(file, {{.step = 1, .training = 0.1, .validation = 1.0 / 3, .hidden = 2},
                    {.step = 7, .training = nan, .gradient = 5, .structure = 6, .physics = 7}});
  const std::vector<CurvePoint> back = load_curve(file);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].step, 1);
  EXPECT_EQ(back[0].training, 0.1);
  EXPECT_EQ(back[0].validation, 1.0 / 3);
  EXPECT_EQ(back[0].hidden, 2);
  EXPECT_EQ(back[1].step, 7);
  EXPECT_TRUE(std::isnan(back[1].training));
  EXPECT_EQ(back[1].gradient, 5);
  EXPECT_EQ(back[1].structure, 6);
  EXPECT_EQ(back[1].physics, 7);
}

TEST(TrainingCurve, NamesTheFileThatIsNone) {
  const fs::path file = network_file("no_curve.json");
  for (const char* text : {"", "{", "[1]", "[{\"step\": 1}]", "[{\"step\": \"one\"}]"}) {
    write_file(file, text);
    EXPECT_EQ(problem_with([&] { load_curve(file); }).find(file.string() + ": expected "), 0u)
        << text;
  }
}

TEST(NetworkFolder, IsOfItsSeedAndModel) {
  EXPECT_EQ(network_folder("run", 42, "low_rank"), fs::path("run/seed_42/low_rank"));
}

}  // namespace
}  // namespace psi_xlstm
