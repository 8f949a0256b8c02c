#include "circuit/elements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Known = std::map<std::string, double>;

[[noreturn]] void refuse(const CircuitCard& card, const std::string& expected) {
  throw SpiceError(fmt::format("{}: expected {}, got {}", place_of(card), expected, card.text));
}

/// The numbers after a function of a source, e.g. of "pulse(0 1 2u ...)".
std::vector<double> arguments(const CircuitCard& card, std::string text, const Known& known) {
  for (char& c : text) {
    if (c == '(' || c == ')') c = ' ';
  }
  std::vector<double> values;
  for (const std::string& word : circuit_words(text).plain) {
    values.push_back(circuit_value(word, known, place_of(card)));
  }
  return values;
}

Stimulus sine(const CircuitCard& card, const std::vector<double>& a) {
  const bool plain = a.size() >= 3 && a.size() <= 6 && (a.size() < 5 || a[4] == 0);
  if (!plain) refuse(card, "sin(offset amplitude frequency delay 0 phase) in the reference");
  const auto at = [&](std::size_t i) { return i < a.size() ? a[i] : 0; };
  return {.terms = {SineTerm{a[0], a[1], a[2], at(3), at(5)}}};
}

Stimulus pulse(const CircuitCard& card, const std::vector<double>& a) {
  if (a.size() < 6 || a.size() > 7) {
    refuse(card, "pulse(low high delay rise fall width period) in the reference");
  }
  return {.terms = {PulseTerm{a[0], a[1], a[2], a[3], a[4], a[5], a.size() == 7 ? a[6] : 0}}};
}

// v1 + (v2 - v1) (1 - exp(-(t - t1) / tau1)) - (v2 - v1) (1 - exp(-(t - t2) / tau2))
Stimulus exponential(const CircuitCard& card, const std::vector<double>& a) {
  if (a.size() != 6) refuse(card, "exp(v1 v2 delay1 tau1 delay2 tau2) in the reference");
  constexpr double kNever = 1e-30;  // [1/s]
  return {.terms = {ConstantTerm{a[0]}, DecayingJumpTerm{a[1] - a[0], a[2], kNever, a[3]},
                    DecayingJumpTerm{a[0] - a[1], a[4], kNever, a[5]}}};
}

Stimulus piecewise(const CircuitCard& card, const std::vector<double>& a) {
  VoltageTable table;
  for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
    table.times.push_back(a[i]);
    table.values.push_back(a[i + 1]);
  }
  const std::string problem = problem_of(table);
  if (!problem.empty() || a.size() % 2 != 0) refuse(card, "pwl(t1 v1 t2 v2 ...) in rising times");
  return {.terms = {table}};
}

/// What stands after the nodes of a source: [dc] value, ac value, and one function of time.
Stimulus wave_of(const CircuitCard& card, const std::string& text, const Known& known) {
  const std::size_t open = text.find('(');
  std::string before = text.substr(0, open);
  Stimulus wave{.terms = {ConstantTerm{0}}};
  if (open != text.npos) {
    const std::size_t close = text.rfind(')');
    if (close == text.npos || text.find_first_not_of(" \t", close + 1) != text.npos) {
      refuse(card, "one function of time at the end of a source in the reference");
    }
    const std::size_t end = before.find_last_not_of(" \t") + 1;
    const std::size_t begin = before.find_last_of(" \t", end - 1) + 1;
    const std::string function = before.substr(begin, end - begin);
    const std::vector<double> a = arguments(card, text.substr(open, close - open), known);
    before.erase(begin);
    if (function == "sin") {
      wave = sine(card, a);
    } else if (function == "pulse") {
      wave = pulse(card, a);
    } else if (function == "exp") {
      wave = exponential(card, a);
    } else if (function == "pwl") {
      wave = piecewise(card, a);
    } else {
      refuse(card, "sin, pulse, exp or pwl in the reference");
    }
  }
  const std::vector<std::string> words = circuit_words(before).plain;
  const auto malformed = [&](const char* expected) {
    throw MalformedCard(
        fmt::format("{}: expected {}, got {}", place_of(card), expected, card.text));
  };
  bool has_dc = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "ac") {  // a size and a phase may follow
      while (i + 1 < words.size() && words[i + 1] != "dc") ++i;
    } else {
      if (words[i] == "dc" && !has_value) malformed("a value after dc");
      if (words[i] == "dc") ++i;
      const double value = circuit_value(words[i], known, place_of(card));
      if (has_dc) malformed("one DC value");
      has_dc = true;
      if (open == text.npos) wave.terms = {ConstantTerm{value}};
    }
  }
  check_stimulus(wave);
  return wave;
}

/// The text of `card` after its first `count` words.
std::string after_words(const std::string& text, int count) {
  std::size_t at = 0;
  for (int i = 0; i < count; ++i) {
    at = text.find_first_not_of(" \t,", at);
    at = std::min(text.find_first_of(" \t,", at), text.size());
  }
  return text.substr(at);
}

void linear_control(const CircuitCard& card,
                    const std::vector<std::string>& words,
                    const Known& known,
                    CircuitElement& element) {
  if (words.size() != 6) refuse(card, "name, four nodes and a gain in the reference");
  const double gain = circuit_value(words[5], known, place_of(card));
  element.value = gain;
  element.expression = std::make_shared<CircuitExpression>(
      fmt::format("{}*v({},{})", gain, words[3], words[4]), known, place_of(card));
}

void behavioural(const CircuitCard& card, const Known& known, CircuitElement& element) {
  std::string rest = after_words(card.text, 3);
  const std::size_t equals = rest.find('=');
  const std::size_t first = rest.find_first_not_of(" \t");
  if (equals == rest.npos || first == rest.npos || (rest[first] != 'v' && rest[first] != 'i') ||
      rest.find_first_not_of(" \t", first + 1) != equals) {
    refuse(card, "v=expression or i=expression");
  }
  element.kind =
      rest[first] == 'v' ? ElementKind::kControlledVoltage : ElementKind::kControlledCurrent;
  element.expression = std::make_shared<CircuitExpression>(
      std::string_view(rest).substr(equals + 1), known, place_of(card));
}

}  // namespace

double circuit_value(const std::string& text, const Known& known, const std::string& where) {
  const char first = text.empty() ? '0' : text.front();
  const bool named = first >= 'a' && first <= 'z';
  if (first == '{' || named) return CircuitExpression(text, known, where).constant(where);
  return spice_number(text, where);
}

CircuitElement circuit_element(const CircuitCard& card, const Known& known) {
  const CircuitWords words = circuit_words(card.text);
  if (words.plain.size() < 3) refuse(card, "an element between two nodes");
  CircuitElement element;
  element.name = words.plain[0];
  element.plus = words.plain[1];
  element.minus = words.plain[2];
  const char letter = element.name.front();
  const bool passive = letter == 'r' || letter == 'c' || letter == 'l';
  if (passive) {
    element.kind = letter == 'r'   ? ElementKind::kResistor
                   : letter == 'c' ? ElementKind::kCapacitor
                                   : ElementKind::kInductor;
    CircuitWords rest = words;
    rest.assignments.erase("ic");  // of `uic` only, which the reference does not know
    if (rest.plain.size() != 4 || !rest.assignments.empty()) {
      refuse(card, "name, two nodes and a value in the reference");
    }
    element.value = circuit_value(words.plain[3], known, place_of(card));
    if (!(element.value > 0)) refuse(card, "a value above 0 in the reference");
  } else if (letter == 'v' || letter == 'i') {
    element.kind = letter == 'v' ? ElementKind::kVoltageSource : ElementKind::kCurrentSource;
    element.wave = wave_of(card, after_words(card.text, 3), known);
  } else if (letter == 'e' || letter == 'g') {
    element.kind =
        letter == 'e' ? ElementKind::kControlledVoltage : ElementKind::kControlledCurrent;
    linear_control(card, words.plain, known, element);
  } else if (letter == 'b') {
    behavioural(card, known, element);
  } else {
    refuse(card, "R C L V I E G B or the device in the reference");
  }
  return element;
}

}  // namespace psi_xlstm
