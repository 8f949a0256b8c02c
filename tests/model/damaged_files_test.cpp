// Files of models and predictions, damaged in many ways: each is refused with a sentence that names
// it, or it holds a model that runs. Meant for a build with sanitizers too.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/json/safetensors.hpp"
#include "core/rng.hpp"
#include "model/model.hpp"
#include "model/predict.hpp"
#include "model/predictions.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/broken_files.hpp"
#include "support/static_devices.hpp"
#include "support/stored_models.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr int kMutations = 300;  // of each file and way

fs::path damaged_file(const std::string& name) {
  return fs::path(::testing::TempDir()) / "damaged_files_test" / name;
}

// Without the waits for a disk that write_file has.
void put(const fs::path& file, const std::string& bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

// One to three bytes changed, removed or repeated, anywhere.
std::string other_bytes(std::string bytes, Rng& rng) {
  for (std::size_t n = 1 + rng.index(3); n > 0 && !bytes.empty(); --n) {
    const std::size_t at = rng.index(bytes.size());
    switch (rng.index(3)) {
      case 0:
        bytes[at] = static_cast<char>(rng.index(256));
        break;
      case 1:
        bytes.erase(at, 1 + rng.index(16));
        break;
      default:
        bytes.insert(at, bytes.substr(at, 1 + rng.index(16)));
    }
  }
  return bytes;
}

// A whole number in a text becomes another; so does a name in quotes.
std::string other_text(std::string text, Rng& rng) {
  static const std::vector<std::string> kValues = {"0",   "-1",   "2",      "3",           "1e300",
                                                   "7.5", "null", "\"x\"",  "4294967297",  "[]",
                                                   "{}",  "5",    "100000", "-2147483648", "true"};
  std::vector<std::size_t> starts;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool opens = text[i - 1] == ':' || text[i - 1] == '[' || text[i - 1] == ',';
    if (opens && text[i] != '{' && text[i] != '[') starts.push_back(i);
  }
  if (starts.empty()) return text;
  const std::size_t at = starts[rng.index(starts.size())];
  const std::size_t end = std::min(text.find_first_of(",]}", at), text.size());
  return text.replace(at, end - at, kValues[rng.index(kValues.size())]);
}

// A whole file around it: a metadata text or the shape of a tensor is another, a tensor is gone.
std::string other_content(const std::string& bytes, Rng& rng) {
  SafetensorsFile content = parse_safetensors(bytes, "good");
  auto metadata = content.metadata.begin();
  std::advance(metadata, rng.index(content.metadata.size()));
  auto tensor = content.tensors.begin();
  std::advance(tensor, rng.index(content.tensors.size()));
  switch (rng.index(8)) {
    case 0:
      content.metadata.erase(metadata);
      break;
    case 1:
      content.tensors.erase(tensor);
      break;
    case 2:
      tensor->second = {{1, 2}, {0.5, 1e300}};
      break;
    case 3:
      tensor->second.values.push_back(0);
      tensor->second.shape = {static_cast<std::int64_t>(tensor->second.values.size())};
      break;
    default:
      metadata->second = other_text(metadata->second, rng);
  }
  return safetensors_bytes(content);
}

// What a user does with a model.
void use(const fs::path& file) {
  const auto model = model::load(file);
  const std::size_t ports = model->about().ports.size();
  Record record;
  record.id = "short";
  for (int k = 0; k < 12; ++k) record.time.push_back(50e-9 * k);
  record.current.resize(ports);
  record.voltage.assign(ports, testing::two_tones(record.time, 0.7, 1e5));
  model::predict_in_place(*model, 3e-4, record);
  EXPECT_EQ(record.current[0].size(), 12u);
  if (ports == 1) {
    const auto streamer = model->streamer(3e-4);
    for (std::size_t k = 0; k < 12; ++k) streamer->step(record.time[k], record.voltage[0][k]);
  }
  if (model->about().no_circuit.empty()) model->circuit_network();
}

enum class Outcome { kRuns, kRefused, kOther };

// How `work` on `file` ends: well, with a sentence, or with something that is none.
template <class Work>
Outcome outcome_of(const fs::path& file, const Work& work) {
  try {
    work(file);
    return Outcome::kRuns;
  } catch (const Error& e) {
    const std::string text = e.what();
    const bool says_what =
        text.starts_with(file.string() + ": ") || text.find("expected") != text.npos;
    const bool sentence = says_what && text.find('\n') == text.npos;
    return sentence ? Outcome::kRefused : Outcome::kOther;
  } catch (const std::exception&) {
    return Outcome::kOther;
  }
}

template <class Work>
void damage(const fs::path& good, const Work& work, std::uint32_t seed) {
  const std::string bytes = testing::without_checksum(read_file(good));
  const fs::path file = damaged_file(good.filename().string() + ".damaged");
  put(file, bytes);
  ASSERT_EQ(outcome_of(file, work), Outcome::kRuns) << good;
  Rng rng(seed);
  int refused = 0;
  for (int i = 0; i < 2 * kMutations; ++i) {
    put(file, i % 2 == 0 ? other_bytes(bytes, rng) : other_content(bytes, rng));
    const Outcome outcome = outcome_of(file, work);
    if (outcome == Outcome::kRefused) ++refused;
    EXPECT_NE(outcome, Outcome::kOther) << good << ", mutation " << i;
  }
  EXPECT_GT(refused, kMutations / 2) << good;
}

TEST(DamagedFiles, OfModelsAreRefusedOrRun) {
  std::uint32_t seed = 1;
  for (const std::string& name : testing::kOldNetworks) {
    const fs::path good = damaged_file("good_" + name + ".safetensors");
    model::load(testing::old_file(name))->save(good);
    damage(good, use, ++seed);
    damage(testing::old_file(name), use, ++seed);
  }
  const fs::path good = damaged_file("good_compact.safetensors");
  save_model(good, testing::compact_model());
  damage(good, use, 99);
  const fs::path good_device = damaged_file("good_device.safetensors");
  save_model(good_device, {.network = testing::transistor()});
  damage(good_device, use, 100);
}

TEST(DamagedFiles, OfPredictionsAreRefusedOrRead) {
  damage(testing::old_file("currents"), load_currents, 5);
  const fs::path good = damaged_file("good_predictions.safetensors");
  StoredPredictions stored;
  stored.dataset.records = {
      {.id = "a", .time = {0, 1e-6}, .voltage = {{0, 1}}, .current = {{0, 2}}}};
  fit::Prediction prediction;
  prediction.current = {0, 1};
  prediction.states = {{0.5}};
  stored.predictions = {prediction};
  stored.baselines.record_conductances = {1};
  save_predictions(good, stored);
  damage(good, load_predictions, 6);
  damage(good, load_currents, 7);
}

}  // namespace
}  // namespace psi_xlstm
