#include "ir/network_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/safetensors.hpp"
#include "ir/operations.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 2;  // 1: without charges, one conductance always

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
auto value_of(const Names& names, const std::string& text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  throw DataError(fmt::format("unknown name \"{}\"", text));
}

Op op_named(const std::string& text) {
  for (const Operation& row : operations()) {
    if (row.name == text) return row.op;
  }
  throw DataError(fmt::format("unknown name \"{}\"", text));
}

// The numbers of one port, or a list of all.
Json of_ports(const std::vector<double>& values) {
  return values.size() == 1 ? Json(values[0]) : Json(values);
}

std::vector<double> of_ports(const Json& tree) {
  if (!tree.is_array()) return {tree.get<double>()};
  if (tree.empty()) throw DataError("training range: expected the voltages of a port, found none");
  return tree.get<std::vector<double>>();
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

TrainingBox box_from(const Json& tree) {
  TrainingBox box;
  box.voltage_min = of_ports(tree.at("voltage_min_V"));
  box.voltage_max = of_ports(tree.at("voltage_max_V"));
  box.conductance_min = tree.at("conductance_min_S");
  box.conductance_max = tree.at("conductance_max_S");
  box.step_max = tree.at("step_max_s");
  box.duration = tree.at("duration_s");
  box.drive_frequency = tree.at("drive_frequency_Hz");
  box.median_rate = tree.at("median_rate_per_s");
  box.fastest_rate = tree.at("fastest_rate_per_s");
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

Node node_from(const Json& tree) {
  Node node;
  node.op = op_named(tree.at("op").get<std::string>());
  node.width = tree.at("width");
  node.arguments = tree.value("arguments", std::vector<int>{});
  node.weight = tree.value("weight", -1);
  node.bias = tree.value("bias", -1);
  node.factor = tree.value("factor", 1.0);
  node.elements = tree.value("elements", std::vector<int>{});
  return node;
}

Json role_tree(const ConductanceRole& role) {
  return {{"node", role.node},
          {"scale_S", role.scale},
          {"head", name_of(kHeadNames, role.head)},
          {"readout_weight", role.readout_weight},
          {"readout_bias", role.readout_bias}};
}

ConductanceRole role_from(const Json& tree) {
  return {.node = tree.at("node"),
          .scale = tree.at("scale_S"),
          .head = value_of(kHeadNames, tree.at("head").get<std::string>()),
          .readout_weight = tree.at("readout_weight"),
          .readout_bias = tree.at("readout_bias")};
}

// A file of version 1: what belongs to the conductance stands beside the rest.
ConductanceRole role_of_version_1(const Json& tree) {
  return {.node = tree.at("conductance_node"),
          .scale = tree.at("conductance_scale_S"),
          .head = value_of(kHeadNames, tree.at("head").get<std::string>()),
          .readout_weight = tree.at("readout_weight"),
          .readout_bias = tree.at("readout_bias")};
}

int version_of(const Json& tree) {
  const int version = tree.value("version", 1);
  if (version >= 1 && version <= kVersion) return version;
  throw DataError(
      fmt::format("expected a network of format version 1 to {}, found {}: it was "
                  "written by another release",
                  kVersion, version));
}

Json network_tree(const Network& n) {
  Json nodes = Json::array(), blocks = Json::array();
  for (const Node& node : n.nodes) nodes.push_back(node_tree(node));
  for (const ParameterBlock& b : n.blocks) blocks.push_back({b.name, b.rows, b.columns});
  Json tree = {{"version", kVersion},
               {"name", n.name},
               {"ports", n.ports},
               {"reference_terminal", n.reference_terminal},
               {"nodes", std::move(nodes)},
               {"blocks", std::move(blocks)},
               {"rate_node", n.rate_node},
               {"target_node", n.target_node},
               {"rate_of_state", n.rate_of_state},
               {"current_node", n.current_node},
               {"start", name_of(kStartNames, n.start.rule)},
               {"voltage_scale_V", n.voltage_scale},
               {"reference_step_s", n.reference_step},
               {"training_box", box_tree(n.box)}};
  if (n.start == Start::kNode) {
    tree["start_node"] = n.start.node;
    tree["state_limit"] = n.state_limit;
    tree["state_excursion"] = n.state_excursion;
  }
  if (n.charge_node >= 0) tree["charge_node"] = n.charge_node;
  if (n.role) tree["conductance"] = role_tree(*n.role);
  if (!n.unknowns.empty()) tree["unknowns"] = n.unknowns;
  return tree;
}

void read_parameters(const Json& blocks, const SafetensorsFile& file, Network& network) {
  NetworkBuilder build(network);
  for (const Json& b : blocks) {
    const std::string name = b.at(0);
    const int rows = b.at(1), columns = b.at(2);
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end() || rows < 0 || columns < 0 ||
        found->second.shape != std::vector<std::int64_t>{rows, columns}) {
      throw DataError(
          fmt::format("expected a tensor \"{}\" of shape [{}, {}]", name, rows, columns));
    }
    const int offset = build.parameters(name, rows, columns);
    std::copy(found->second.values.begin(), found->second.values.end(),
              network.parameters.begin() + offset);
  }
}

Network network_from(const Json& tree, const SafetensorsFile& file) {
  const int version = version_of(tree);
  Network n;
  n.name = tree.at("name");
  n.ports = tree.at("ports").get<std::vector<std::string>>();
  n.reference_terminal = tree.at("reference_terminal");
  for (const Json& node : tree.at("nodes")) n.nodes.push_back(node_from(node));
  read_parameters(tree.at("blocks"), file, n);
  n.rate_node = tree.at("rate_node");
  n.target_node = tree.at("target_node");
  n.rate_of_state = tree.at("rate_of_state").get<std::vector<int>>();
  n.current_node = tree.at("current_node");
  n.charge_node = tree.value("charge_node", -1);
  n.start = {value_of(kStartNames, tree.at("start").get<std::string>()),
             tree.value("start_node", -1)};
  if (version == 1) {
    n.role = role_of_version_1(tree);
  } else if (tree.contains("conductance")) {
    n.role = role_from(tree.at("conductance"));
  }
  n.voltage_scale = tree.at("voltage_scale_V");
  n.reference_step = tree.at("reference_step_s");
  n.box = box_from(tree.at("training_box"));
  if (version == 1) {  // one range for all ports
    n.box.voltage_min.resize(n.ports.size(), n.box.voltage_min[0]);
    n.box.voltage_max.resize(n.ports.size(), n.box.voltage_max[0]);
  }
  n.state_limit = tree.value("state_limit", std::vector<double>{});
  n.state_excursion = tree.value("state_excursion", std::vector<double>{});
  n.unknowns = tree.value(version == 1 ? "junctions" : "unknowns", std::vector<int>{});
  validate(n);
  return n;
}

}  // namespace

std::string box_text(const TrainingBox& box) { return box_tree(box).dump(); }

TrainingBox parse_box(const std::string& text) {
  try {
    return box_from(Json::parse(text));
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("training box: {}", e.what()));
  }
}

std::string network_bytes(const Network& network,
                          const std::map<std::string, std::string>& metadata) {
  validate(network);
  SafetensorsFile file;
  file.metadata = metadata;
  file.metadata["format"] = "pt";
  file.metadata["network"] = network_tree(network).dump();
  for (const ParameterBlock& b : network.blocks) {
    const std::span<const double> values = network.block(b.name);
    file.tensors[b.name] = {{b.rows, b.columns}, {values.begin(), values.end()}};
  }
  return safetensors_bytes(file);
}

StoredNetwork parse_network(std::string_view bytes, const std::string& where) {
  SafetensorsFile file = parse_safetensors(bytes, where);
  const auto found = file.metadata.find("network");
  if (found == file.metadata.end()) {
    throw DataError(
        fmt::format("{}: expected a model with the metadata key \"network\", found none", where));
  }
  StoredNetwork out;
  try {
    out.network = network_from(Json::parse(found->second), file);
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("{}: expected the structure of a network: {}", where, e.what()));
  } catch (const Error& e) {
    throw DataError(fmt::format("{}: {}", where, e.what()));
  }
  file.metadata.erase("network");
  file.metadata.erase("format");
  out.metadata = std::move(file.metadata);
  return out;
}

}  // namespace psi_xlstm::ir
