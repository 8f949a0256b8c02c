#include "model/compact_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/config_io.hpp"
#include "core/json_numbers.hpp"
#include "ir/network_io.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// Infinity, where a fit failed, is null in JSON.
double number_from(const Json& tree) {
  return tree.is_null() ? std::numeric_limits<double>::infinity() : tree.get<double>();
}

Json candidate_tree(const fit::CandidateReport& c) {
  return {{"shape", config_tree(c.shape)},
          {"parameters", c.parameters},
          {"chi2_per_sample", number(c.chi2_per_sample)},
          {"validation_mse_A2", number(c.validation_mse)},
          {"shape_score_A2", number(c.shape_score)},
          {"shape_standard_error_A2", number(c.shape_standard_error)},
          {"chosen", c.chosen}};
}

fit::CandidateReport candidate_from(const Json& tree, const std::string& where) {
  fit::CandidateReport c;
  c.shape = config_from_json<StudentShape>(nlohmann::json(tree.at("shape")), where);
  c.parameters = tree.at("parameters");
  c.chi2_per_sample = number_from(tree.at("chi2_per_sample"));
  c.validation_mse = number_from(tree.at("validation_mse_A2"));
  c.shape_score = number_from(tree.at("shape_score_A2"));
  c.shape_standard_error = number_from(tree.at("shape_standard_error_A2"));
  c.chosen = tree.at("chosen");
  return c;
}

}  // namespace

StoredModel stored_model(const fit::TrainingResult& training, const StudentShape& shape) {
  StoredModel model;
  model.network = training.network;
  model.shape = shape;
  model.chi2_per_sample = training.chi2_per_sample;
  for (Eigen::Index i = 0; i < training.covariance.rows(); ++i) {
    model.standard_deviations.push_back(std::sqrt(std::max(0.0, training.covariance(i, i))));
  }
  return model;
}

void save_model(const std::filesystem::path& file, const StoredModel& model) {
  Json training = {{"shape", config_tree(model.shape)},
                   {"chi2_per_sample", model.chi2_per_sample},
                   {"standard_deviations", model.standard_deviations},
                   {"candidates", Json::array()}};
  for (const auto& candidate : model.candidates) {
    training["candidates"].push_back(candidate_tree(candidate));
  }
  write_file(file, ir::network_bytes(model.network, {{"training", training.dump()},
                                                     {"fingerprint", model.fingerprint}}));
}

StoredModel load_model(const std::filesystem::path& file) {
  const std::string where = file.string();
  ir::StoredNetwork stored = ir::parse_network(read_file(file), where);
  StoredModel model;
  model.network = std::move(stored.network);
  model.fingerprint = stored.metadata["fingerprint"];
  const std::string training_text = stored.metadata["training"];
  if (training_text.empty()) return model;
  try {
    const Json training = Json::parse(training_text);
    model.shape = config_from_json<StudentShape>(nlohmann::json(training.at("shape")), where);
    model.chi2_per_sample = training.at("chi2_per_sample");
    model.standard_deviations = training.at("standard_deviations").get<std::vector<double>>();
    for (const Json& c : training.at("candidates")) {
      model.candidates.push_back(candidate_from(c, where));
    }
  } catch (const nlohmann::json::exception& e) {
    throw DataError(
        fmt::format("{}: expected the metadata of a trained model: {}", where, e.what()));
  }
  return model;
}

}  // namespace psi_xlstm
