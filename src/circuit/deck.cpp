#include "circuit/deck.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "circuit/elements.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Known = std::map<std::string, double>;

constexpr std::size_t kMostElements = 1'000'000;

[[noreturn]] void refuse(const CircuitCard& card,
                         const std::string& expected,
                         const std::string& found) {
  throw SpiceError(fmt::format("{}: expected {}, got {}", place_of(card), expected, found));
}

bool is_ground(const std::string& node) { return node == "0" || node == "gnd"; }

/// The first word of a line that may be ".if(x)".
std::string_view word_of(const CircuitWords& words) {
  const std::string_view first = words.plain.front();
  return first.substr(0, first.find_first_of("({"));
}

/// Which lines between .if, .elseif, .else and .endif count.
class Conditions {
 public:
  /// Whether `word` is one of the four, and was taken; `holds` says whether its condition does.
  template <class Holds>
  bool take(const CircuitCard& card, std::string_view word, const Holds& holds) {
    if (word == ".if") {
      const bool outer = counts();
      const bool now = outer && holds();
      open_.push_back({.counts = now, .done = now || !outer});
      return true;
    }
    if (word != ".elseif" && word != ".else" && word != ".endif") return false;
    if (open_.empty()) refuse(card, fmt::format(".if before {}", word), card.text);
    Branch& last = open_.back();
    if (word == ".endif") {
      open_.pop_back();
    } else if (last.done) {
      last.counts = false;
    } else {
      last.counts = last.done = word == ".else" || holds();
    }
    return true;
  }

  bool counts() const { return open_.empty() || open_.back().counts; }

 private:
  struct Branch {
    bool counts = true;
    bool done = true;  ///< None of the branches that follow counts.
  };
  std::vector<Branch> open_;
};

/// Replaces every call of a subcircuit by its content.
class Flattener {
 public:
  Flattener(const CircuitDeck& deck, Circuit& circuit) : deck_(deck), circuit_(circuit) {}

  void flatten() {
    Known known;
    walk(deck_.bodies.at(""), "", {}, known, 0);
    std::set<std::string> nodes;
    const auto add = [&](const std::string& node) {
      if (!is_ground(node) && nodes.insert(node).second) circuit_.nodes.push_back(node);
    };
    for (const CircuitDevice& d : circuit_.devices) add(d.plus), add(d.minus);
    for (const CircuitElement& e : circuit_.elements) add(e.plus), add(e.minus);
    for (const CompiledInstance& c : circuit_.compiled) {
      for (const std::string& node : c.nodes) add(node);
    }
    check_voltage_loops();
    if (circuit_.not_covered.empty()) check_floating_devices();
  }

 private:
  using NodeNames = std::map<std::string, std::string>;

  static std::string renamed(const std::string& node,
                             const std::string& path,
                             const NodeNames& outside) {
    if (is_ground(node)) return "0";
    const auto found = outside.find(node);
    return found == outside.end() ? path + node : found->second;
  }

  // Sources that fix a voltage twice leave their currents open: no simulator solves that.
  void check_voltage_loops() const {
    std::map<std::string, std::string> parents;  // of a node, towards the name of its island
    const auto island = [&](std::string node) {
      for (auto up = parents.find(node); up != parents.end(); up = parents.find(node)) {
        node = up->second;
      }
      return node;
    };
    for (const CircuitElement& e : circuit_.elements) {
      if (e.kind != ElementKind::kVoltageSource && e.kind != ElementKind::kControlledVoltage) {
        continue;
      }
      const std::string a = island(is_ground(e.plus) ? "0" : e.plus);
      const std::string b = island(is_ground(e.minus) ? "0" : e.minus);
      if (a == b) {
        throw SpiceError(fmt::format(
            "netlist: expected no loop of voltage sources, got one that {} closes", e.name));
      }
      parents[a] = b;
    }
  }

  // What nothing else touches carries no current, and a simulator gives it any voltage.
  void check_floating_devices() const {
    std::map<std::string, int> uses;
    const auto use = [&](const std::string& node) { ++uses[is_ground(node) ? "0" : node]; };
    for (const CircuitDevice& d : circuit_.devices) use(d.plus), use(d.minus);
    for (const CircuitElement& e : circuit_.elements) {
      use(e.plus), use(e.minus);
      if (!e.expression) continue;
      for (const CircuitExpression::Voltage& v : e.expression->voltages())
        use(v.plus), use(v.minus);
    }
    for (const CircuitDevice& d : circuit_.devices) {
      for (const std::string& node : {d.plus, d.minus}) {
        if (is_ground(node) || uses[node] > 1) continue;
        throw SpiceError(
            fmt::format("netlist: expected something else at node {} than a terminal of {}, got "
                        "nothing: the terminal floats",
                        node, d.name));
      }
    }
  }

  // Adds the values of `assignments`, told from those in `known`, to `values`.
  void evaluate(const std::map<std::string, std::string>& assignments,
                const Known& known,
                const std::string& where,
                Known& values) {
    for (const auto& assignment : assignments) {
      covered([&] { values[assignment.first] = circuit_value(assignment.second, known, where); });
    }
  }

  // What cannot be read is not covered; the comparison of the forms needs none of it.
  template <class Action>
  void covered(Action action) {
    try {
      action();
    } catch (const MalformedCard&) {
      throw;
    } catch (const SpiceError& e) {
      if (circuit_.not_covered.empty()) circuit_.not_covered = e.what();
      if (circuit_.not_taken_apart.empty()) circuit_.not_taken_apart = e.what();
    }
  }

  // Whether the condition on `card` holds.
  bool holds(const CircuitCard& card, const Known& known) {
    bool result = false;
    covered([&] {
      const std::string where = place_of(card);
      const std::string_view text = card.text;
      result = CircuitExpression(text.substr(text.find_first_of(" \t({")), known, where)
                   .constant(where) != 0;
    });
    return result;
  }

  /// The models of one body.
  struct ModelCard {
    CircuitCard card;
    int number = -1;  ///< In circuit_.models; -1: not used so far.
  };
  using Models = std::map<std::string, ModelCard>;

  void walk(const CircuitBody& body,
            const std::string& path,
            const NodeNames& outside,
            Known known,
            int depth) {
    Models models;
    Conditions conditions;
    const auto condition_of = [&](const CircuitCard& card) {
      return [&] { return holds(card, known); };
    };
    for (const CircuitCard& card : body.cards) {
      const CircuitWords words = circuit_words(card.text);
      const std::string_view first = word_of(words);
      if (conditions.take(card, first, condition_of(card)) || !conditions.counts()) continue;
      if (first == ".param") evaluate(words.assignments, known, place_of(card), known);
      if (first == ".model" && words.plain.size() > 2) models[words.plain[1]] = {.card = card};
    }
    if (depth == 0) globals_ = {.models = models, .known = known};
    for (const CircuitCard& card : body.cards) {
      const CircuitWords words = circuit_words(card.text);
      const std::string_view first = word_of(words);
      if (conditions.take(card, first, condition_of(card)) || !conditions.counts()) continue;
      if (first == ".param" || first == ".model") continue;
      if (first.front() == 'x') {
        call(card, words, path, outside, known, depth);
      } else if (first.front() == 'n') {
        covered([&] { add_compiled(card, words, path, outside, known, models); });
      } else {
        CircuitElement element;
        bool read = false;
        covered([&] {
          element = circuit_element(card, known);
          read = true;
        });
        if (read) add_element(card, std::move(element), path, outside);
      }
    }
  }

  void call(const CircuitCard& card,
            const CircuitWords& words,
            const std::string& path,
            const NodeNames& outside,
            const Known& known,
            int depth) {
    if (deck_.is_device(words.plain.back())) return add_device(card, words, path, outside, known);
    const auto found = deck_.bodies.find(words.plain.back());
    if (found == deck_.bodies.end()) refuse(card, "a subcircuit of this file", card.text);
    const CircuitBody& body = found->second;
    if (words.plain.size() != body.ports.size() + 2) {
      refuse(card, fmt::format("{} nodes of {}", body.ports.size(), found->first), card.text);
    }
    if (depth >= 20) refuse(card, "at most 20 subcircuits in each other", card.text);
    check_size(++calls_);
    NodeNames inside;
    for (std::size_t i = 0; i < body.ports.size(); ++i) {
      inside[body.ports[i]] = renamed(words.plain[i + 1], path, outside);
    }
    if (words.assignments.contains("m")) {  // It multiplies all that is inside.
      covered([&] {
        throw SpiceError(
            fmt::format("{}: m of a subcircuit is not known to the reference", place_of(card)));
      });
    }
    Known inner = known;
    evaluate(body.defaults, known, place_of(card), inner);
    evaluate(words.assignments, known, place_of(card), inner);
    walk(body, path + words.plain.front() + ".", inside, std::move(inner), depth + 1);
  }

  void check_size(std::size_t count) const {
    if (count > kMostElements) {
      throw SpiceError(
          fmt::format("netlist: expected at most {} elements, got more", kMostElements));
    }
  }

  void add_device(const CircuitCard& card,
                  const CircuitWords& words,
                  const std::string& path,
                  const NodeNames& outside,
                  const Known& known) {
    CircuitDevice device{.name = path + words.plain[0],
                         .plus = renamed(words.plain[1], path, outside),
                         .minus = renamed(words.plain[2], path, outside)};
    const std::string where = place_of(card);
    for (const auto& assignment : words.assignments) {
      const std::string &name = assignment.first, &text = assignment.second;
      std::optional<double> value;
      covered([&] { value = circuit_value(text, known, where); });
      if (!value) continue;
      if (name == "g0") device.conductance = value;
      if (name == "area" || name == "m") device.area *= *value;
      const bool possible = name == "hold" ? *value == 0 || *value == 1 : *value > 0;
      if (!possible) refuse(card, name == "hold" ? "hold=0 or hold=1" : name + " above 0", text);
      covered([&] {
        if (name != "hold" || *value == 1) return;
        throw SpiceError(fmt::format("{}: hold=0 is not known to the reference", where));
      });
    }
    circuit_.devices.push_back(std::move(device));
    check_size(circuit_.devices.size());
  }

  using Numbers = std::vector<std::pair<std::string, double>>;

  Numbers numbers_of(const CircuitWords& words, const Known& known, const std::string& where) {
    Numbers numbers;
    for (const auto& [name, text] : words.assignments) {
      numbers.emplace_back(name, circuit_value(text, known, where));
    }
    return numbers;
  }

  // The model `name` of this body, or of the deck outside of all; its name in circuit_.models.
  std::string compiled_model(const CircuitCard& from,
                             const std::string& name,
                             const Known& known,
                             Models& models) {
    auto found = models.find(name);
    const bool local = found != models.end();
    Models& in = local ? models : globals_.models;
    if (!local) found = in.find(name);
    if (found == in.end()) {
      throw MalformedCard(
          fmt::format("{}: expected a .model line of {}, got none", place_of(from), name));
    }
    ModelCard& model = found->second;
    if (model.number < 0) {
      // Its parameters may stand in parentheses.
      std::string text = model.card.text;
      const std::size_t open = text.find('('), equals = text.find('='), close = text.rfind(')');
      if (open < equals && close != text.npos) text[open] = text[close] = ' ';
      const CircuitWords words = circuit_words(text);
      model.number = static_cast<int>(circuit_.models.size());
      circuit_.models.push_back(
          {.name = fmt::format("model_{}", model.number + 1),
           .type = words.plain.at(2),
           .parameters = numbers_of(words, local ? known : globals_.known, place_of(model.card))});
    }
    return circuit_.models[static_cast<std::size_t>(model.number)].name;
  }

  void add_compiled(const CircuitCard& card,
                    const CircuitWords& words,
                    const std::string& path,
                    const NodeNames& outside,
                    const Known& known,
                    Models& models) {
    if (circuit_.not_covered.empty()) {
      circuit_.not_covered =
          fmt::format("{}: {} is of a compiled model, which the reference does not know",
                      place_of(card), words.plain.front());
    }
    CompiledInstance instance{.name = path + words.plain.front(),
                              .nodes = {},
                              .model = compiled_model(card, words.plain.back(), known, models),
                              .parameters = numbers_of(words, known, place_of(card))};
    for (std::size_t k = 1; k + 1 < words.plain.size(); ++k) {
      instance.nodes.push_back(renamed(words.plain[k], path, outside));
    }
    circuit_.compiled.push_back(std::move(instance));
    check_size(circuit_.compiled.size());
  }

  // Neither the reference nor a simulator can go through them one by one.
  void check_breakpoints(const CircuitCard& card, const Stimulus& wave) const {
    const double count = wave.breakpoint_count(circuit_.stop_time);
    if (count <= kMostBreakpoints) return;
    refuse(card, fmt::format("at most {:.0f} breakpoints until the stop time", kMostBreakpoints),
           fmt::format("{:.3g}", count));
  }

  void add_element(const CircuitCard& card,
                   CircuitElement element,
                   const std::string& path,
                   const NodeNames& outside) {
    check_breakpoints(card, element.wave);
    element.name = path + element.name;
    element.plus = renamed(element.plus, path, outside);
    element.minus = renamed(element.minus, path, outside);
    if (element.expression) {
      auto copy = std::make_shared<CircuitExpression>(*element.expression);
      copy->rename([&](const std::string& node) { return renamed(node, path, outside); });
      element.expression = std::move(copy);
    }
    circuit_.elements.push_back(std::move(element));
    check_size(circuit_.elements.size());
  }

  const CircuitDeck& deck_;
  Circuit& circuit_;
  struct {
    Models models;
    Known known;
  } globals_;
  std::size_t calls_ = 0;
};

}  // namespace

void flatten_circuit(const CircuitDeck& deck, Circuit& circuit) {
  Flattener(deck, circuit).flatten();
}

}  // namespace psi_xlstm
