#include "run/run_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/safetensors.hpp"
#include "ir/network_io.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

fs::path file_named(const std::string& name) {
  return fs::path(::testing::TempDir()) / "run_folder_test" / name;
}

StoredModel model() {
  StoredModel stored;
  stored.network = testing::one_state();
  stored.shape = {.states = 1, .features = 3};
  stored.chi2_per_sample = 1.0 / 3;
  stored.standard_deviations = {0.1, 1e-300, 3};
  stored.candidates = {{.shape = {.states = 0, .static_features = 4},
                        .parameters = 13,
                        .chi2_per_sample = 2,
                        .validation_mse = 1e-12,
                        .shape_score = 3e-12,
                        .shape_standard_error = 4e-13,
                        .chosen = true},
                       {.shape = {.states = 2},
                        .parameters = 55,
                        .chi2_per_sample = std::numeric_limits<double>::infinity(),
                        .validation_mse = std::numeric_limits<double>::infinity(),
                        .shape_score = std::numeric_limits<double>::infinity()}};
  stored.fingerprint = "0123abc";
  return stored;
}

StoredPredictions predictions() {
  StoredPredictions stored;
  for (int i = 0; i < 2; ++i) {
    Record record;
    record.id = "dev/" + std::to_string(i + 1);
    record.time = {0, 1e-6, 3e-6};
    record.voltage = {{0.1, 0.2, -0.3 - i}};
    record.current = {{1e-5, 2e-5, -3e-5}};
    if (i == 1) record.clean_current = {1.1e-5, 2.1e-5, -3.1e-5};
    stored.dataset.records.push_back(record);
    fit::Prediction p;
    p.record = i;
    p.scored_from = i;
    p.start.value = 1e-4 / 3;
    p.start.log_sd = 0.3;
    p.start.samples = 2;
    p.current = {1e-5 / 3, 2e-5, -3e-5};
    p.states = {{0.25, 0.5, 0.75}, {-0.125, 0, 0}};
    stored.predictions.push_back(p);
  }
  stored.baselines = {.mean = 1e-7,
                      .resistor = 1e-4,
                      .polynomial = {0, 1e-4, 1e-5},
                      .polynomial_scale = 1.5,
                      .record_conductances = {1e-4, 2e-4}};
  return stored;
}

CosimOutcome traces() {
  CosimOutcome outcome;
  outcome.time = {0, 1e-9, 2e-6};
  outcome.voltage = {0, 0.5, 1.0 / 3};
  outcome.current = {0, 1e-5, 2e-5};
  outcome.reference = {1e-18, 1.1e-5, 2.1e-5};
  return outcome;
}

// Whether `problem` is a sentence about `file`.
bool is_about(const fs::path& file, const std::string& problem) {
  return problem.starts_with(file.string() + ": ") && problem.find("expected ") != problem.npos;
}

template <class Load>
std::string problem_with(const Load& load, const fs::path& file) {
  try {
    load(file);
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

// The file without the tensor `name`.
void without_tensor(const fs::path& file, const std::string& name) {
  SafetensorsFile content = parse_safetensors(read_file(file), file.string());
  ASSERT_EQ(content.tensors.erase(name), 1u);
  write_file(file, safetensors_bytes(content));
}

// Every loader refuses a file that is missing, empty, cut anywhere, a text, or a folder, and names
// it.
template <class Save, class Load>
void expect_broken_files_are_refused(const std::string& name, const Save& save, const Load& load) {
  const fs::path file = file_named(name);
  fs::remove_all(file);
  EXPECT_EQ(problem_with(load, file),
            file.string() + ": expected a readable file, found: No such file or directory");
  save(file);
  ASSERT_EQ(problem_with(load, file), "none");
  const std::string bytes = read_file(file);
  for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 97) {
    write_file(file, bytes.substr(0, size));
    EXPECT_TRUE(is_about(file, problem_with(load, file)))
        << "cut to " << size << " of " << bytes.size() << " bytes";
  }
  for (const std::string& text :
       {std::string("time_s,voltage_V,current_A\n0,0,0\n"), std::string(4096, '\0'), bytes + "x"}) {
    write_file(file, text);
    EXPECT_TRUE(is_about(file, problem_with(load, file)));
  }
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_TRUE(is_about(file, problem_with(load, file)));
  fs::remove(file);
}

TEST(FitFolder, IsNamedByTheSeedAndTheFit) {
  EXPECT_EQ(fit_folder("a/b", 42, 3), fs::path("a/b/seed_42/fit_3"));
}

TEST(TraceFileName, HoldsNoCharacterOfTheStimulusThatAShellOrAFileSystemReads) {
  EXPECT_EQ(trace_file_name(CosimRow{.path = "subcircuit", .stimulus = "pulse train"}),
            "pulse_train.safetensors");
  EXPECT_EQ(trace_file_name(CosimRow{.path = "osdi", .stimulus = "start at 1.34 V"}),
            "osdi_start_at_1_34_V.safetensors");
  EXPECT_EQ(trace_file_name(CosimRow{.path = "subcircuit", .stimulus = "../../etc/$x"}),
            "device_______etc__x.safetensors");
}

TEST(SaveModel, ReadsBackAsTheSameModel) {
  const fs::path file = file_named("model.safetensors");
  const StoredModel before = model();
  save_model(file, before);
  const StoredModel after = load_model(file);
  EXPECT_EQ(ir::network_bytes(after.network, {}), ir::network_bytes(before.network, {}));
  EXPECT_EQ(after.network.parameters, before.network.parameters);
  EXPECT_EQ(config_text(after.shape), config_text(before.shape));
  EXPECT_EQ(after.chi2_per_sample, before.chi2_per_sample);
  EXPECT_EQ(after.standard_deviations, before.standard_deviations);
  EXPECT_EQ(after.fingerprint, before.fingerprint);
  ASSERT_EQ(after.candidates.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const fit::CandidateReport &a = after.candidates[i], &b = before.candidates[i];
    EXPECT_EQ(config_text(a.shape), config_text(b.shape));
    EXPECT_EQ(a.parameters, b.parameters);
    EXPECT_EQ(a.chi2_per_sample, b.chi2_per_sample);
    EXPECT_EQ(a.validation_mse, b.validation_mse);
    EXPECT_EQ(a.shape_score, b.shape_score);
    EXPECT_EQ(a.shape_standard_error, b.shape_standard_error);
    EXPECT_EQ(a.chosen, b.chosen);
  }
}

TEST(SaveModel, GivesTheSameBytesForWhatItReadBack) {
  const fs::path one = file_named("one.safetensors"), two = file_named("two.safetensors");
  save_model(one, model());
  save_model(two, load_model(one));
  EXPECT_EQ(read_file(one), read_file(two));
}

TEST(LoadModel, RefusesBrokenFiles) {
  expect_broken_files_are_refused(
      "broken_model.safetensors", [](const fs::path& file) { save_model(file, model()); },
      load_model);
}

TEST(LoadModel, RefusesATrainingRecordOfAnotherKind) {
  const fs::path file = file_named("training.safetensors");
  for (const char* training : {"{}", "[]", "no JSON", R"({"shape": {}, "chi2_per_sample": "x"})"}) {
    write_file(file, ir::network_bytes(testing::one_state(), {{"training", training}}));
    EXPECT_EQ(problem_with(load_model, file)
                  .find(file.string() + ": expected the metadata of a trained model: "),
              0u)
        << training;
  }
}

TEST(LoadModel, RefusesPredictionsAndTraces) {
  const fs::path file = file_named("others.safetensors");
  save_predictions(file, predictions());
  EXPECT_EQ(problem_with(load_model, file),
            file.string() + ": expected a model with the metadata key \"network\", found none");
  save_traces(file, traces());
  EXPECT_EQ(problem_with(load_model, file),
            file.string() + ": expected a model with the metadata key \"network\", found none");
}

TEST(SavePredictions, ReadsBackAllThatAScoreNeeds) {
  const fs::path file = file_named("predictions.safetensors");
  const StoredPredictions before = predictions();
  save_predictions(file, before);
  const StoredPredictions after = load_predictions(file);
  ASSERT_EQ(after.predictions.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Record &a = after.dataset.records[i], &b = before.dataset.records[i];
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.time, b.time);
    EXPECT_EQ(a.voltage, b.voltage);
    EXPECT_EQ(a.current, b.current);
    EXPECT_EQ(a.clean_current, b.clean_current);
    const fit::Prediction &p = after.predictions[i], &q = before.predictions[i];
    EXPECT_EQ(p.record, q.record);
    EXPECT_EQ(p.scored_from, q.scored_from);
    EXPECT_EQ(p.start.value, q.start.value);
    EXPECT_EQ(p.start.log_sd, q.start.log_sd);
    EXPECT_EQ(p.start.samples, q.start.samples);
    EXPECT_EQ(p.current, q.current);
    ASSERT_EQ(p.states.size(), 2u);
    EXPECT_EQ(p.states[0].front(), 0.25);
    EXPECT_EQ(p.states[1].front(), -0.125);
  }
  EXPECT_EQ(after.baselines.mean, before.baselines.mean);
  EXPECT_EQ(after.baselines.resistor, before.baselines.resistor);
  EXPECT_EQ(after.baselines.polynomial, before.baselines.polynomial);
  EXPECT_EQ(after.baselines.polynomial_scale, before.baselines.polynomial_scale);
  EXPECT_EQ(after.baselines.record_conductances, before.baselines.record_conductances);
  EXPECT_EQ(config_text(fit::score(after.dataset, after.predictions)),
            config_text(fit::score(before.dataset, before.predictions)));
}

TEST(LoadPredictions, RefusesBrokenFiles) {
  expect_broken_files_are_refused(
      "broken_predictions.safetensors",
      [](const fs::path& file) { save_predictions(file, predictions()); }, load_predictions);
}

TEST(LoadPredictions, RefusesAFileWithoutOneOfItsColumns) {
  const fs::path file = file_named("column.safetensors");
  for (const std::string name :
       {"record_0.time_s", "record_1.voltage_V", "record_0.current_A",
        "record_1.predicted_current_A", "record_0.initial_state", "baselines.numbers",
        "baselines.polynomial_A", "baselines.record_conductances_S"}) {
    save_predictions(file, predictions());
    without_tensor(file, name);
    EXPECT_EQ(problem_with(load_predictions, file),
              file.string() + ": expected a tensor \"" + name + "\", found none");
  }
}

TEST(LoadPredictions, RefusesColumnsOfDifferentLengthsAndAScoreOutsideTheRecord) {
  const fs::path file = file_named("length.safetensors");
  StoredPredictions longer = predictions();
  longer.predictions[1].current.push_back(0);
  save_predictions(file, longer);
  EXPECT_EQ(problem_with(load_predictions, file),
            file.string() + ": expected columns of 3 samples");
  for (int from : {-1, 4}) {
    StoredPredictions outside = predictions();
    outside.predictions[0].scored_from = from;
    save_predictions(file, outside);
    EXPECT_EQ(problem_with(load_predictions, file),
              file.string() + ": expected columns of 3 samples");
  }
  StoredPredictions fewer = predictions();
  fewer.baselines.record_conductances.pop_back();
  save_predictions(file, fewer);
  EXPECT_EQ(problem_with(load_predictions, file),
            file.string() + ": expected the numbers of the baselines");
}

TEST(SaveTraces, ReadsBackAsTheSameColumns) {
  const fs::path file = file_named("traces.safetensors");
  const CosimOutcome before = traces();
  save_traces(file, before);
  const CosimOutcome after = load_traces(file);
  EXPECT_EQ(after.time, before.time);
  EXPECT_EQ(after.voltage, before.voltage);
  EXPECT_EQ(after.current, before.current);
  EXPECT_EQ(after.reference, before.reference);
  EXPECT_TRUE(after.row.stimulus.empty());
}

TEST(LoadTraces, RefusesBrokenFilesAndMissingColumns) {
  expect_broken_files_are_refused(
      "broken_traces.safetensors", [](const fs::path& file) { save_traces(file, traces()); },
      load_traces);
  const fs::path file = file_named("trace_column.safetensors");
  for (const std::string name :
       {"time_s", "voltage_V", "simulator_current_A", "reference_current_A"}) {
    save_traces(file, traces());
    without_tensor(file, name);
    EXPECT_EQ(problem_with(load_traces, file),
              file.string() + ": expected a tensor \"" + name + "\", found none");
  }
}

}  // namespace
}  // namespace psi_xlstm
