#include "studies/networks/torch/training.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "compression/forget_gate_clusters.hpp"
#include "core/atomic_file.hpp"
#include "kernels/continuous/network.hpp"
#include "model/network_prediction.hpp"
#include "model/stored_network.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/networks/protocol.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

void silent(double, const std::string&) {}

PhaseConfig phase(int steps, int decimation, int samples) {
  PhaseConfig p;
  p.steps = steps;
  p.decimation = decimation;
  p.samples = samples;
  return p;
}

NetworkConfig network(const std::string& name, const PhaseConfig& only) {
  NetworkConfig n;
  n.kind = *value_named<NetworkKind>(name);
  n.phases = {only};
  n.tie_after = 0.5;
  if (name == "clustering" || name == "low_rank") n.distillation = {1e-3, 1e-3, 1e-2};
  return n;
}

// All models with a few steps each.
NetworkStudyConfig known_start() {
  NetworkStudyConfig config;
  config.study = "small";
  config.protocol = NetworkProtocol::kKnownStart;
  for (const char* name : {"teacher", "clustering", "low_rank", "mlp"}) {
    const int steps = std::string(name) == "mlp" ? 400 : 200;
    config.networks.push_back(network(name, phase(steps, 64, 300)));
    config.networks.back().physics = 1;
  }
  return config;
}

fs::path empty_folder(const std::string& name) {
  const fs::path folder = fs::path(::testing::TempDir()) / ("network_training_" + name);
  fs::remove_all(folder);
  return folder;
}

std::map<std::string, std::string> bytes_below(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      out[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
    }
  }
  return out;
}

// The known-start models, trained once for all tests of this file.
const fs::path& trained() {
  static const fs::path run = [] {
    const fs::path folder = empty_folder("trained");
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(train_network(known_start(), i, 42, folder, silent).usable) << i;
    }
    return folder;
  }();
  return run;
}

StoredNetwork model(const std::string& name) {
  return load_network(network_folder(trained(), 42, name) / "model.safetensors");
}

TEST(NetworkTraining, WritesEveryModelWithItsCountAndItsPredictions) {
  const std::map<std::string, int> counts = {
      {"mlp", 8577}, {"teacher", 46409}, {"clustering", 16961}, {"low_rank", 7377}};
  for (const auto& [name, count] : counts) {
    EXPECT_EQ(model(name).trained_parameters, count) << name;
    const fs::path folder = network_folder(trained(), 42, name);
    EXPECT_FALSE(fs::exists(folder / "training.safetensors"));
    EXPECT_FALSE(load_curve(folder / "curve.json").empty());
    const auto predictions = with_currents(seed_data(known_start(), 42),
                                           load_currents(folder / "predictions.safetensors"), name);
    EXPECT_EQ(predictions.size(), 2u);
  }
  EXPECT_LT(model("clustering").deployed_parameters, 16961);
}

TEST(NetworkTraining, TiesForgetGatesToExactlyThree) {
  const StoredNetwork m = model("clustering");
  for (int layer : {0, 1}) {
    EXPECT_EQ(compression::distinct_forget_gates(m.shape, m.parameters, layer), 3);
  }
}

// Runs the low-rank student on a piece of a record; with `diagonal` only the diagonal of every core
// stays after each step. Returns y.
std::vector<double> run_low_rank(bool diagonal) {
  const StoredNetwork m = model("low_rank");
  kernels::ContinuousNetwork<double> network(m.shape);
  network.set_parameters(m.parameters);
  kernels::ContinuousState<double> state;
  const Record record = seed_data(known_start(), 42).dataset.records[8];
  double u[4] = {0, 0.1, 0, 0.1};
  const double rho = 64;
  std::vector<double> out;
  for (std::size_t k = 0; k < 200; ++k) {
    u[0] = u[2];
    u[2] = record.voltage[0][64 * k];
    const auto y = network.forward(
        {.steps = 1, .inputs = u, .rho = &rho, .rest_inputs = k == 0 ? u : nullptr}, state);
    out.push_back(y[1]);
    if (!diagonal) continue;
    for (auto& layer : state.layers) {  // rows 0 and 1 of the cores of 4 heads, then n
      for (std::size_t head = 0; head < 4; ++head) layer[2 * head + 1] = layer[8 + 2 * head] = 0;
    }
  }
  return out;
}

TEST(NetworkTraining, LowRankMemoryUsesItsWholeCore) {
  const std::vector<double> y = run_low_rank(false), without = run_low_rank(true);
  double mean = 0, variance = 0, difference = 0;
  for (double x : y) mean += x / static_cast<double>(y.size());
  for (std::size_t k = 0; k < y.size(); ++k) {
    variance += (y[k] - mean) * (y[k] - mean) / static_cast<double>(y.size());
    difference = std::max(difference, std::abs(y[k] - without[k]));
  }
  EXPECT_GT(variance, 1e-10);
  EXPECT_GT(difference, 1e-4);
}

struct Stop {};

// Killed after its first checkpoint and started again: the same bytes as without a stop.
TEST(NetworkTraining, GoesOnWhereItWasKilledWithTheSameBytes) {
  for (int index : {1, 2, 3}) {
    const fs::path again = empty_folder("killed");
    const std::string teacher = "seed_42/teacher/model.safetensors";
    write_file(again / teacher, read_file(trained() / teacher));
    int reports = 0;
    EXPECT_THROW(train_network(known_start(), index, 42, again,
                               [&](double, const std::string&) {
                                 if (++reports == 2) throw Stop{};
                               }),
                 Stop);
    const fs::path own = network_folder(
        again, 42, label_of(known_start().networks[static_cast<std::size_t>(index)]));
    EXPECT_TRUE(fs::exists(own / "training.safetensors"));
    EXPECT_TRUE(train_network(known_start(), index, 42, again, silent).usable);
    const auto found = bytes_below(own), wanted = bytes_below(trained() / fs::relative(own, again));
    ASSERT_EQ(found.size(), wanted.size());
    for (const auto& [name, bytes] : wanted) {
      EXPECT_TRUE(found.at(name) == bytes) << own.string() << ": " << name;
    }
  }
}

// Every file of a training in turn cut in half, and a checkpoint of nothing: trained again.
TEST(NetworkTraining, TrainsAgainWhatIsDamaged) {
  const fs::path again = empty_folder("damaged"), own = "seed_42/mlp";
  for (const char* name :
       {"model.safetensors", "predictions.safetensors", "curve.json", "training.safetensors"}) {
    fs::remove_all(again);
    fs::create_directories(again / "seed_42");
    fs::copy(trained() / own, again / own);
    const fs::path file = again / own / name;
    if (fs::exists(file)) {
      const std::string bytes = read_file(file);
      write_file(file, bytes.substr(0, bytes.size() / 2));
    } else {
      write_file(file, "half");
      fs::remove(again / own / "model.safetensors");
    }
    EXPECT_TRUE(train_network(known_start(), 3, 42, again, silent).usable) << name;
    EXPECT_TRUE(bytes_below(again / own) == bytes_below(trained() / own)) << name;
  }
}

TEST(NetworkTraining, TakesWhatIsFinished) {
  int reports = 0;
  EXPECT_TRUE(train_network(known_start(), 0, 42, trained(), [&](double, const std::string&) {
                ++reports;
              }).usable);
  EXPECT_EQ(reports, 0);
}

TEST(NetworkTraining, AStudentNeedsItsTeacher) {
  EXPECT_THROW(train_network(known_start(), 1, 42, empty_folder("alone"), silent), ConfigError);
  EXPECT_THROW(train_network(known_start(), 9, 42, empty_folder("alone"), silent), ConfigError);
}

TEST(NetworkTraining, TrainsEveryModelInThePublishedProtocol) {
  NetworkStudyConfig config;
  config.protocol = NetworkProtocol::kPublished;
  config.networks = {network("teacher", phase(1, 1, 256)), network("clustering", phase(2, 1, 256)),
                     network("low_rank", phase(3, 1, 256)), network("mlp", phase(200, 1, 256))};
  config.networks[2].judge_after = 0.9;
  const fs::path run = empty_folder("published");
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(train_network(config, i, 42, run, silent).usable) << i;
  }
  const StoredNetwork student =
      load_network(network_folder(run, 42, "clustering") / "model.safetensors");
  EXPECT_EQ(compression::distinct_forget_gates(student.shape, student.parameters, 1), 3);
  // Recurrent weights start at zero.
  const auto blocks = parameter_blocks(student.shape);
  double largest = 0;
  const auto& recurrent = block(blocks, "layers.0.recurrent");
  for (std::size_t i = 0; i < recurrent.size(); ++i) {
    largest = std::max(largest, std::abs(student.parameters[recurrent.offset + i]));
  }
  EXPECT_GT(largest, 1e-3);
  // Only the last epoch of the low-rank student counts, whichever looks best.
  const fs::path low_rank = network_folder(run, 42, "low_rank");
  const auto curve = load_curve(low_rank / "curve.json");
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(load_network(low_rank / "model.safetensors").facts.back().value, 3.0);
}

}  // namespace
}  // namespace psi_xlstm
