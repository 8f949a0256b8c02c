#include "model/stored_network.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/safetensors.hpp"
#include "ir/network_io.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Json = nlohmann::ordered_json;
using kernels::Convention;
using kernels::LayerKind;
using kernels::LayerShape;
using kernels::NetworkShape;
using kernels::ParameterBlock;

constexpr const char* kStructure = "stored_network";  // metadata key

template <class Value>
Value choice(const Json& text, const std::pair<Value, const char*> (&names)[2]) {
  for (const auto& [value, name] : names) {
    if (text.get<std::string>() == name) return value;
  }
  throw DataError(fmt::format("expected \"{}\" or \"{}\", found {}", names[0].second,
                              names[1].second, text.dump()));
}

constexpr std::pair<Convention, const char*> kConventions[] = {
    {Convention::kXlstm, "published"}, {Convention::kContinuous, "relaxation"}};
constexpr std::pair<LayerKind, const char*> kKinds[] = {{LayerKind::kSlstm, "slstm"},
                                                        {LayerKind::kMlstm, "mlstm"}};

Json shape_tree(const NetworkShape& shape) {
  Json layers = Json::array();
  for (const LayerShape& layer : shape.layers) {
    layers.push_back({{"kind", layer.kind == LayerKind::kSlstm ? "slstm" : "mlstm"},
                      {"hidden", layer.hidden},
                      {"heads", layer.heads},
                      {"rank", layer.rank},
                      {"clusters", layer.clusters}});
  }
  return {{"inputs", shape.inputs},
          {"width", shape.width},
          {"convention", shape.convention == Convention::kXlstm ? "published" : "relaxation"},
          {"layers", std::move(layers)}};
}

NetworkShape shape_from(const Json& tree) {
  NetworkShape shape;
  shape.inputs = tree.at("inputs");
  shape.width = tree.at("width");
  shape.convention = choice(tree.at("convention"), kConventions);
  for (const Json& layer : tree.at("layers")) {
    shape.layers.push_back({.kind = choice(layer.at("kind"), kKinds),
                            .hidden = layer.at("hidden"),
                            .heads = layer.at("heads"),
                            .rank = layer.at("rank"),
                            .clusters = layer.at("clusters")});
  }
  return shape;
}

Json structure_tree(const StoredNetwork& network) {
  Json facts = Json::array();
  for (const NamedNumber& fact : network.facts) facts.push_back(config_tree(fact));
  return {{"model", network.model},
          {"protocol", network.protocol},
          {"shape", shape_tree(network.shape)},
          {"layer_widths", network.layer_widths},
          {"reference_step_s", network.reference_step},
          {"current_scale_A", network.current_scale},
          {"time_scale_s", network.time_scale},
          {"conductance_scale_S", network.conductance_scale},
          {"trained_parameters", network.trained_parameters},
          {"deployed_parameters", network.deployed_parameters},
          {"facts", std::move(facts)},
          {"fingerprint", network.fingerprint},
          {"training_box", Json::parse(ir::box_text(network.box))}};
}

StoredNetwork structure_from(const Json& tree, const std::string& where) {
  StoredNetwork network;
  network.model = tree.at("model");
  network.protocol = tree.at("protocol");
  network.shape = shape_from(tree.at("shape"));
  network.layer_widths = tree.at("layer_widths").get<std::vector<int>>();
  network.reference_step = tree.at("reference_step_s");
  network.current_scale = tree.at("current_scale_A");
  network.time_scale = tree.at("time_scale_s");
  network.conductance_scale = tree.at("conductance_scale_S");
  network.trained_parameters = tree.at("trained_parameters");
  network.deployed_parameters = tree.at("deployed_parameters");
  for (const Json& fact : tree.at("facts")) {
    network.facts.push_back(config_from_json<NamedNumber>(nlohmann::json(fact), where));
  }
  network.fingerprint = tree.at("fingerprint");
  if (tree.contains("training_box")) network.box = ir::parse_box(tree["training_box"].dump());
  return network;
}

bool is_vector(const ParameterBlock& block) {
  return block.name.ends_with("bias") || block.name.ends_with("norm.weight");
}

std::vector<std::int64_t> tensor_shape(const ParameterBlock& block) {
  if (is_vector(block)) return {block.rows};
  return {block.rows, block.columns};
}

const std::vector<double>& tensor(const SafetensorsFile& file,
                                  const std::string& name,
                                  std::vector<std::int64_t> shape = {}) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end() || (!shape.empty() && found->second.shape != shape)) {
    throw DataError(fmt::format("expected a tensor \"{}\"{}, found {}", name,
                                shape.empty() ? "" : " of its shape",
                                found == file.tensors.end() ? "none" : "another shape"));
  }
  return found->second.values;
}

const std::string& metadata(const SafetensorsFile& file, const char* name) {
  const auto found = file.metadata.find(name);
  if (found == file.metadata.end()) {
    throw DataError(fmt::format("expected the metadata \"{}\", found none", name));
  }
  return found->second;
}

// The file's content turned into something by `read`; every problem becomes a sentence that opens
// with the file's name.
template <class Read>
auto parsed(const std::filesystem::path& file, const char* expected, const Read& read) {
  const std::string where = file.string();
  const SafetensorsFile content = parse_safetensors(read_file(file), where);
  try {
    return read(content);
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("{}: expected {}: {}", where, expected, e.what()));
  } catch (const Error& e) {
    throw DataError(fmt::format("{}: {}", where, e.what()));
  }
}

// Fills a point of a curve; null is what was not finite.
struct CurveReader {
  const Json& tree;

  void operator()(const char* key, int& value) const { value = tree.at(key); }
  void operator()(const char* key, double& value) const {
    const Json& found = tree.at(key);
    value = found.is_null() ? std::numeric_limits<double>::quiet_NaN() : found.get<double>();
  }
};

}  // namespace

std::filesystem::path network_folder(const std::filesystem::path& run,
                                     int seed,
                                     const std::string& model) {
  return run / fmt::format("seed_{}", seed) / model;
}

std::vector<ParameterBlock> stored_blocks(const StoredNetwork& network) {
  if (network.layer_widths.empty()) return kernels::parameter_blocks(network.shape);
  std::vector<ParameterBlock> blocks;
  std::size_t offset = 0;
  const auto add = [&](const std::string& name, int rows, int columns) {
    if (rows < 1 || columns < 1) {
      throw ShapeError(
          fmt::format("layer widths: expected positive ones, found {} and {}", rows, columns));
    }
    blocks.push_back({name, rows, columns, offset});
    offset += blocks.back().size();
  };
  for (std::size_t l = 0; l + 1 < network.layer_widths.size(); ++l) {
    const std::string name = fmt::format("layers.{}", l);
    add(name + ".weight", network.layer_widths[l + 1], network.layer_widths[l]);
    add(name + ".bias", network.layer_widths[l + 1], 1);
  }
  return blocks;
}

int state_count(const kernels::NetworkShape& shape) {
  int states = 0;
  for (const LayerShape& layer : shape.layers) {
    if (layer.kind == LayerKind::kSlstm) {
      states += 2 * layer.hidden;
    } else {
      const int size = layer.rank > 0 ? layer.rank : layer.hidden / layer.heads;
      states += layer.heads * (size * size + size);
    }
  }
  return states;
}

void save_network(const std::filesystem::path& file, const StoredNetwork& network) {
  const std::vector<ParameterBlock> blocks = stored_blocks(network);
  const std::size_t count = blocks.empty() ? 0 : blocks.back().offset + blocks.back().size();
  if (count != network.parameters.size()) {
    throw ShapeError(fmt::format("network {}: expected the {} parameters of its shape, found {}",
                                 network.model, count, network.parameters.size()));
  }
  SafetensorsFile out;
  out.metadata = {{"format", "pt"}, {kStructure, structure_tree(network).dump()}};
  for (const ParameterBlock& block : blocks) {
    const auto first = network.parameters.begin() + static_cast<std::ptrdiff_t>(block.offset);
    out.tensors[block.name] = {tensor_shape(block),
                               {first, first + static_cast<std::ptrdiff_t>(block.size())}};
  }
  write_file(file, safetensors_bytes(out));
}

StoredNetwork load_network(const std::filesystem::path& file) {
  return parsed(file, "a trained network", [&](const SafetensorsFile& in) {
    StoredNetwork network = structure_from(Json::parse(metadata(in, kStructure)), "structure");
    for (const ParameterBlock& block : stored_blocks(network)) {
      const std::vector<double>& values = tensor(in, block.name, tensor_shape(block));
      network.parameters.insert(network.parameters.end(), values.begin(), values.end());
    }
    return network;
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
  Json records = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    records.push_back({{"id", currents.records[i]}, {"scored_from", currents.scored_from[i]}});
    const auto size = static_cast<std::int64_t>(currents.current[i].size());
    out.tensors[fmt::format("record_{}.current_A", i)] = {{size}, currents.current[i]};
  }
  out.metadata = {{"format", "pt"}, {"records", records.dump()}};
  write_file(file, safetensors_bytes(out));
}

StoredCurrents load_currents(const std::filesystem::path& file) {
  return parsed(file, "the currents of test records", [](const SafetensorsFile& in) {
    StoredCurrents currents;
    const Json records = Json::parse(metadata(in, "records"));
    for (std::size_t i = 0; i < records.size(); ++i) {
      currents.records.push_back(records[i].at("id"));
      currents.scored_from.push_back(records[i].at("scored_from"));
      currents.current.push_back(tensor(in, fmt::format("record_{}.current_A", i)));
    }
    return currents;
  });
}

void save_curve(const std::filesystem::path& file, const std::vector<CurvePoint>& curve) {
  Json points = Json::array();
  for (const CurvePoint& point : curve) points.push_back(config_tree(point));
  write_file(file, points.dump(1) + "\n");  // what is not finite becomes null
}

std::vector<CurvePoint> load_curve(const std::filesystem::path& file) {
  const std::string where = file.string();
  std::vector<CurvePoint> curve;
  try {
    for (const Json& tree : Json::parse(read_file(file))) {
      CurvePoint point;
      CurveReader reader{tree};
      CurvePoint::fields(point, reader);
      curve.push_back(point);
    }
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("{}: expected a training curve: {}", where, e.what()));
  }
  return curve;
}

}  // namespace psi_xlstm
