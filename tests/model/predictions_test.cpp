#include "model/predictions.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/json/config_io.hpp"
#include "core/json/safetensors.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/broken_files.hpp"
#include "support/stored_models.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

fs::path predictions_file(const std::string& name) {
  return fs::path(::testing::TempDir()) / "predictions_test" / name;
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

TEST(SavePredictions, ReadsBackAllThatAScoreNeeds) {
  const fs::path file = predictions_file("predictions.safetensors");
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
  testing::expect_broken_files_are_refused(
      predictions_file("broken_predictions.safetensors"),
      [](const fs::path& file) { save_predictions(file, predictions()); }, load_predictions);
}

TEST(LoadPredictions, RefusesAFileWithoutOneOfItsColumns) {
  const fs::path file = predictions_file("column.safetensors");
  for (const std::string name :
       {"record_0.time_s", "record_1.voltage_V", "record_0.current_A",
        "record_1.predicted_current_A", "record_0.initial_state", "baselines.numbers",
        "baselines.polynomial_A", "baselines.record_conductances_S"}) {
    save_predictions(file, predictions());
    testing::without_tensor(file, name);
    EXPECT_EQ(testing::problem_with(load_predictions, file),
              file.string() + ": expected a tensor \"" + name + "\", found none");
  }
}

TEST(LoadPredictions, RefusesColumnsOfDifferentLengthsAndAScoreOutsideTheRecord) {
  const fs::path file = predictions_file("length.safetensors");
  StoredPredictions longer = predictions();
  longer.predictions[1].current.push_back(0);
  save_predictions(file, longer);
  EXPECT_EQ(testing::problem_with(load_predictions, file),
            file.string() +
                ": expected columns of 3 samples, found 4 in \"record_1.predicted_current_A\"");
  longer = predictions();
  longer.dataset.records[1].clean_current.pop_back();
  save_predictions(file, longer);
  EXPECT_EQ(
      testing::problem_with(load_predictions, file),
      file.string() + ": expected columns of 3 samples, found 2 in \"record_1.clean_current_A\"");
  for (int from : {-1, 4}) {
    StoredPredictions outside = predictions();
    outside.predictions[0].scored_from = from;
    save_predictions(file, outside);
    EXPECT_EQ(testing::problem_with(load_predictions, file),
              file.string() + ": expected a whole number of 0 to 3 as \"scored_from\", found " +
                  std::to_string(from));
  }
  StoredPredictions fewer = predictions();
  fewer.baselines.record_conductances.pop_back();
  save_predictions(file, fewer);
  EXPECT_EQ(testing::problem_with(load_predictions, file),
            file.string() + ": expected the numbers of the baselines");
}

TEST(LoadPredictions, ReadsThemWithoutTheirFormatAsVersion01WroteThem) {
  const fs::path file = predictions_file("old.safetensors");
  save_predictions(file, predictions());
  SafetensorsFile content = parse_safetensors(read_file(file), "new");
  EXPECT_EQ(content.metadata.at("format"), "psi-xlstm predictions");
  EXPECT_EQ(content.metadata.at("format_version"), "2");
  for (const char* key : {"format", "format_version", "made_by"}) content.metadata.erase(key);
  write_file(file, safetensors_bytes(content));
  EXPECT_EQ(load_predictions(file).predictions[1].current, predictions().predictions[1].current);
}

// One format: the currents of any predictions can be read.
TEST(LoadCurrents, ReadsPredictionsWithAllColumns) {
  const fs::path file = predictions_file("all.safetensors");
  save_predictions(file, predictions());
  const StoredCurrents currents = load_currents(file);
  EXPECT_EQ(currents.records, (std::vector<std::string>{"dev/1", "dev/2"}));
  EXPECT_EQ(currents.scored_from, (std::vector<int>{0, 1}));
  EXPECT_EQ(currents.current[1], predictions().predictions[1].current);
}

TEST(LoadCurrents, ReadsThemAsVersion01WroteThem) {
  const StoredCurrents currents = load_currents(testing::old_file("currents"));
  EXPECT_EQ(currents.records, (std::vector<std::string>{"seq8", "seq9"}));
  EXPECT_EQ(currents.scored_from, (std::vector<int>{1, 0}));
  EXPECT_EQ(currents.current, (std::vector<std::vector<double>>{{1e-6, 2e-6, -3e-6}, {0, 1e-5}}));
}

TEST(StoredCurrents, ComeBackAsTheyWere) {
  const fs::path file = predictions_file("predictions.safetensors");
  const StoredCurrents currents = {{"seq8", "seq9"}, {2, 0}, {{1e-3, 2, 3}, {-4.5e-9, 5}}};
  save_currents(file, currents);
  const StoredCurrents back = load_currents(file);
  EXPECT_EQ(back.records, currents.records);
  EXPECT_EQ(back.scored_from, currents.scored_from);
  EXPECT_EQ(back.current, currents.current);
}

TEST(StoredCurrents, RefuseListsOfOtherLengths) {
  EXPECT_THROW(save_currents(predictions_file("lists.safetensors"), {{"seq8"}, {}, {{1}}}),
               ShapeError);
  EXPECT_THROW(save_currents(predictions_file("lists.safetensors"), {{"seq8"}, {1}, {}}),
               ShapeError);
}

}  // namespace
}  // namespace psi_xlstm
