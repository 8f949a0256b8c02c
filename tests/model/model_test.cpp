#include "model/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/json/safetensors.hpp"
#include "ir/dynamics.hpp"
#include "ir/network_io.hpp"
#include "model/network_prediction.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/broken_files.hpp"
#include "support/stored_models.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm::model {
namespace {

namespace fs = std::filesystem;

constexpr double kStart = 3e-4;  // g0 [S]

fs::path file_named(const std::string& name) {
  return fs::path(::testing::TempDir()) / "model_test" / name;
}

Record drive(double step) {
  Record record;
  record.id = "sweep";
  record.time = testing::uniform_times(200, step);
  record.voltage = {testing::two_tones(record.time, 0.7, 0.02 / step)};
  return record;
}

double largest(const std::vector<double>& values) {
  double out = 0;
  for (double v : values) out = std::max(out, std::abs(v));
  return out;
}

// As version 0.1 wrote it: no version, no kind.
SafetensorsFile as_version_1(SafetensorsFile content) {
  for (const char* key : {"format_version", "kind", "made_by"}) content.metadata.erase(key);
  content.metadata["format"] = "pt";
  return content;
}

TEST(LoadModel, ReadsNetworksOfVersion01) {
  const struct {
    const char* name;
    Kind kind;
    SecondInput sees;
    int states;
  } wanted[] = {{"teacher", Kind::kRecurrent, SecondInput::kStart, 2 * 4 + 2 * (4 + 2)},
                {"clustering", Kind::kRecurrent, SecondInput::kStart, 2 * 2 * 4},
                {"low_rank", Kind::kRecurrent, SecondInput::kStart, 2 * 2 * 2},
                {"pinn", Kind::kFeedForward, SecondInput::kStart, 0},
                {"published_teacher", Kind::kRecurrent, SecondInput::kTime, 2 * 4 + 2 * (4 + 2)},
                {"published_pinn", Kind::kFeedForward, SecondInput::kTime, 0}};
  for (const auto& w : wanted) {
    const auto model = load(testing::old_file(w.name));
    const Description& about = model->about();
    EXPECT_EQ(about.kind, w.kind) << w.name;
    EXPECT_EQ(about.sees, w.sees) << w.name;
    EXPECT_EQ(about.states, w.states) << w.name;
    EXPECT_EQ(about.ports, std::vector<std::string>{"p"});
    EXPECT_EQ(about.facts.at(0).value, 250.0);
    EXPECT_FALSE(about.facts.at(1).value.has_value());
    EXPECT_EQ(about.fingerprint, "2d33d4e7");
    EXPECT_EQ(about.trained_parameters,
              static_cast<int>(about.blocks.back().offset + about.blocks.back().size()));
    const StoredNetwork stored = load_network(testing::old_file(w.name));
    const Record record = drive(50e-9);
    const std::vector<double> current = model->currents(record, kStart).front();
    EXPECT_EQ(current, network_current(stored, record, kStart)) << w.name;
    EXPECT_GT(largest(current), 1e-6) << w.name;
  }
}

TEST(LoadModel, ReadsACompactModelOfVersion01) {
  const fs::path file = file_named("compact.safetensors");
  save_model(file, testing::compact_model());
  const SafetensorsFile content = parse_safetensors(read_file(file), "new");
  EXPECT_EQ(content.metadata.at("format"), "psi-xlstm model");
  EXPECT_EQ(content.metadata.at("format_version"), "2");
  EXPECT_EQ(content.metadata.at("kind"), "compact");
  write_file(file, safetensors_bytes(as_version_1(content)));
  const auto model = load(file);
  EXPECT_EQ(model->about().kind, Kind::kCompact);
  EXPECT_EQ(model->about().name, "one_state");
  EXPECT_EQ(model->about().states, 1);
  EXPECT_EQ(model->about().trained_parameters, 19);
  EXPECT_EQ(model->about().fingerprint, "0123abc");
  const Record record = drive(1e-6);
  const ir::Network network = testing::one_state();
  EXPECT_EQ(
      model->currents(record, kStart).front(),
      ir::simulate(network, record.time, record.voltage[0], ir::initial_state(network, kStart))
          .current);
}

// What is read and written again has the same bytes and gives the same currents, of every kind.
TEST(Model, IsTheSameAfterItWasSaved) {
  std::vector<std::unique_ptr<const Model>> models;
  for (const std::string& name : testing::kOldNetworks) {
    models.push_back(load(testing::old_file(name)));
  }
  models.push_back(of(testing::compact_model()));
  for (const auto& model : models) {
    const std::string name = model->about().name + " " + model->about().protocol;
    const fs::path file = file_named("again.safetensors");
    model->save(file);
    const std::string bytes = read_file(file);
    const auto again = load(file);
    again->save(file);
    EXPECT_EQ(read_file(file), bytes) << name;
    EXPECT_EQ(parse_safetensors(bytes, name).metadata.at("kind"), name_of(model->about().kind));
    const Record record = drive(model->about().reference_step);
    EXPECT_EQ(again->currents(record, kStart).front(), model->currents(record, kStart).front())
        << name;
    const std::vector<double> wanted = model->currents(record, kStart).front();
    const auto streamer = again->streamer(kStart);
    for (std::size_t k = 0; k < record.size(); ++k) {
      EXPECT_NEAR(streamer->step(record.time[k], record.voltage[0][k]), wanted[k],
                  1e-4 * largest(wanted))
          << name << ", sample " << k;
    }
  }
}

// Sample by sample in double precision: the same bits, of every kind.
TEST(Model, StepsAsItRunsAndTellsItsStates) {
  std::vector<std::unique_ptr<const Model>> models;
  for (const std::string& name : testing::kOldNetworks) {
    models.push_back(load(testing::old_file(name)));
  }
  models.push_back(of(testing::compact_model()));
  for (const auto& model : models) {
    const std::string name = model->about().name + " " + model->about().protocol;
    const Record record = drive(model->about().reference_step);
    const std::vector<double> wanted = model->currents(record, kStart).front();
    const auto streamer = model->streamer(kStart, Precision::kDouble);
    EXPECT_TRUE(streamer->states().empty()) << name;
    for (std::size_t k = 0; k < record.size(); ++k) {
      EXPECT_EQ(streamer->step(record.time[k], record.voltage[0][k]), wanted[k]) << name;
    }
    EXPECT_EQ(streamer->states().size(), static_cast<std::size_t>(model->about().states)) << name;
  }
}

// The network of a circuit is the model: on the same samples its own step gives the same currents.
TEST(Model, OfAKnownStartIsACircuitNetwork) {
  for (const char* name : {"teacher", "clustering", "low_rank"}) {
    const auto model = load(testing::old_file(name));
    EXPECT_EQ(model->about().no_circuit, "");
    const ir::Network network = model->circuit_network();
    EXPECT_EQ(network.name, model->about().name);
    EXPECT_EQ(network.state_count(), model->about().states);
    EXPECT_EQ(network.port_count(), 1);
  }
  EXPECT_EQ(of(testing::compact_model())->circuit_network().parameters,
            testing::one_state().parameters);
}

TEST(Model, SaysWhyNoCircuitCanHoldIt) {
  const struct {
    const char* name;
    const char* why;
  } cases[] = {{"published_teacher", "which sees the time since the start of the record"},
               {"published_pinn", "which has no state"},
               {"pinn", "which has no state"}};
  for (const auto& c : cases) {
    const auto model = load(testing::old_file(c.name));
    EXPECT_NE(model->about().no_circuit.find(c.why), std::string::npos) << c.name;
    EXPECT_THROW(model->circuit_network(), DataError);
  }
  StoredNetwork without_box = load_network(testing::old_file("teacher"));
  without_box.box = {};
  EXPECT_NE(of(without_box)->about().no_circuit.find("expected the box of its training data"),
            std::string::npos);
}

TEST(Model, RefusesRecordsOfAnotherNumberOfPorts) {
  Record record = drive(50e-9);
  record.voltage.push_back(record.voltage[0]);
  for (const std::string& name : testing::kOldNetworks) {
    const auto model = load(testing::old_file(name));
    try {
      model->currents(record, kStart);
      ADD_FAILURE() << name;
    } catch (const DataError& e) {
      EXPECT_EQ(std::string(e.what()),
                "record sweep: expected the voltages of the 1 port of model " +
                    model->about().name + ", found 2");
    }
  }
  record.voltage.clear();
  EXPECT_THROW(of(testing::compact_model())->currents(record, kStart), DataError);
}

TEST(LoadModel, RefusesBrokenFilesOfEveryKind) {
  for (const std::string& name : testing::kOldNetworks) {
    testing::expect_broken_files_are_refused(
        file_named("broken.safetensors"),
        [&](const fs::path& file) { load(testing::old_file(name))->save(file); }, load);
  }
}

TEST(LoadModel, SaysBothVersionsOfANewerFile) {
  const fs::path file = file_named("newer.safetensors");
  save_model(file, testing::compact_model());
  const SafetensorsFile content = parse_safetensors(read_file(file), "new");
  const auto problem = [&](const char* key, const std::string& value) {
    SafetensorsFile changed = content;
    changed.metadata[key] = value;
    changed.metadata["made_by"] = "psi-xlstm 9.1";
    write_file(file, safetensors_bytes(changed));
    return testing::problem_with(load, file);
  };
  EXPECT_EQ(problem("format_version", "4"),
            file.string() +
                ": expected a psi-xlstm model of format version 3 or older, found version 4, made "
                "by \"psi-xlstm 9.1\": read it with that program");
  for (const std::string bad : {"", "two", "2.5", "-1", "99999999999999999999", "2 "}) {
    EXPECT_EQ(
        problem("format_version", bad)
            .find(file.string() + ": expected the version of a psi-xlstm model from 2 on, found"),
        0u)
        << bad;
  }
  EXPECT_EQ(problem("format", "psi-xlstm predictions"),
            file.string() + ": expected a psi-xlstm model, found \"psi-xlstm predictions\"");
  EXPECT_EQ(problem("kind", "transistor"),
            file.string() +
                ": expected a compact, recurrent or feed_forward model, found kind \"transistor\"; "
                "a newer program may know it");
  for (const char* other : {"recurrent", "feed_forward"}) {
    EXPECT_EQ(problem("kind", other).find(file.string() + ": expected"), 0u) << other;
  }
}

TEST(LoadModel, ReadsOneKindAsAnotherWithASentenceOnly) {
  const fs::path file = file_named("kinds.safetensors");
  save_model(file, testing::compact_model());
  EXPECT_EQ(
      testing::problem_with(load_network, file),
      file.string() + ": expected a recurrent or a feed-forward network, found something else");
  load(testing::old_file("teacher"))->save(file);
  EXPECT_EQ(testing::problem_with(psi_xlstm::load_model, file),
            file.string() + ": expected a compact model, found kind \"recurrent\"");
}

}  // namespace
}  // namespace psi_xlstm::model
