#include "model/compact_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/json/config_io.hpp"
#include "core/json/json_numbers.hpp"
#include "core/json/stored_json.hpp"
#include "ir/network_io.hpp"
#include "model/file_format.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr const char* kKind = "compact";

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
  constexpr double kFailed = std::numeric_limits<double>::infinity();
  fit::CandidateReport c;
  c.shape = config_from_json<StudentShape>(nlohmann::json(member(tree, "shape")), where);
  c.parameters = int_member(tree, "parameters", 0);
  c.chi2_per_sample = number_member_or(tree, "chi2_per_sample", kFailed);
  c.validation_mse = number_member_or(tree, "validation_mse_A2", kFailed);
  c.shape_score = number_member_or(tree, "shape_score_A2", kFailed);
  c.shape_standard_error = number_member_or(tree, "shape_standard_error_A2", kFailed);
  c.chosen = bool_member(tree, "chosen");
  return c;
}

// What `text` says about the training of `model`.
void read_training(const std::string& text, const std::string& where, StoredModel& model) {
  const Json training = parse_stored_json(text);
  model.shape = config_from_json<StudentShape>(nlohmann::json(member(training, "shape")), where);
  model.chi2_per_sample = number_member(training, "chi2_per_sample");
  model.standard_deviations = numbers_member(training, "standard_deviations");
  const std::size_t count = model.network.parameters.size();
  if (!model.standard_deviations.empty() && model.standard_deviations.size() != count) {
    throw DataError(fmt::format("expected {} standard deviations, found {}", count,
                                model.standard_deviations.size()));
  }
  for (const Json& c : list_member(training, "candidates")) {
    model.candidates.push_back(candidate_from(c, where));
  }
}

// Version 2 knows networks of one conductance only.
int version_of(const ir::Network& network) {
  return network.role && network.port_count() == 1 && network.charge_node < 0 ? 2 : 3;
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
  std::map<std::string, std::string> metadata =
      model::opening(model::kModelFormat, version_of(model.network));
  metadata["kind"] = kKind;
  metadata["training"] = training.dump();
  metadata["fingerprint"] = model.fingerprint;
  if (!model.data_checksum.empty()) metadata["data_checksum"] = model.data_checksum;
  write_file(file, ir::network_bytes(model.network, metadata));
}

StoredModel parse_model(const SafetensorsFile& content, const std::string& where) {
  return model::named_problems(where, [&] {
    const auto kind = content.metadata.find("kind");
    if (kind != content.metadata.end() && kind->second != kKind) {
      throw DataError(
          fmt::format("expected a compact model, found kind {}", quotation(kind->second)));
    }
    ir::StoredNetwork stored = ir::network_of(content, where);
    StoredModel model;
    model.network = std::move(stored.network);
    model.fingerprint = stored.metadata["fingerprint"];
    model.data_checksum = stored.metadata["data_checksum"];
    if (model.data_checksum.find_first_not_of("0123456789abcdef") != std::string::npos) {
      throw DataError(fmt::format("data_checksum: expected hexadecimal digits, found {}",
                                  quotation(model.data_checksum)));
    }
    const std::string& training = stored.metadata["training"];
    if (!training.empty()) read_training(training, where, model);
    return model;
  });
}

StoredModel load_model(const std::filesystem::path& file) {
  return parse_model(model::read_stored_file(file, model::kModelFormat), file.string());
}

std::optional<StoredModel> finished_model(const std::filesystem::path& file,
                                          const std::string& fingerprint) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  try {
    StoredModel model = load_model(file);
    if (model.fingerprint == fingerprint) return model;
  } catch (const DataError&) {  // e.g. an interrupted copy
  }
  return std::nullopt;
}

}  // namespace psi_xlstm
