#include "run/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/config_io.hpp"
#include "core/identifier.hpp"
#include "core/json_numbers.hpp"
#include "core/safetensors.hpp"
#include "ir/network_io.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {
namespace {

Tensor vector_tensor(std::vector<double> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return {{size}, std::move(values)};
}

const std::vector<double>& tensor(const SafetensorsFile& file,
                                  const std::string& name,
                                  const std::string& where) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) {
    throw DataError(fmt::format("{}: expected a tensor \"{}\", found none", where, name));
  }
  return found->second.values;
}

const std::string& metadata(const SafetensorsFile& file,
                            const std::string& name,
                            const std::string& where) {
  const auto found = file.metadata.find(name);
  if (found == file.metadata.end()) {
    throw DataError(fmt::format("{}: expected the metadata \"{}\", found none", where, name));
  }
  return found->second;
}

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

std::string record_key(std::size_t index, const char* what) {
  return fmt::format("record_{}.{}", index, what);
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

void claim(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder) || std::filesystem::is_empty(folder)) return;
  bool is_run = false;
  try {
    const nlohmann::json config = parse_json(folder / "config.json");
    is_run = config.is_object() && config.contains("study");
  } catch (const ConfigError&) {
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (is_run || name.starts_with("seed_")) continue;
    throw ConfigError(fmt::format("{}: expected an empty folder or one of an earlier run, found {}",
                                  folder.string(), name));
  }
  for (const char* old : {"hdl", "cosim", "tables", "figures", kTauFolder, "tau.json",
                          "metrics.json", "report.html", kManifestName, kTimingsName}) {
    std::filesystem::remove_all(folder / old);
  }
}

std::filesystem::path fit_folder(const std::filesystem::path& run, int seed, int fit) {
  return run / fmt::format("seed_{}", seed) / fmt::format("fit_{}", fit);
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

void save_predictions(const std::filesystem::path& file, const StoredPredictions& stored) {
  SafetensorsFile out;
  Json records = Json::array();
  for (std::size_t i = 0; i < stored.predictions.size(); ++i) {
    const Record& record = stored.dataset.records[i];
    const fit::Prediction& p = stored.predictions[i];
    out.tensors[record_key(i, "time_s")] = vector_tensor(record.time);
    out.tensors[record_key(i, "voltage_V")] = vector_tensor(record.voltage[0]);
    out.tensors[record_key(i, "current_A")] = vector_tensor(record.current[0]);
    if (!record.clean_current.empty()) {
      out.tensors[record_key(i, "clean_current_A")] = vector_tensor(record.clean_current);
    }
    out.tensors[record_key(i, "predicted_current_A")] = vector_tensor(p.current);
    std::vector<double> initial;
    for (const auto& state : p.states) initial.push_back(state.front());
    out.tensors[record_key(i, "initial_state")] = vector_tensor(std::move(initial));
    records.push_back({{"id", record.id},
                       {"scored_from", p.scored_from},
                       {"initial_conductance_S", p.start.value},
                       {"initial_log_conductance_sd", p.start.log_sd},
                       {"prefix_samples", p.start.samples}});
  }
  out.tensors["baselines.polynomial_A"] = vector_tensor(stored.baselines.polynomial);
  out.tensors["baselines.record_conductances_S"] =
      vector_tensor(stored.baselines.record_conductances);
  out.tensors["baselines.numbers"] = vector_tensor(
      {stored.baselines.mean, stored.baselines.resistor, stored.baselines.polynomial_scale});
  out.metadata["records"] = records.dump();
  out.metadata["noise"] = Json(stored.dataset.noise ? Json(*stored.dataset.noise) : Json()).dump();
  write_file(file, safetensors_bytes(out));
}

StoredPredictions load_predictions(const std::filesystem::path& file) {
  const std::string where = file.string();
  const SafetensorsFile in = parse_safetensors(read_file(file), where);
  StoredPredictions out;
  try {
    const Json noise = Json::parse(metadata(in, "noise", where));
    if (!noise.is_null()) out.dataset.noise = noise.get<double>();
    const Json records = Json::parse(metadata(in, "records", where));
    for (std::size_t i = 0; i < records.size(); ++i) {
      Record record;
      record.id = records[i].at("id");
      record.time = tensor(in, record_key(i, "time_s"), where);
      record.voltage = {tensor(in, record_key(i, "voltage_V"), where)};
      record.current = {tensor(in, record_key(i, "current_A"), where)};
      if (in.tensors.contains(record_key(i, "clean_current_A"))) {
        record.clean_current = tensor(in, record_key(i, "clean_current_A"), where);
      }
      fit::Prediction p;
      p.record = static_cast<int>(i);
      p.scored_from = records[i].at("scored_from");
      p.start.value = records[i].at("initial_conductance_S");
      p.start.log_sd = records[i].at("initial_log_conductance_sd");
      p.start.samples = records[i].at("prefix_samples");
      p.current = tensor(in, record_key(i, "predicted_current_A"), where);
      for (double c : tensor(in, record_key(i, "initial_state"), where)) p.states.push_back({c});
      const std::size_t n = record.time.size();
      if (record.voltage[0].size() != n || record.current[0].size() != n || p.current.size() != n ||
          p.scored_from < 0 || static_cast<std::size_t>(p.scored_from) > n) {
        throw DataError(fmt::format("{}: expected columns of {} samples", where, n));
      }
      out.dataset.records.push_back(std::move(record));
      out.predictions.push_back(std::move(p));
    }
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("{}: expected stored predictions: {}", where, e.what()));
  }
  const std::vector<double>& numbers = tensor(in, "baselines.numbers", where);
  out.baselines.polynomial = tensor(in, "baselines.polynomial_A", where);
  out.baselines.record_conductances = tensor(in, "baselines.record_conductances_S", where);
  if (numbers.size() != 3 || out.baselines.record_conductances.size() != out.predictions.size()) {
    throw DataError(fmt::format("{}: expected the numbers of the baselines", where));
  }
  out.baselines.mean = numbers[0];
  out.baselines.resistor = numbers[1];
  out.baselines.polynomial_scale = numbers[2];
  return out;
}

void save_traces(const std::filesystem::path& file, const CosimOutcome& outcome) {
  SafetensorsFile out;
  out.tensors["time_s"] = vector_tensor(outcome.time);
  out.tensors["voltage_V"] = vector_tensor(outcome.voltage);
  out.tensors["simulator_current_A"] = vector_tensor(outcome.current);
  out.tensors["reference_current_A"] = vector_tensor(outcome.reference);
  write_file(file, safetensors_bytes(out));
}

CosimOutcome load_traces(const std::filesystem::path& file) {
  const std::string where = file.string();
  const SafetensorsFile in = parse_safetensors(read_file(file), where);
  CosimOutcome out;
  out.time = tensor(in, "time_s", where);
  out.voltage = tensor(in, "voltage_V", where);
  out.current = tensor(in, "simulator_current_A", where);
  out.reference = tensor(in, "reference_current_A", where);
  return out;
}

std::string trace_file_name(const CosimRow& row) {
  const std::string form = row.path == "subcircuit" ? "" : row.path + " ";
  return identifier_from(form + row.stimulus) + ".safetensors";
}

}  // namespace psi_xlstm
