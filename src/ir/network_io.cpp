#include "ir/network_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/json/json_reader.hpp"
#include "core/json/safetensors.hpp"
#include "core/utf8.hpp"
#include "ir/operations.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestStructure = std::uint64_t{100} << 20;  // [bytes]

constexpr std::array<std::pair<Head, const char*>, 3> kHeadNames = {
    {{Head::kExp, "exp"}, {Head::kSoftplus, "softplus"}, {Head::kAffine, "affine"}}};
constexpr std::array<std::pair<Start::Rule, const char*>, 3> kStartNames = {
    {{Start::kTied, "tied"}, {Start::kRest, "rest"}, {Start::kNode, "node"}}};

template <class Names, class Value>
std::string name_of(const Names& names, Value value) {
  for (const auto& [v, name] : names) {
    if (v == value) return name;
  }
  return "";
}

template <class Names>
auto value_of(const Names& names, const JsonValue& tree) {
  const std::string text = tree.as<std::string>();
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  tree.refuse("a known name");
}

Op op_named(const std::string& text) {
  for (const Operation& row : operations()) {
    if (row.name == text) return row.op;
  }
  throw DataError(fmt::format("unknown name \"{}\"", text));
}

// The number of one port, or a list of all.
Json of_ports(const std::vector<double>& values) {
  return values.size() == 1 ? Json(values[0]) : Json(values);
}

std::vector<double> of_ports(const JsonValue& tree) {
  if (!tree.node().is_array()) return {tree.as<double>()};
  auto values = tree.as<std::vector<double>>();
  if (values.empty()) tree.refuse("the voltages of a port");
  return values;
}

Json box_tree(const TrainingBox& box) {
  return {{"voltage_min_V", of_ports(box.voltage_min)},
          {"voltage_max_V", of_ports(box.voltage_max)},
          {"conductance_min_S", box.conductance_min},
          {"conductance_max_S", box.conductance_max},
          {"step_max_s", box.step_max},
          {"duration_s", box.duration},
          {"drive_frequency_Hz", box.drive_frequency},
          {"median_rate_per_s", box.median_rate},
          {"fastest_rate_per_s", box.fastest_rate}};
}

TrainingBox box_from(const JsonValue& tree) {
  TrainingBox box;
  box.voltage_min = of_ports(tree.at("voltage_min_V"));
  box.voltage_max = of_ports(tree.at("voltage_max_V"));
  box.conductance_min = tree.at("conductance_min_S").as<double>();
  box.conductance_max = tree.at("conductance_max_S").as<double>();
  box.step_max = tree.at("step_max_s").as<double>();
  box.duration = tree.at("duration_s").as<double>();
  box.drive_frequency = tree.at("drive_frequency_Hz").as<double>();
  box.median_rate = tree.at("median_rate_per_s").as<double>();
  box.fastest_rate = tree.at("fastest_rate_per_s").as<double>();
  return box;
}

Json node_tree(const Node& node) {
  Json tree = {{"op", operation(node.op).name}, {"width", node.width}};
  if (!node.arguments.empty()) tree["arguments"] = node.arguments;
  if (node.weight >= 0) tree["weight"] = node.weight;
  if (node.bias >= 0) tree["bias"] = node.bias;
  if (operation(node.op).has_factor) tree["factor"] = node.factor;
  if (!node.elements.empty()) tree["elements"] = node.elements;
  return tree;
}

Node node_from(const JsonValue& tree) {
  Node node;
  node.op = op_named(tree.at("op").as<std::string>());
  node.width = tree.at("width").as<int>();
  node.arguments = tree.value("arguments", std::vector<int>{});
  node.weight = tree.value("weight", -1);
  node.bias = tree.value("bias", -1);
  node.factor = tree.value("factor", 1.0);
  node.elements = tree.value("elements", std::vector<int>{});
  return node;
}

// What belongs to the conductance, if there is one, stands among the rest.
Json network_tree(const Network& n) {
  Json nodes = Json::array(), blocks = Json::array();
  for (const Node& node : n.nodes) nodes.push_back(node_tree(node));
  for (const ParameterBlock& b : n.blocks) blocks.push_back({b.name, b.rows, b.columns});
  Json tree = {{"name", n.name},
               {"ports", n.ports},
               {"reference_terminal", n.reference_terminal},
               {"nodes", std::move(nodes)},
               {"blocks", std::move(blocks)},
               {"rate_node", n.rate_node},
               {"target_node", n.target_node},
               {"rate_of_state", n.rate_of_state},
               {"current_node", n.current_node}};
  if (n.role) {
    tree["conductance_node"] = n.role->node;
    tree["head"] = name_of(kHeadNames, n.role->head);
  }
  tree["start"] = name_of(kStartNames, n.start.rule);
  if (n.role) {
    tree["readout_weight"] = n.role->readout_weight;
    tree["readout_bias"] = n.role->readout_bias;
    tree["conductance_scale_S"] = n.role->scale;
  }
  tree["voltage_scale_V"] = n.voltage_scale;
  tree["reference_step_s"] = n.reference_step;
  tree["training_box"] = box_tree(n.box);
  if (n.start == Start::kNode) {
    tree["start_node"] = n.start.node;
    tree["state_limit"] = n.state_limit;
    tree["state_excursion"] = n.state_excursion;
  }
  if (!n.unknowns.empty()) tree["junctions"] = n.unknowns;
  if (n.charge_node >= 0) tree["charge_node"] = n.charge_node;
  return tree;
}

std::optional<ConductanceRole> role_from(const JsonValue& tree) {
  const std::optional<JsonValue> node = tree.find("conductance_node");
  if (!node) return std::nullopt;
  return ConductanceRole{.node = node->as<int>(),
                         .scale = tree.at("conductance_scale_S").as<double>(),
                         .head = value_of(kHeadNames, tree.at("head")),
                         .readout_weight = tree.at("readout_weight").as<int>(),
                         .readout_bias = tree.at("readout_bias").as<int>()};
}

void read_parameters(const JsonValue& blocks, const SafetensorsFile& file, Network& network) {
  NetworkBuilder build(network);
  for (const JsonValue& b : blocks.elements()) {
    const std::string name = b.at(0, 3).as<std::string>();
    const int rows = b.at(1, 3).integer(0), columns = b.at(2, 3).integer(0);
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end() ||
        found->second.shape != std::vector<std::int64_t>{rows, columns}) {
      throw DataError(fmt::format("{}: expected a tensor {} of shape [{}, {}]", b.where(),
                                  in_quotes(name), rows, columns));
    }
    const int offset = build.parameters(name, rows, columns);
    std::copy(found->second.values.begin(), found->second.values.end(),
              network.parameters.begin() + offset);
  }
}

Network network_from(const JsonValue& tree, const SafetensorsFile& file) {
  Network n;
  n.name = tree.at("name").as<std::string>();
  n.ports = tree.at("ports").as<std::vector<std::string>>();
  n.reference_terminal = tree.at("reference_terminal").as<std::string>();
  for (const JsonValue& node : tree.at("nodes").elements()) n.nodes.push_back(node_from(node));
  read_parameters(tree.at("blocks"), file, n);
  n.rate_node = tree.at("rate_node").as<int>();
  n.target_node = tree.at("target_node").as<int>();
  n.rate_of_state = tree.at("rate_of_state").as<std::vector<int>>();
  n.current_node = tree.at("current_node").as<int>();
  n.charge_node = tree.value("charge_node", -1);
  n.role = role_from(tree);
  n.start = {value_of(kStartNames, tree.at("start")), tree.value("start_node", -1)};
  n.voltage_scale = tree.at("voltage_scale_V").as<double>();
  n.reference_step = tree.at("reference_step_s").as<double>();
  n.box = box_from(tree.at("training_box"));
  for (auto* ends : {&n.box.voltage_min, &n.box.voltage_max}) {
    if (ends->size() == 1) ends->resize(n.ports.size(), ends->front());  // one range for all ports
  }
  n.state_limit = tree.value("state_limit", std::vector<double>{});
  n.state_excursion = tree.value("state_excursion", std::vector<double>{});
  n.unknowns = tree.value("junctions", std::vector<int>{});
  validate(n);
  return n;
}

}  // namespace

std::string box_text(const TrainingBox& box) { return box_tree(box).dump(); }

TrainingBox parse_box(const std::string& text) {
  const nlohmann::json tree = parse_json(text, "training box");
  TrainingBox box = box_from(JsonValue(tree, "training box"));
  if (box.voltage_min.size() == 1 && box.voltage_max.size() == 1) return box;
  throw DataError("training box: expected the voltages of one port, found those of several");
}

std::string network_bytes(const Network& network,
                          const std::map<std::string, std::string>& metadata) {
  validate(network);
  SafetensorsFile file;
  file.metadata = metadata;
  file.metadata.try_emplace("format", "pt");
  file.metadata["network"] = network_tree(network).dump();
  for (const ParameterBlock& b : network.blocks) {
    const std::span<const double> values = network.block(b.name);
    file.tensors[b.name] = {{b.rows, b.columns}, {values.begin(), values.end()}};
  }
  return safetensors_bytes(file);
}

StoredNetwork parse_network(std::string_view bytes, const std::string& where) {
  return network_of(parse_safetensors(bytes, where), where);
}

StoredNetwork network_of(SafetensorsFile file, const std::string& where) {
  const auto found = file.metadata.find("network");
  if (found == file.metadata.end()) {
    throw DataError(
        fmt::format("{}: expected a model with the metadata key \"network\", found none", where));
  }
  StoredNetwork out;
  const nlohmann::json tree =
      parse_json(found->second, where + ": network", {.bytes = kLargestStructure});
  const JsonValue structure(tree, where + ": network ");
  try {
    out.network = network_from(structure, file);
  } catch (const DataError&) {
    throw;
  } catch (const Error& e) {
    throw DataError(fmt::format("{}: {}", where, e.what()));
  }
  file.metadata.erase("network");
  file.metadata.erase("format");
  out.metadata = std::move(file.metadata);
  return out;
}

}  // namespace psi_xlstm::ir
