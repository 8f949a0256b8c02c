#include "training/checkpoint.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/json/safetensors.hpp"
#include "core/rng.hpp"

namespace psi_xlstm::training {
namespace {

const CheckpointSizes kSizes = {.parameters = 3, .bases = 2, .gates = 3, .clusters = 3};

std::filesystem::path temporary(const char* name) {
  return std::filesystem::path(::testing::TempDir()) / name;
}

TrainingState trained() {
  TrainingState state = begin_training({0.1, 0.2, 0.3}, 7);
  const std::vector<float> gradient = {1, -2, 0.5f};
  optimizer_step(state, gradient, 0.01, 1, 0);
  state.rng.normal();  // half of a pair is kept
  state.bases = {1.5f, -1};
  state.best_parameters = state.parameters;
  state.best_validation = 0.25;
  state.best_step = 1;
  state.assignment = {0, 2, 1};
  state.curve = {{1, 0.5, 0.25, 0, 0, 0, 0}, {2, 0.4, 0.2, 0, 0, 0, 1}};
  return state;
}

// What is found where the bytes of the file are `bytes`.
Resumed found_in(const std::string& bytes) {
  const auto file = temporary("checkpoint_damaged.safetensors");
  write_file(file, bytes);
  return resume_training(file, "of this", kSizes);
}

std::string bytes_of(const TrainingState& state) {
  const auto file = temporary("checkpoint.safetensors");
  save_training(file, state, "of this");
  return read_file(file);
}

TEST(Checkpoint, ComesBack) {
  const TrainingState state = trained();
  const auto file = temporary("checkpoint.safetensors");
  save_training(file, state, "of this");
  const Resumed another = resume_training(file, "of something else", kSizes);
  EXPECT_FALSE(another.state);
  EXPECT_EQ(another.reason, "");
  const Resumed found = resume_training(file, "of this", kSizes);
  ASSERT_TRUE(found.state) << found.reason;
  EXPECT_EQ(found.state->parameters, state.parameters);
  EXPECT_EQ(found.state->average, state.average);
  EXPECT_EQ(found.state->first_moment, state.first_moment);
  EXPECT_EQ(found.state->second_moment, state.second_moment);
  EXPECT_EQ(found.state->bases, state.bases);
  EXPECT_EQ(found.state->step, 1);
  EXPECT_EQ(found.state->rng.state(), state.rng.state());
  EXPECT_EQ(found.state->best_parameters, state.best_parameters);
  EXPECT_EQ(found.state->best_validation, 0.25);
  EXPECT_EQ(found.state->assignment, state.assignment);
  EXPECT_EQ(found.state->curve, state.curve);
}

TEST(Checkpoint, IsNoneWhereThereIsNoFile) {
  const Resumed found = resume_training(temporary("nowhere"), "of this", kSizes);
  EXPECT_FALSE(found.state);
  EXPECT_EQ(found.reason, "");
}

TEST(Checkpoint, IsRefusedWhereItsFileIsCutShort) {
  const std::string whole = bytes_of(trained());
  for (std::size_t size = 0; size < whole.size(); size += size < 2000 ? 1 : 37) {
    const Resumed found = found_in(whole.substr(0, size));
    EXPECT_FALSE(found.state) << size;
    EXPECT_NE(found.reason, "") << size;
  }
}

// One byte is another: refused, or of another training, but never gone on from.
TEST(Checkpoint, IsRefusedWhereAByteIsAnother) {
  const std::string whole = bytes_of(trained());
  const std::size_t header =
      8 + static_cast<unsigned char>(whole[0]) + 256U * static_cast<unsigned char>(whole[1]);
  Rng rng(3);
  for (int k = 0; k < 3000; ++k) {
    std::string bytes = whole;
    const std::size_t at = k < 1500 ? rng.index(header) : rng.index(whole.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.index(8)));
    const Resumed found = found_in(bytes);
    // Of the bytes of the header some are blank, or say "pt" to other readers.
    if (found.state && at < header) continue;
    EXPECT_FALSE(found.state) << at;
    EXPECT_TRUE(!found.reason.empty() || at < header) << at;
  }
}

// Every part longer, shorter or gone, as it was read over its end before.
TEST(Checkpoint, IsRefusedWhereAPartHasAnotherSize) {
  const SafetensorsFile whole = parse_safetensors(bytes_of(trained()), "whole");
  const std::vector<std::function<void(std::vector<double>&)>> changes = {
      [](auto& v) { v.push_back(0); },
      [](auto& v) {
        if (!v.empty()) v.pop_back();
      },
      [](auto& v) { v.assign(1, 0); }, [](auto& v) { v.resize(4 * v.size() + 100, 1e300); }};
  for (const auto& [name, tensor] : whole.tensors) {
    SafetensorsFile file = whole;
    file.tensors.erase(name);
    EXPECT_FALSE(found_in(safetensors_bytes(file)).state) << name;
    for (const auto& change : changes) {
      file = whole;
      StoredTensor& changed = file.tensors[name];
      change(changed.values);
      changed.shape = {static_cast<std::int64_t>(changed.values.size())};
      const Resumed found = found_in(safetensors_bytes(file));
      EXPECT_FALSE(found.state) << name;
      EXPECT_NE(found.reason, "") << name;
    }
  }
}

// Whole files of states that this training cannot have.
TEST(Checkpoint, IsRefusedWhereItIsOfAnotherShape) {
  const auto refused = [](const std::function<void(TrainingState&)>& change) {
    TrainingState state = trained();
    change(state);
    const Resumed found = found_in(bytes_of(state));
    EXPECT_FALSE(found.state);
    return found.reason.substr(found.reason.find(": ") + 2);
  };
  EXPECT_EQ(refused([](auto& s) { s.parameters.push_back(1); }),
            "expected 3 numbers \"parameters\", found 4");
  EXPECT_EQ(refused([](auto& s) { s.average.pop_back(); }),
            "expected 3 numbers \"average\", found 2");
  EXPECT_EQ(refused([](auto& s) { s.bases.pop_back(); }),
            "expected 2 numbers \"optim.bases\", found 1");
  EXPECT_EQ(refused([](auto& s) { s.best_parameters.pop_back(); }),
            "expected 3 numbers \"best.parameters\", found 2");
  EXPECT_EQ(refused([](auto& s) {
              s.assignment = {0, 1};
            }),
            "expected 3 numbers \"assignment\", found 2");
  EXPECT_EQ(refused([](auto& s) {
              s.assignment = {0, 1, 3};
            }),
            "expected whole numbers \"assignment\" from 0 to 2, found 3");
  EXPECT_EQ(refused([](auto& s) {
              s.assignment = {0, -1, 2};
            }),
            "expected whole numbers \"assignment\" from 0 to 2, found -1");
  EXPECT_EQ(refused([](auto& s) { s.step = -4; }),
            "expected whole numbers \"progress\" from 0 to 2147483647, found -4");
}

TEST(TakeUp, TellsWhyItBeginsAgain) {
  const auto file = temporary("checkpoint_taken_up.safetensors");
  std::vector<std::string> told;
  const TaskProgress report = [&](double, const std::string& detail) { told.push_back(detail); };
  TrainingState state = begin_training({1, 2, 3}, 7);
  write_file(file, "nothing");
  take_up({file, "of this"}, kSizes, report, state);
  EXPECT_EQ(state.parameters, (std::vector<float>{1, 2, 3}));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].find(file.string() + ": expected "), 0u) << told[0];
  EXPECT_TRUE(told[0].ends_with("; trained again from the start")) << told[0];
  save_training(file, trained(), "of this");
  take_up({file, "of this"}, kSizes, report, state);
  EXPECT_EQ(state.parameters, trained().parameters);
  EXPECT_EQ(told.size(), 1u);
}

}  // namespace
}  // namespace psi_xlstm::training
