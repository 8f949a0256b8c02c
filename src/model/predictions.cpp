#include "model/predictions.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/json_numbers.hpp"
#include "core/safetensors.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::string record_key(std::size_t index, const char* what) {
  return fmt::format("record_{}.{}", index, what);
}

}  // namespace

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
    const Json noise = Json::parse(metadata_text(in, "noise", where));
    if (!noise.is_null()) out.dataset.noise = noise.get<double>();
    const Json records = Json::parse(metadata_text(in, "records", where));
    for (std::size_t i = 0; i < records.size(); ++i) {
      Record record;
      record.id = records[i].at("id");
      record.time = tensor_values(in, record_key(i, "time_s"), where);
      record.voltage = {tensor_values(in, record_key(i, "voltage_V"), where)};
      record.current = {tensor_values(in, record_key(i, "current_A"), where)};
      if (in.tensors.contains(record_key(i, "clean_current_A"))) {
        record.clean_current = tensor_values(in, record_key(i, "clean_current_A"), where);
      }
      fit::Prediction p;
      p.record = static_cast<int>(i);
      p.scored_from = records[i].at("scored_from");
      p.start.value = records[i].at("initial_conductance_S");
      p.start.log_sd = records[i].at("initial_log_conductance_sd");
      p.start.samples = records[i].at("prefix_samples");
      p.current = tensor_values(in, record_key(i, "predicted_current_A"), where);
      for (double c : tensor_values(in, record_key(i, "initial_state"), where))
        p.states.push_back({c});
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
  const std::vector<double>& numbers = tensor_values(in, "baselines.numbers", where);
  out.baselines.polynomial = tensor_values(in, "baselines.polynomial_A", where);
  out.baselines.record_conductances = tensor_values(in, "baselines.record_conductances_S", where);
  if (numbers.size() != 3 || out.baselines.record_conductances.size() != out.predictions.size()) {
    throw DataError(fmt::format("{}: expected the numbers of the baselines", where));
  }
  out.baselines.mean = numbers[0];
  out.baselines.resistor = numbers[1];
  out.baselines.polynomial_scale = numbers[2];
  return out;
}

}  // namespace psi_xlstm
