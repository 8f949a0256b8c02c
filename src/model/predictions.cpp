#include "model/predictions.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/json/json_numbers.hpp"
#include "core/json/safetensors.hpp"
#include "core/json/stored_json.hpp"
#include "model/file_format.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr const char* kCurrent = "predicted_current_A";
constexpr const char* kOldCurrent = "current_A";  // of version 1, where there are no other columns

std::string record_key(std::size_t index, const char* what) {
  return fmt::format("record_{}.{}", index, what);
}

// The column `what` of record `index`, of `size` samples where that is known.
const std::vector<double>& column(const SafetensorsFile& in,
                                  std::size_t index,
                                  const char* what,
                                  const std::string& where,
                                  std::optional<std::size_t> size = {}) {
  const std::vector<double>& values = tensor_values(in, record_key(index, what), where);
  if (size && values.size() != *size) {
    throw DataError(fmt::format("{}: expected columns of {} samples, found {} in \"{}\"", where,
                                *size, values.size(), record_key(index, what)));
  }
  return values;
}

int first_scored(const Json& entry, std::size_t samples) {
  return int_member(entry, "scored_from", 0, static_cast<int>(samples));
}

Json records_of(const SafetensorsFile& in, const std::string& where) {
  Json records = parse_stored_json(metadata_text(in, "records", where));
  if (!records.is_array()) throw DataError("expected a list of records");
  return records;
}

Record record_from(const SafetensorsFile& in,
                   const Json& entry,
                   std::size_t i,
                   const std::string& where) {
  Record record;
  record.id = text_member(entry, "id");
  record.time = column(in, i, "time_s", where);
  const std::size_t size = record.time.size();
  record.voltage = {column(in, i, "voltage_V", where, size)};
  record.current = {column(in, i, "current_A", where, size)};
  if (in.tensors.contains(record_key(i, "clean_current_A"))) {
    record.clean_current = column(in, i, "clean_current_A", where, size);
  }
  return record;
}

fit::Prediction prediction_from(const SafetensorsFile& in,
                                const Json& entry,
                                std::size_t i,
                                std::size_t samples,
                                const std::string& where) {
  fit::Prediction p;
  p.record = static_cast<int>(i);
  p.scored_from = first_scored(entry, samples);
  p.start.value = number_member(entry, "initial_conductance_S");
  p.start.log_sd = number_member(entry, "initial_log_conductance_sd");
  p.start.samples = int_member(entry, "prefix_samples", 0);
  p.current = column(in, i, kCurrent, where, samples);
  for (double c : column(in, i, "initial_state", where)) p.states.push_back({c});
  return p;
}

fit::Baselines baselines_from(const SafetensorsFile& in,
                              std::size_t records,
                              const std::string& where) {
  fit::Baselines out;
  const std::vector<double>& numbers = tensor_values(in, "baselines.numbers", where);
  out.polynomial = tensor_values(in, "baselines.polynomial_A", where);
  out.record_conductances = tensor_values(in, "baselines.record_conductances_S", where);
  if (numbers.size() != 3 || out.record_conductances.size() != records) {
    throw DataError("expected the numbers of the baselines");
  }
  out.mean = numbers[0];
  out.resistor = numbers[1];
  out.polynomial_scale = numbers[2];
  return out;
}

}  // namespace

void save_predictions(const std::filesystem::path& file, const StoredPredictions& stored) {
  SafetensorsFile out;
  out.metadata = model::opening(model::kPredictionsFormat, 2);
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
    out.tensors[record_key(i, kCurrent)] = vector_tensor(p.current);
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
  out.metadata["noise"] = number(stored.dataset.noise).dump();
  write_file(file, safetensors_bytes(out));
}

StoredPredictions load_predictions(const std::filesystem::path& file) {
  const std::string where = file.string();
  const SafetensorsFile in = model::read_stored_file(file, model::kPredictionsFormat);
  return model::named_problems(where, [&] {
    StoredPredictions out;
    const Json noise = parse_stored_json(metadata_text(in, "noise", where));
    if (!noise.is_null()) out.dataset.noise = number_member({{"noise", noise}}, "noise");
    const Json records = records_of(in, where);
    for (std::size_t i = 0; i < records.size(); ++i) {
      out.dataset.records.push_back(record_from(in, records[i], i, where));
      out.predictions.push_back(
          prediction_from(in, records[i], i, out.dataset.records.back().size(), where));
    }
    out.baselines = baselines_from(in, out.predictions.size(), where);
    return out;
  });
}

void save_currents(const std::filesystem::path& file, const StoredCurrents& currents) {
  const std::size_t count = currents.records.size();
  if (currents.scored_from.size() != count || currents.current.size() != count) {
    throw ShapeError(fmt::format("{}: expected {} currents and first samples, found {} and {}",
                                 file.string(), count, currents.current.size(),
                                 currents.scored_from.size()));
  }
  SafetensorsFile out;
  out.metadata = model::opening(model::kPredictionsFormat, 2);
  Json records = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    records.push_back({{"id", currents.records[i]}, {"scored_from", currents.scored_from[i]}});
    out.tensors[record_key(i, kCurrent)] = vector_tensor(currents.current[i]);
  }
  out.metadata["records"] = records.dump();
  write_file(file, safetensors_bytes(out));
}

StoredCurrents load_currents(const std::filesystem::path& file) {
  const std::string where = file.string();
  const SafetensorsFile in = model::read_stored_file(file, model::kPredictionsFormat);
  return model::named_problems(where, [&] {
    StoredCurrents out;
    const Json records = records_of(in, where);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const bool old =
          !in.metadata.contains("format_version") && !in.tensors.contains(record_key(i, kCurrent));
      out.records.push_back(text_member(records[i], "id"));
      out.current.push_back(column(in, i, old ? kOldCurrent : kCurrent, where));
      out.scored_from.push_back(first_scored(records[i], out.current.back().size()));
    }
    return out;
  });
}

}  // namespace psi_xlstm
