#include "model/stored_network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/json/json_reader.hpp"
#include "core/json/safetensors.hpp"
#include "core/json/stored_json.hpp"
#include "ir/network_io.hpp"
#include "model/file_format.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Json = nlohmann::ordered_json;
using kernels::Convention;
using kernels::LayerKind;
using kernels::LayerShape;
using kernels::NetworkShape;
using kernels::ParameterBlock;

constexpr const char* kStructure = "network";            // metadata key
constexpr const char* kOldStructure = "stored_network";  // of version 1
constexpr const char* kOldMlp = "pinn";                  // of version 1: no physics enters it
constexpr int kInputs = 2;                               // of every network of a study
constexpr int kWidest = 4096;                            // of a layer

// The value that the text under `key` names.
template <NamedEnum E>
E choice(const Json& tree, const char* key) {
  const std::string text = text_member(tree, key);
  if (const auto value = value_named<E>(text)) return *value;
  throw DataError(fmt::format("expected {} as \"{}\", found {}", fmt::join(all_names<E>(), " or "),
                              key, quotation(text)));
}

Json shape_tree(const NetworkShape& shape) {
  Json layers = Json::array();
  for (const LayerShape& layer : shape.layers) {
    layers.push_back({{"kind", name_of(layer.kind)},
                      {"hidden", layer.hidden},
                      {"heads", layer.heads},
                      {"rank", layer.rank},
                      {"clusters", layer.clusters}});
  }
  return {{"inputs", shape.inputs},
          {"width", shape.width},
          {"convention", name_of(shape.convention)},
          {"layers", std::move(layers)}};
}

NetworkShape shape_from(const Json& tree) {
  NetworkShape shape;
  shape.inputs = int_member(tree, "inputs", kInputs, kInputs);
  shape.width = int_member(tree, "width", 1, kWidest);
  shape.convention = choice<Convention>(tree, "convention");
  for (const Json& layer : list_member(tree, "layers")) {
    shape.layers.push_back({.kind = choice<LayerKind>(layer, "kind"),
                            .hidden = int_member(layer, "hidden", 1, kWidest),
                            .heads = int_member(layer, "heads", 1, kWidest),
                            .rank = int_member(layer, "rank", 0, kWidest),
                            .clusters = int_member(layer, "clusters", 0, kWidest)});
  }
  return shape;
}

Json structure_tree(const StoredNetwork& network) {
  Json facts = Json::array();
  for (const TrainingFact& fact : network.facts) facts.push_back(config_tree(fact));
  return {{"model", name_of(network.model)},
          {"protocol", name_of(network.protocol)},
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

// What runs a network takes it as it is: two inputs, one output, the equations of its protocol.
void check_structure(const StoredNetwork& network) {
  if (!network.layer_widths.empty()) {
    if (network.layer_widths.size() < 2 || network.layer_widths.front() != kInputs ||
        network.layer_widths.back() != 1) {
      throw DataError(fmt::format(
          "expected layer widths from {} to 1, found {} widths from {} to {}", kInputs,
          network.layer_widths.size(), network.layer_widths.front(), network.layer_widths.back()));
    }
    return;
  }
  if ((network.shape.convention == Convention::kXlstm) != network.is_published()) {
    throw DataError(fmt::format("expected the convention of the protocol {}, found the other one",
                                name_of(network.protocol)));
  }
}

StoredNetwork structure_from(const Json& tree) {
  StoredNetwork network;
  network.model = text_member(tree, "model") == kOldMlp ? NetworkKind::kMlp
                                                        : choice<NetworkKind>(tree, "model");
  network.protocol = choice<NetworkProtocol>(tree, "protocol");
  network.shape = shape_from(member(tree, "shape"));
  for (const Json& width : list_member(tree, "layer_widths")) {
    network.layer_widths.push_back(int_member({{"width", width}}, "width", 1, kWidest));
  }
  network.reference_step = positive_member(tree, "reference_step_s");
  network.current_scale = positive_member(tree, "current_scale_A");
  network.time_scale = positive_member(tree, "time_scale_s");
  network.conductance_scale = positive_member(tree, "conductance_scale_S");
  network.trained_parameters = int_member(tree, "trained_parameters", 0);
  network.deployed_parameters = int_member(tree, "deployed_parameters", 0);
  for (const Json& fact : list_member(tree, "facts")) {
    TrainingFact read{.name = text_member(fact, "name")};
    if (!member(fact, "value").is_null()) read.value = number_member(fact, "value");
    if (fact.contains("kind")) {  // files of version 0.1 have only names
      read.kind = choice<FactKind>(fact, "kind");
      read.rank = int_member(fact, "rank", 0, kWidest);
    }
    network.facts.push_back(std::move(read));
  }
  network.fingerprint = text_member(tree, "fingerprint");
  if (tree.contains("training_box")) network.box = ir::parse_box(tree["training_box"].dump());
  check_structure(network);
  return network;
}

bool is_vector(const ParameterBlock& block) {
  return block.name.ends_with("bias") || block.name.ends_with("norm.weight");
}

std::vector<std::int64_t> tensor_shape(const ParameterBlock& block) {
  if (is_vector(block)) return {block.rows};
  return {block.rows, block.columns};
}

// The numbers of `block`, in a tensor of its shape.
const std::vector<double>& values_of(const SafetensorsFile& file, const ParameterBlock& block) {
  const auto found = file.tensors.find(block.name);
  if (found == file.tensors.end() || found->second.shape != tensor_shape(block)) {
    throw DataError(fmt::format("expected a tensor \"{}\" of its shape, found {}", block.name,
                                found == file.tensors.end() ? "none" : "another shape"));
  }
  for (const double value : found->second.values) {
    if (std::isfinite(value)) continue;
    throw DataError(
        fmt::format("tensor \"{}\": expected finite numbers, found {}", block.name, value));
  }
  return found->second.values;
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
                                 name_of(network.model), count, network.parameters.size()));
  }
  SafetensorsFile out;
  out.metadata = model::opening(model::kModelFormat, 2);
  out.metadata["kind"] = network.layer_widths.empty() ? "recurrent" : "feed_forward";
  out.metadata[kStructure] = structure_tree(network).dump();
  for (const ParameterBlock& block : blocks) {
    const auto first = network.parameters.begin() + static_cast<std::ptrdiff_t>(block.offset);
    out.tensors[block.name] = {tensor_shape(block),
                               {first, first + static_cast<std::ptrdiff_t>(block.size())}};
  }
  write_file(file, safetensors_bytes(out));
}

bool holds_network(const SafetensorsFile& content) {
  const auto kind = content.metadata.find("kind");
  if (kind == content.metadata.end()) return content.metadata.contains(kOldStructure);
  return kind->second == "recurrent" || kind->second == "feed_forward";
}

StoredNetwork parse_stored_network(const SafetensorsFile& content, const std::string& where) {
  return model::named_problems(where, [&] {
    if (!holds_network(content)) {
      throw DataError("expected a recurrent or a feed-forward network, found something else");
    }
    const char* const key = content.metadata.contains("kind") ? kStructure : kOldStructure;
    StoredNetwork network = structure_from(parse_stored_json(metadata_text(content, key, where)));
    std::size_t tensors = 0;
    for (const ParameterBlock& block : stored_blocks(network)) {
      const std::vector<double>& values = values_of(content, block);
      network.parameters.insert(network.parameters.end(), values.begin(), values.end());
      ++tensors;
    }
    const bool recurrent = network.layer_widths.empty();
    const std::string kind = recurrent ? "recurrent" : "feed_forward";
    if (content.metadata.contains("kind") && content.metadata.at("kind") != kind) {
      throw DataError(fmt::format("expected the structure of a {} network, found that of a {} one",
                                  content.metadata.at("kind"), kind));
    }
    if (tensors != content.tensors.size()) {
      throw DataError(fmt::format("expected the {} tensors of the structure, found {}", tensors,
                                  content.tensors.size()));
    }
    return network;
  });
}

StoredNetwork load_network(const std::filesystem::path& file) {
  return parse_stored_network(model::read_stored_file(file, model::kModelFormat), file.string());
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
    const Json points = parse_ordered_json(read_file(file), where);
    if (!points.is_array()) {
      throw DataError(
          fmt::format("{}: expected a list of points, found {}", where, points.type_name()));
    }
    for (const Json& tree : points) {
      CurvePoint point;
      CurveReader reader{tree};
      CurvePoint::fields(point, reader);
      curve.push_back(point);
    }
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("{}: expected a training curve: {}", where, plain_reason(e)));
  }
  return curve;
}

}  // namespace psi_xlstm
