#include "model/compact_model.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>

#include "core/atomic_file.hpp"
#include "ir/network_io.hpp"
#include "model/predictions.hpp"
#include "support/broken_files.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

fs::path compact_file(const std::string& name) {
  return fs::path(::testing::TempDir()) / "compact_model_test" / name;
}

StoredModel model() {
  StoredModel stored;
  stored.network = testing::one_state();
  stored.shape = {.states = 1, .features = 3};
  stored.chi2_per_sample = 1.0 / 3;
  stored.standard_deviations.assign(stored.network.parameters.size(), 1e-300);
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

TEST(SaveModel, ReadsBackAsTheSameModel) {
  const fs::path file = compact_file("model.safetensors");
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
  const fs::path one = compact_file("one.safetensors"), two = compact_file("two.safetensors");
  save_model(one, model());
  save_model(two, load_model(one));
  EXPECT_EQ(read_file(one), read_file(two));
}

TEST(LoadModel, RefusesBrokenFiles) {
  testing::expect_broken_files_are_refused(
      compact_file("broken_model.safetensors"),
      [](const fs::path& file) { save_model(file, model()); }, load_model);
}

TEST(LoadModel, RefusesATrainingRecordOfAnotherKind) {
  const fs::path file = compact_file("training.safetensors");
  const std::string nested(80'000, '[');
  for (const std::string& training :
       {std::string("{}"), std::string("[]"), std::string("no JSON"), nested,
        std::string(R"({"shape": {}, "chi2_per_sample": "x"})"),
        std::string(R"({"shape": {}, "chi2_per_sample": 1, "standard_deviations": [1],
                        "candidates": []})")}) {
    write_file(file, ir::network_bytes(testing::one_state(), {{"training", training}}));
    const std::string problem = testing::problem_with(load_model, file);
    EXPECT_TRUE(problem.starts_with(file.string() + ": expected ") ||
                problem.starts_with(file.string() + ": metadata: expected "))
        << training.substr(0, 100) << "\n"
        << problem;
  }
}

TEST(LoadModel, RefusesPredictions) {
  const fs::path file = compact_file("others.safetensors");
  save_predictions(file, {});
  EXPECT_EQ(testing::problem_with(load_model, file),
            file.string() + ": expected a psi-xlstm model, found \"psi-xlstm predictions\"");
}

// Only a file that older programs would misread says a newer version.
TEST(SaveModel, SaysVersion3OfWhatVersion2DoesNotKnow) {
  const fs::path file = compact_file("version.safetensors");
  const auto version_of = [&](const ir::Network& network) {
    save_model(file, {.network = network});
    EXPECT_EQ(ir::network_bytes(load_model(file).network, {}), ir::network_bytes(network, {}));
    return parse_safetensors(read_file(file), "m").metadata.at("format_version");
  };
  EXPECT_EQ(version_of(testing::one_state()), "2");
  EXPECT_EQ(version_of(testing::with_charges(testing::one_state())), "3");
  EXPECT_EQ(version_of(testing::static_device(false)), "3");
  EXPECT_EQ(version_of(testing::transistor()), "3");
}

}  // namespace
}  // namespace psi_xlstm
