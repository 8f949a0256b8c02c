#include "cosimulation/traces.hpp"

#include "core/atomic_file.hpp"
#include "core/identifier.hpp"
#include "core/json/safetensors.hpp"

namespace psi_xlstm {

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
  out.time = tensor_values(in, "time_s", where);
  out.voltage = tensor_values(in, "voltage_V", where);
  out.current = tensor_values(in, "simulator_current_A", where);
  out.reference = tensor_values(in, "reference_current_A", where);
  return out;
}

std::string trace_file_name(const CosimRow& row) {
  std::string form = row.path == "subcircuit" ? "" : row.path + " ";
  if (row.simulator != "ngspice") form = row.simulator + " " + form;
  return identifier_from(form + row.stimulus) + ".safetensors";
}

}  // namespace psi_xlstm
