#include "model/model.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/json/stored_json.hpp"
#include "fit/evaluation.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "model/circuit_network.hpp"
#include "model/file_format.hpp"
#include "model/network_prediction.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::model {
namespace {

class CompactModel : public Model {
 public:
  explicit CompactModel(StoredModel stored) : Model(described(stored)), stored_(std::move(stored)) {
    const hdl::ConductanceRange range = hdl::conductance_range(stored_.network);
    starts_ = about().sees == SecondInput::kNone ? StartRange{.middle = range.middle}
                                                 : StartRange{range.low, range.high, range.middle};
  }

  StartRange starts() const override { return starts_; }

  // Adjusted until the model gives the current of the first samples.
  double start_of(const Record& record) const override {
    Dataset dataset;
    dataset.records = {record};
    return fit::predict(stored_.network, dataset, {0}, {}, true).front().start.value;
  }

  std::unique_ptr<Streamer> streamer(double g0, Precision precision) const override {
    return make_streamer(stored_.network, g0, precision);
  }

  void save(const std::filesystem::path& file) const override { save_model(file, stored_); }

 private:
  static Description described(const StoredModel& stored) {
    const ir::Network& network = stored.network;
    Description out{.kind = Kind::kCompact,
                    .name = network.name,
                    .ports = network.ports,
                    .sees = network.is_told_its_start() ? SecondInput::kStart : SecondInput::kNone,
                    .states = network.state_count(),
                    .trained_parameters = network.parameter_count(),
                    .deployed_parameters = network.parameter_count(),
                    .fingerprint = stored.fingerprint,
                    .data_checksum = stored.data_checksum,
                    .reference_step = network.reference_step,
                    .box = network.box};
    for (const ir::ParameterBlock& b : network.blocks) {
      out.blocks.push_back({b.name, b.rows, b.columns, static_cast<std::size_t>(b.offset)});
    }
    if (stored.chi2_per_sample > 0) {
      out.facts = {{"training cost, chi^2 per sample", stored.chi2_per_sample}};
    }
    return out;
  }

  std::vector<std::vector<double>> run(const Record& record, double g0) const override {
    return ir::simulate(stored_.network, record.time, record.voltage,
                        ir::initial_state(stored_.network, g0))
        .currents;
  }

  ir::Network network() const override { return stored_.network; }

  StoredModel stored_;
  StartRange starts_;
};

// A recurrent or feed-forward network of a study.
class NetworkModel : public Model {
 public:
  explicit NetworkModel(StoredNetwork stored)
      : Model(described(stored)), stored_(std::move(stored)) {}

  StartRange starts() const override {
    const ir::TrainingBox& box = stored_.box;
    if (about().sees != SecondInput::kStart || box.duration <= 0) {
      return {.middle = stored_.conductance_scale};
    }
    return {box.conductance_min, box.conductance_max, stored_.conductance_scale};
  }

  double start_of(const Record& record) const override {
    return fit::find_start(record, fit::noise_of(record, {}), {}).value;
  }

  std::unique_ptr<Streamer> streamer(double g0, Precision precision) const override {
    return make_streamer(stored_, g0, precision);
  }

  void save(const std::filesystem::path& file) const override { save_network(file, stored_); }

 private:
  static std::vector<NamedNumber> named(const std::vector<TrainingFact>& facts) {
    std::vector<NamedNumber> out;
    for (const TrainingFact& fact : facts) out.push_back({fact.name, fact.value});
    return out;
  }

  static Description described(const StoredNetwork& stored) {
    return {.kind = stored.layer_widths.empty() ? Kind::kRecurrent : Kind::kFeedForward,
            .name = name_of(stored.model),
            .protocol = name_of(stored.protocol),
            .sees = stored.is_published() ? SecondInput::kTime : SecondInput::kStart,
            .states = state_count(stored.shape),
            .trained_parameters = stored.trained_parameters,
            .deployed_parameters = stored.deployed_parameters,
            .blocks = stored_blocks(stored),
            .facts = named(stored.facts),
            .fingerprint = stored.fingerprint,
            .reference_step = stored.reference_step,
            .longest_time = stored.is_published() ? stored.time_scale : 0,
            .box = stored.box,
            .no_circuit = why_no_circuit(stored)};
  }

  std::vector<std::vector<double>> run(const Record& record, double g0) const override {
    return {network_current(stored_, record, g0)};
  }

  ir::Network network() const override { return psi_xlstm::circuit_network(stored_); }

  StoredNetwork stored_;
};

struct Reader {
  const char* kind;
  std::unique_ptr<const Model> (*read)(const SafetensorsFile& content, const std::string& where);
};

std::unique_ptr<const Model> read_compact(const SafetensorsFile& content,
                                          const std::string& where) {
  return of(parse_model(content, where));
}

std::unique_ptr<const Model> read_network(const SafetensorsFile& content,
                                          const std::string& where) {
  return of(parse_stored_network(content, where));
}

constexpr Reader kReaders[] = {
    {"compact", read_compact}, {"recurrent", read_network}, {"feed_forward", read_network}};

// Files of version 1 say no kind: the name of their structure tells it.
std::string kind_in(const SafetensorsFile& content) {
  const auto found = content.metadata.find("kind");
  if (found != content.metadata.end()) return found->second;
  if (holds_network(content)) return "recurrent";
  return content.metadata.contains("network") ? "compact" : "";
}

}  // namespace

const char* name_of(Kind kind) {
  return kReaders[static_cast<std::size_t>(kind)].kind;  // in the order of Kind
}

void Model::check_ports(const Record& record) const {
  const std::size_t ports = about_.ports.size();
  if (record.voltage.size() == ports) return;
  throw DataError(
      fmt::format("record {}: expected the voltages of the {} port{} of model {}, found {}",
                  record.id, ports, ports == 1 ? "" : "s", about_.name, record.voltage.size()));
}

std::vector<std::vector<double>> Model::currents(const Record& record, double g0) const {
  check_ports(record);
  if (record.size() == 0) return std::vector<std::vector<double>>(about_.ports.size());
  return run(record, g0);
}

ir::Network Model::circuit_network() const {
  if (!about_.no_circuit.empty()) throw DataError(about_.no_circuit);
  return network();
}

std::unique_ptr<const Model> load(const std::filesystem::path& file) {
  const std::string where = file.string();
  const SafetensorsFile content = read_stored_file(file, kModelFormat);
  const std::string kind = kind_in(content);
  for (const Reader& reader : kReaders) {
    if (kind == reader.kind) return reader.read(content, where);
  }
  throw DataError(kind.empty()
                      ? fmt::format("{}: expected a model, found a file that holds none", where)
                      : fmt::format("{}: expected a compact, recurrent or feed_forward model, "
                                    "found kind {}; a newer program may know it",
                                    where, quotation(kind)));
}

std::unique_ptr<const Model> of(StoredModel stored) {
  return std::make_unique<CompactModel>(std::move(stored));
}

std::unique_ptr<const Model> of(StoredNetwork stored) {
  return std::make_unique<NetworkModel>(std::move(stored));
}

}  // namespace psi_xlstm::model
