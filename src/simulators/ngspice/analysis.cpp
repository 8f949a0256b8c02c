#include "simulators/ngspice/analysis.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>
#include <string_view>
#include <utility>

#include "circuit/netlist_check.hpp"
#include "core/identifier.hpp"
#include "core/json/json_reader.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using nlohmann::json;

/// Whether `name` is `begin`, letters, digits and '_', '.', '#', then `end`.
bool is_wrapped(std::string_view name, std::string_view begin, std::string_view end) {
  if (!name.starts_with(begin) || !name.ends_with(end)) return false;
  if (name.size() <= begin.size() + end.size()) return false;
  const std::string_view inside =
      name.substr(begin.size(), name.size() - begin.size() - end.size());
  return std::all_of(inside.begin(), inside.end(), [](unsigned char c) {
    return c < 128 && (std::isalnum(c) != 0 || c == '_' || c == '.' || c == '#');
  });
}

bool is_vector_name(const std::string& name) {
  if (is_wrapped(name, "v(", ")") || is_wrapped(name, "i(", ")")) return true;
  if (name == "onoise_total") return true;  // of a noise analysis
  const std::size_t bracket = name.find('[');
  return bracket != name.npos && is_wrapped(name.substr(0, bracket), "@", "") &&
         is_wrapped(name.substr(bracket), "[", "]");
}

void check_vectors(const std::vector<std::string>& vectors) {
  if (vectors.empty()) {
    throw SpiceError("simulation: expected at least one wanted vector, got none");
  }
  for (const std::string& name : vectors) {
    if (is_vector_name(lower_case(name))) continue;
    throw SpiceError(fmt::format(
        "wanted vector: expected v(node), i(source) or @device[quantity], got \"{}\"", name));
  }
}

/// The lines of `netlist` as ngspice wants them: a title first, options and .end last. Numbers of
/// lines in ngspice's messages are those of `netlist` where it begins with a comment.
std::vector<std::string> circuit_lines(const std::string& netlist, const std::string& options) {
  std::vector<std::string> lines;
  std::istringstream stream(netlist);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(lower_case(line));
    std::string first;
    words >> first;
    if (first != ".end") lines.push_back(line);
  }
  if (!lines.front().starts_with('*')) lines.insert(lines.begin(), "* netlist");
  lines.push_back(options);
  lines.push_back(".end");
  return lines;
}

void check_external(const std::string& netlist, const std::map<std::string, VoltageTable>& tables) {
  auto sources = external_sources(netlist);
  for (const auto& [name, table] : tables) {
    const std::string problem = problem_of(table);
    if (!problem.empty()) throw SpiceError(fmt::format("table of source {}: {}", name, problem));
    if (std::erase(sources, lower_case(name)) == 0) {
      throw SpiceError(fmt::format(
          "table of source {}: expected that source as external in the netlist, found none", name));
    }
  }
  if (!sources.empty()) {
    throw SpiceError(fmt::format("external source {}: expected a table, got none", sources[0]));
  }
}

Message request_for(const std::string& netlist, const SpiceAnalysis& analysis) {
  check_netlist(netlist);
  check_vectors(analysis.vectors);
  check_external(netlist, analysis.external);
  Message request;
  auto& vectors = request.header["vectors"] = json::array();
  auto& commands = request.header["commands"] = json::array();
  constexpr std::size_t kVectorsPerCommand = 10;  // ngspice cuts a long command off
  for (std::size_t i = 0; i < analysis.vectors.size(); ++i) {
    const std::string name = lower_case(analysis.vectors[i]);
    vectors.push_back(name);
    if (i % kVectorsPerCommand == 0) commands.push_back("save");
    // The total is made of the spectrum, which is of another plot.
    const std::string saved = name == "onoise_total" ? "onoise_spectrum " + name : name;
    commands.back() = commands.back().get<std::string>() + " " + saved;
  }
  commands.push_back(analysis.command);
  request.header["circuit"] = circuit_lines(netlist, analysis.option_line);
  request.header["scale"] = analysis.scale;
  auto& tables = request.header["tables"] = json::array();
  for (const auto& [name, table] : analysis.external) {
    tables.push_back({{"source", lower_case(name)}, {"points", table.times.size()}});
    auto& values = request.values;
    values.insert(values.end(), table.times.begin(), table.times.end());
    values.insert(values.end(), table.values.begin(), table.values.end());
  }
  return request;
}

void take_vectors(const Message& reply, const SpiceAnalysis& analysis, SpiceAnswer& answer) {
  auto from = reply.values.begin();
  for (const auto& listed : reply.header.at("vectors")) {
    const auto name = listed.at("name").get<std::string>();
    const auto numbers = listed.at("numbers").get<std::ptrdiff_t>();
    if (numbers < 0 || numbers > reply.values.end() - from) {
      throw SpiceError(
          fmt::format("ngspice worker: expected {} numbers of {}, got fewer", numbers, name));
    }
    std::vector<double> values(from, from + numbers);
    from += numbers;
    const bool finite =
        std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
    if (!finite && answer.reason.empty()) {
      answer.reason = fmt::format("ngspice gave values of {} that are not finite", name);
    }
    if (!analysis.scale.empty() && name.ends_with(analysis.scale)) {
      const std::size_t stride = listed.at("complex").get<bool>() ? 2 : 1;
      for (std::size_t k = 0; k < values.size(); k += stride) answer.axis.push_back(values[k]);
      continue;
    }
    for (const std::string& wanted : analysis.vectors) {
      if (lower_case(wanted) == name) answer.vectors[wanted] = values;
    }
  }
}

}  // namespace

SpiceAnswer run_analysis(const std::string& netlist,
                         const SpiceAnalysis& analysis,
                         const SimulatorOptions& simulator) {
  WorkerOutcome outcome = run_worker(request_for(netlist, analysis), simulator);
  SpiceAnswer answer;
  answer.messages = std::move(outcome.messages);
  answer.reason = outcome.reason;
  answer.out_of_time = outcome.out_of_time;
  if (!outcome.reply) return answer;
  try {
    answer.reason = reason_of_reply(outcome.reply->header);
    answer.counters = outcome.reply->header.value("counters", json::object());
    take_vectors(*outcome.reply, analysis, answer);
  } catch (const json::exception& e) {
    throw SpiceError(
        fmt::format("ngspice worker: expected a complete reply, got: {}", plain_reason(e)));
  }
  return answer;
}

std::string reason_of_reply(const json& reply) {
  const auto state = reply.at("state").get<std::string>();
  const auto detail = reply.at("detail").get<std::string>();
  if (state == "library") {
    throw SpiceError(fmt::format("ngspice library: cannot be loaded: {}", detail));
  }
  if (state == "osdi") {
    throw SpiceError(fmt::format("OSDI device library: ngspice cannot load it: {}", detail));
  }
  if (state == "netlist") return "ngspice refused the netlist: " + detail;
  if (state == "analysis") return "ngspice could not finish the analysis: " + detail;
  if (state == "exit") return "ngspice called exit with status " + detail;
  return "";
}

}  // namespace psi_xlstm
