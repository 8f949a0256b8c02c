#include "circuit/circuit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "circuit/cards.hpp"
#include "circuit/deck.hpp"
#include "circuit/netlist_check.hpp"
#include "core/atomic_file.hpp"
#include "core/identifier.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::string_view kDevice = "device";
constexpr std::string_view kLetters = "rclvigebfhdqmjknswtx";

[[noreturn]] void refuse(const CircuitCard& card,
                         const std::string& expected,
                         const std::string& found) {
  throw SpiceError(fmt::format("{}: expected {}, got {}", place_of(card), expected, found));
}

/// "i(vmeter)" of a voltage source `source` that stands where `path` ("xrow1." or "") says.
std::string source_current(const std::string& path, const std::string& source) {
  return path.empty() ? fmt::format("i({})", source) : fmt::format("i(v.{}{})", path, source);
}

/// "xa.xb.r1" as "xa.xb." and "r1".
std::pair<std::string, std::string> path_and_name(const std::string& full) {
  const std::size_t dot = full.rfind('.');
  if (dot == full.npos) return {"", full};
  return {full.substr(0, dot + 1), full.substr(dot + 1)};
}

void read_transient(const CircuitCard& card, Circuit& circuit) {
  if (circuit.stop_time > 0) refuse(card, "one .tran line", "a second one");
  std::vector<std::string> words = circuit_words(card.text).plain;
  circuit.use_initial_conditions = words.back() == "uic";
  if (circuit.use_initial_conditions) words.pop_back();
  if (words.size() < 3 || words.size() > 5) refuse(card, ".tran step stop [0 [max]]", card.text);
  const auto number = [&](std::size_t i) { return spice_number(words[i], place_of(card)); };
  circuit.print_step = number(1);
  circuit.stop_time = number(2);
  if (words.size() > 3 && number(3) != 0) refuse(card, "a start of 0", words[3]);
  if (words.size() > 4) circuit.max_step = number(4);
  const bool sensible = circuit.print_step > 0 && circuit.stop_time > circuit.print_step &&
                        circuit.max_step >= 0 && circuit.max_step <= circuit.stop_time;
  if (!sensible) refuse(card, "0 < step < stop and a longest step up to stop", card.text);
  constexpr double kMostSteps = 1e7;
  const double step = circuit.max_step > 0 ? circuit.max_step : circuit.print_step;
  if (circuit.stop_time / step > kMostSteps) {
    refuse(card, fmt::format("at most {:.0f} steps", kMostSteps),
           fmt::format("{:.3g}", circuit.stop_time / step));
  }
}

/// `sentence` with "<word>12" replaced by `place` of 12, wherever it stands.
template <class Place>
std::string with_places(const std::string& sentence, std::string_view word, const Place& place) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = sentence.find(word); at != sentence.npos; at = sentence.find(word, from)) {
    const std::size_t first = at + word.size();
    std::size_t found = 0;
    const auto [end, problem] =
        std::from_chars(sentence.data() + first, sentence.data() + sentence.size(), found);
    const bool number = problem == std::errc() && found >= 1;
    out += sentence.substr(from, (number ? at : first) - from);
    from = first;
    if (!number) continue;
    from = static_cast<std::size_t>(end - sentence.data());
    out += place(found);
  }
  return out + sentence.substr(from);
}

/// Splits a deck into the parts that stay and the calls of the device.
class Reader {
 public:
  Reader(const ir::Network& network, Circuit& circuit)
      : network_(network),
        circuit_(circuit),
        deck_{.device = std::string(kDevice), .model = lower_case(network.name)} {
    deck_.bodies[""] = {};
  }

  void read(const std::vector<DeckLine>& lines) {
    std::vector<std::string> kept;
    const std::vector<CircuitCard> cards = circuit_cards(lines, kept);
    std::string checked;
    for (const std::string& line : kept) checked += (of_analysis(line) ? "*" : line) + "\n";
    try {
      check_netlist(checked);
    } catch (const SpiceError& e) {
      throw SpiceError(with_places(e.what(), "netlist line ", [&](std::size_t n) {
        return n <= lines.size() ? place_of({.place = lines[n - 1].place, .text = {}}) : "the end";
      }));
    }
    for (const CircuitCard& card : cards) take(card);
    if (inside_) throw SpiceError("netlist: expected .ends after .subckt, got the end");
    if (conditions_ != 0) throw SpiceError("netlist: expected .endif after .if, got the end");
    if (circuit_.stop_time == 0) {
      throw SpiceError("netlist: expected a line .tran step stop [0 [max]], got none");
    }
  }

  const CircuitDeck& deck() const { return deck_; }
  bool has_device() const { return has_device_; }

 private:
  // Whether `line` is .tran or a continuation of it.
  bool of_analysis(const std::string& line) {
    if (line.front() != '+' && line.front() != '*') {
      in_analysis_ = line.substr(0, line.find_first_of(" \t,")) == ".tran";
    }
    return in_analysis_;
  }

  void take(const CircuitCard& card) {
    const CircuitWords words = circuit_words(card.text);
    if (words.plain.empty()) refuse(card, "an element", card.text);
    // ".if(x)" is two words without a blank.
    const std::string first =
        words.plain.front().substr(0, words.plain.front().find_first_of("({"));
    if (first.empty()) refuse(card, "an element", card.text);
    check_names(card);
    const bool has_parameters = first.front() == 'x' || first == ".subckt" || first == ".param";
    if (has_parameters && !words.repeated.empty()) {
      refuse(card, fmt::format("one value of {}", words.repeated), "several");
    }
    if (first == ".tran") return read_transient(card, circuit_);
    if (first == ".end") return;
    if (first == ".subckt") {
      begin(card, words);
    } else if (first == ".ends") {
      inside_ = false;
      current_.clear();
    } else if (first.front() == '.') {
      take_dot_line(card, first);
    } else if (kLetters.find(first.front()) == kLetters.npos) {
      refuse(card, fmt::format("an element of type {}", kLetters), first);
    } else if (check_new(card, first), check_compiled(card, words);
               first.front() == 'x' && deck_.is_device(words.plain.back())) {
      return take_device(card, words);
    } else {
      deck_.bodies[current_].cards.push_back(card);
    }
    circuit_.lines.push_back({.text = card.text, .place = card.place});
  }

  // A simulator finds a second element of the same name, but not where it stands. Under a condition
  // the other may be left out.
  void check_new(const CircuitCard& card, const std::string& name) {
    if (conditions_ == 0 && !names_[current_].insert(name).second)
      refuse(card, "a new name of an element", name);
  }

  void check_compiled(const CircuitCard& card, const CircuitWords& words) const {
    if (words.plain.front().front() == 'n' && words.plain.size() < 3) {
      refuse(card, "n<name> nodes model", card.text);
    }
  }

  void check_names(const CircuitCard& card) const {
    for (const std::string_view taken : {"psi_", "vpsi_"}) {
      for (std::size_t at = card.text.find(taken); at != card.text.npos;
           at = card.text.find(taken, at + 1)) {
        const bool inside =
            at > 0 && (std::isalnum(static_cast<unsigned char>(card.text[at - 1])) != 0 ||
                       card.text[at - 1] == '_');
        if (!inside) refuse(card, "no name that begins with psi_ or vpsi_", card.text);
      }
    }
    if (card.text.find("external") != card.text.npos) refuse(card, "no external source", card.text);
  }

  void begin(const CircuitCard& card, const CircuitWords& words) {
    if (inside_) refuse(card, "no .subckt inside another", card.text);
    if (words.plain.size() < 2) refuse(card, ".subckt name nodes", card.text);
    const std::string& name = words.plain[1];
    if (deck_.is_device(name) || deck_.bodies.contains(name)) {
      refuse(card, "a new name of a subcircuit", name);
    }
    inside_ = true;
    current_ = name;
    deck_.bodies[name] = {.ports = {words.plain.begin() + 2, words.plain.end()},
                          .defaults = words.assignments,
                          .cards = {}};
  }

  void take_dot_line(const CircuitCard& card, const std::string& first) {
    if (first == ".if") ++conditions_;
    if (first == ".endif" && --conditions_ < 0) refuse(card, ".if before .endif", card.text);
    const bool kept = first == ".param" || first == ".model" || first == ".if" ||
                      first == ".elseif" || first == ".else" || first == ".endif";
    if (kept) deck_.bodies[current_].cards.push_back(card);
    if (first == ".ic" || first == ".nodeset" || first == ".temp") {
      circuit_.not_covered =
          fmt::format("{} ({}) is not known to the reference", first, card.place);
      circuit_.not_taken_apart = fmt::format("{} ({})", first, card.place);
    }
  }

  void take_device(const CircuitCard& card, const CircuitWords& words) {
    if (words.plain.size() != 4) {
      refuse(card, fmt::format("\"x<name> plus minus {} g0=...\"", words.plain.back()), card.text);
    }
    const bool tied = network_.state_count() > 0 && network_.start != ir::Start::kRest;
    std::string assignments;
    for (const auto& [name, value] : words.assignments) {
      const bool known = name == "area" || name == "m" || (name == "g0" && tied) ||
                         (name == "hold" && network_.state_count() > 0);
      if (!known) {
        refuse(card, fmt::format("a parameter among {}area, m", tied ? "g0, hold, " : ""), name);
      }
      if (value.empty()) refuse(card, fmt::format("a value of {}", name), "none");
      if (!value.starts_with('{')) (void)spice_number(value, place_of(card));
      assignments += fmt::format(" {}={}", name, value);
    }
    has_device_ = true;
    deck_.bodies[current_].cards.push_back(card);
    circuit_.lines.push_back({.text = {},
                              .place = card.place,
                              .is_device = true,
                              .instance = words.plain[0],
                              .plus = words.plain[1],
                              .minus = words.plain[2],
                              .assignments = assignments});
  }

  const ir::Network& network_;
  Circuit& circuit_;
  CircuitDeck deck_;
  std::string current_;
  std::map<std::string, std::set<std::string>> names_;  ///< Of elements, by subcircuit.
  bool inside_ = false, in_analysis_ = false, has_device_ = false;
  int conditions_ = 0;  ///< How deep in .if.
};

// Reads one deck into `circuit`.
Circuit circuit_of(const std::vector<DeckLine>& lines,
                   const std::string& name,
                   const ir::Network& network) {
  if (network.port_count() != 1) {
    throw SpiceError(fmt::format("model {}: expected one port for a circuit, found {}",
                                 network.name, network.port_count()));
  }
  Circuit circuit;
  circuit.name = name;
  Reader reader(network, circuit);
  reader.read(lines);
  if (!reader.has_device()) {
    throw SpiceError(
        fmt::format("netlist: expected a line \"x<name> plus minus {}\" or \"... {}\", got none",
                    kDevice, network.name));
  }
  if (circuit.use_initial_conditions) {
    if (circuit.not_covered.empty()) circuit.not_covered = "uic is not known to the reference";
    circuit.not_taken_apart = "uic";
  }
  flatten_circuit(reader.deck(), circuit);
  if (circuit.devices.empty()) {
    throw SpiceError("netlist: expected a device in use, got one in a subcircuit without calls");
  }
  return circuit;
}

}  // namespace

std::string CircuitDevice::current_vector() const {
  const auto [path, last] = path_and_name(name);
  return source_current(path, "vpsi_" + last);
}

std::string CircuitElement::current_vector() const {
  const auto [path, last] = path_and_name(name);
  return source_current(path, last);
}

std::string Circuit::netlist(const EmittedModel& model, double longest_step) const {
  std::string text = fmt::format("* {}\n", name);
  for (const Line& line : lines) {
    if (!line.is_device) {
      text += line.text + "\n";
      continue;
    }
    text += fmt::format("vpsi_{0} {1} psi_{0} 0.0\n", line.instance, line.plus);
    text += model.element("psi_" + line.instance, "psi_" + line.instance, line.minus,
                          line.assignments, longest_step);
  }
  return text + model.definition();
}

std::string Circuit::in_lines_of_the_deck(const std::string& sentence) const {
  std::vector<std::string> places = {"line 1"};  // by line of the netlist; the first is the title
  for (const Line& line : lines) places.insert(places.end(), line.is_device ? 2 : 1, line.place);
  return with_places(sentence, "line ", [&](std::size_t n) {
    return n <= places.size() ? places[n - 1] : std::string("the model's own definition");
  });
}

Circuit parse_circuit(std::string_view text, const std::string& name, const ir::Network& network) {
  return circuit_of(deck_lines(text), name, network);
}

Circuit read_circuit(const std::filesystem::path& file, const ir::Network& network) {
  const std::string text = read_file(file);
  try {
    return circuit_of(deck_lines_with_files(text, file.parent_path()),
                      identifier_from(file.stem().string()), network);
  } catch (const Error& e) {
    throw SpiceError(fmt::format("{}: {}", file.string(), e.what()));
  }
}

}  // namespace psi_xlstm
