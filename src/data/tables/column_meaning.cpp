#include "data/tables/column_meaning.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "core/identifier.hpp"
#include "data/tables/csv_lines.hpp"

namespace psi_xlstm {
namespace {

struct Unit {
  std::string_view name;
  double scale;
};

// Those with a long name stand behind the short ones and are left out of messages.
constexpr auto kSeconds = std::to_array<Unit>({{"s", 1},
                                               {"ms", 1e-3},
                                               {"us", 1e-6},
                                               {"ns", 1e-9},
                                               {"ps", 1e-12},
                                               {"min", 60},
                                               {"h", 3600},
                                               {"sec", 1},
                                               {"secs", 1},
                                               {"second", 1},
                                               {"seconds", 1},
                                               {"minutes", 60},
                                               {"hours", 3600}});
constexpr auto kVolts = std::to_array<Unit>(
    {{"V", 1}, {"mV", 1e-3}, {"uV", 1e-6}, {"nV", 1e-9}, {"kV", 1e3}, {"volt", 1}, {"volts", 1}});
constexpr auto kAmperes = std::to_array<Unit>({{"A", 1},
                                               {"mA", 1e-3},
                                               {"uA", 1e-6},
                                               {"nA", 1e-9},
                                               {"pA", 1e-12},
                                               {"fA", 1e-15},
                                               {"amp", 1},
                                               {"amps", 1},
                                               {"ampere", 1},
                                               {"amperes", 1}});
constexpr auto kSiemens = std::to_array<Unit>({{"S", 1}, {"mS", 1e-3}, {"uS", 1e-6}, {"nS", 1e-9}});
constexpr std::size_t kLongestSymbol = 3;

// Units of quantities that are not read, in lower case.
constexpr auto kOtherUnits = std::to_array<std::string_view>(
    {"ohm", "ohms", "kohm", "w",   "mw", "hz", "khz", "mhz", "c",    "k",     "f", "pf",
     "nf",  "j",    "ah",   "mah", "wh", "db", "deg", "%",   "unit", "units", "-", "sequence"});

std::span<const Unit> units_of(Quantity quantity) {
  switch (quantity) {
    case Quantity::kTime:
      return kSeconds;
    case Quantity::kVoltage:
      return kVolts;
    case Quantity::kCurrent:
    case Quantity::kCleanCurrent:
      return kAmperes;
    case Quantity::kInitialConductance:
      return kSiemens;
    case Quantity::kRecord:
    case Quantity::kOther:
      break;
  }
  return {};
}

struct Spelling {
  std::string_view name;
  Quantity quantity;
  int rank = 0;
};

constexpr auto kSpellings =
    std::to_array<Spelling>({{"time", Quantity::kTime},
                             {"t", Quantity::kTime},
                             {"voltage", Quantity::kVoltage},
                             {"v", Quantity::kVoltage},
                             {"current", Quantity::kCurrent},
                             {"i", Quantity::kCurrent},
                             {"current_clean", Quantity::kCleanCurrent},
                             {"clean_current", Quantity::kCleanCurrent},
                             {"i_clean", Quantity::kCleanCurrent},
                             {"initial_conductance", Quantity::kInitialConductance},
                             {"g0", Quantity::kInitialConductance},
                             {"record", Quantity::kRecord},
                             {"cycle", Quantity::kRecord},
                             {"sweep", Quantity::kRecord}});

// Spellings of instruments and simulators.
constexpr auto kOtherSpellings = std::to_array<Spelling>({{"elapsed_time", Quantity::kTime, 1},
                                                          {"test_time", Quantity::kTime, 1},
                                                          {"relative_time", Quantity::kTime, 1},
                                                          {"time_elapsed", Quantity::kTime, 1},
                                                          {"total_time", Quantity::kTime, 1},
                                                          {"x-axis", Quantity::kTime, 1},
                                                          {"zeit", Quantity::kTime, 1},
                                                          {"potential", Quantity::kVoltage, 1},
                                                          {"ewe", Quantity::kVoltage, 1},
                                                          {"spannung", Quantity::kVoltage, 1},
                                                          {"strom", Quantity::kCurrent, 1},
                                                          {"scan", Quantity::kRecord, 1},
                                                          {"run", Quantity::kRecord, 1},
                                                          {"step", Quantity::kRecord, 1},
                                                          {"loop", Quantity::kRecord, 1},
                                                          {"segment", Quantity::kRecord, 1},
                                                          {"trace", Quantity::kRecord, 1}});

// Words for what was asked of the instrument, beside what it measured.
constexpr auto kSetpoints = std::to_array<std::string_view>(
    {"applied", "setpoint", "set", "programmed", "command", "nominal", "target"});
constexpr int kSpelled = 1, kByUnit = 2, kSetpoint = 3;

// Words that name a port beside "v", "i", "voltage" or "current".
constexpr auto kPorts = std::to_array<std::string_view>(
    {"g",    "d",    "s",    "b",    "c",      "e",         "a",      "k",  "p",
     "n",    "gs",   "ds",   "bs",   "gd",     "be",        "ce",     "bc", "in",
     "out",  "dd",   "ss",   "cc",   "source", "drain",     "cb",     "eb", "top",
     "bias", "gate", "bulk", "base", "body",   "collector", "emitter"});

using Meaning = ColumnMeaning;

// The micro and Greek mu signs of UTF-8, and the micro sign of Latin-1, become "u".
std::string with_plain_micro(std::string_view text) {
  std::string result(text);
  for (std::string_view sign : {"\xC2\xB5", "\xCE\xBC", "\xB5"}) {
    for (auto at = result.find(sign); at != result.npos; at = result.find(sign)) {
      result.replace(at, sign.size(), "u");
    }
  }
  return result;
}

// Any case will do, except that M (mega) is not m (milli).
const Unit* find_unit(Quantity quantity, std::string_view text) {
  for (const Unit& unit : units_of(quantity)) {
    const bool mega = text.size() == 2 && text.front() == 'M';
    if (unit.name == text || (!mega && same_in_any_case(unit.name, text))) return &unit;
  }
  return nullptr;
}

bool is_port(std::string_view word) {
  const bool digits =
      std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  return !word.empty() && (digits || std::find(kPorts.begin(), kPorts.end(), word) != kPorts.end());
}

// v1, v_gs, current_2, drain_current, and AV, AI of source-measure units; `name` in lower case.
std::optional<Meaning> port_meaning(std::string_view name) {
  constexpr auto kWords = std::to_array<Spelling>({{"voltage", Quantity::kVoltage},
                                                   {"current", Quantity::kCurrent},
                                                   {"v", Quantity::kVoltage},
                                                   {"i", Quantity::kCurrent}});
  const auto separates = [](char c) { return c == '_' || c == ' '; };
  for (const Spelling& word : kWords) {
    if (name.size() <= word.name.size()) continue;
    if (name.starts_with(word.name)) {
      std::string_view port = name.substr(word.name.size());
      if (separates(port.front())) port.remove_prefix(1);
      if (is_port(port)) return Meaning{.quantity = word.quantity, .port = std::string(port)};
    }
    if (name.ends_with(word.name)) {
      std::string_view port = name.substr(0, name.size() - word.name.size());
      const bool channel = port.size() == 1 && port[0] >= 'a' && port[0] <= 'd';
      if (word.name.size() == 1 && channel)
        return Meaning{.quantity = word.quantity, .port = std::string(port)};
      if (!separates(port.back())) continue;
      port.remove_suffix(1);
      if (is_port(port)) return Meaning{.quantity = word.quantity, .port = std::string(port)};
    }
  }
  return std::nullopt;
}

// Blanks may stand for the underscores of a spelling.
std::optional<Meaning> spelled(std::span<const Spelling> spellings, std::string_view key) {
  const auto same = [](char written, char ours) {
    return written == ours || (written == ' ' && ours == '_');
  };
  for (const Spelling& spelling : spellings) {
    if (std::equal(key.begin(), key.end(), spelling.name.begin(), spelling.name.end(), same)) {
      return Meaning{.quantity = spelling.quantity, .rank = spelling.rank};
    }
  }
  return std::nullopt;
}

std::optional<Meaning> plain_meaning(std::string_view name) {
  const std::string key = lower_case(trimmed(name));
  const auto meaning = spelled(kSpellings, key);
  return meaning ? meaning : port_meaning(key);
}

// DrainV, SrcI, CH1V: a word and a capital letter behind it.
std::optional<Meaning> capital_meaning(std::string_view name) {
  if (name.size() < 3 || (name.back() != 'V' && name.back() != 'I')) return std::nullopt;
  const char before = name[name.size() - 2];
  const bool word = (before >= 'a' && before <= 'z') || (before >= '0' && before <= '9');
  if (!word) return std::nullopt;
  return Meaning{.quantity = name.back() == 'V' ? Quantity::kVoltage : Quantity::kCurrent,
                 .port = lower_case(name.substr(0, name.size() - 1)),
                 .rank = kSpelled};
}

// "Smu1.V[1][1]" -> "V", "WE(1).Current" -> "Current", "<I>" -> "I".
std::string_view without_instrument(std::string_view name) {
  while (name.ends_with(']') && name.find_last_of('[') != name.npos) {
    name = trimmed(name.substr(0, name.find_last_of('[')));
  }
  const std::size_t dot = name.find_last_of('.');
  if (dot != name.npos && dot > 0) name.remove_prefix(dot + 1);
  if (name.size() > 2 && name.front() == '<' && name.back() == '>') {
    name = name.substr(1, name.size() - 2);
  }
  return name;
}

// What a name without unit may mean, by all spellings.
std::optional<Meaning> any_meaning(std::string_view name) {
  if (auto meaning = plain_meaning(name)) return meaning;
  const std::string_view bare = without_instrument(name);
  if (auto meaning = bare.size() < name.size() ? plain_meaning(bare) : std::nullopt) {
    meaning->rank = kSpelled;
    return meaning;
  }
  if (auto meaning = spelled(kOtherSpellings, lower_case(trimmed(bare)))) return meaning;
  return capital_meaning(bare);
}

Meaning scaled(Meaning meaning, std::string_view text) {
  meaning.unit = text;
  if (meaning.quantity == Quantity::kRecord || meaning.quantity == Quantity::kOther) return meaning;
  const Unit* unit = find_unit(meaning.quantity, text);
  meaning.unit_known = unit != nullptr;
  if (unit != nullptr) meaning.scale = unit->scale;
  return meaning;
}

// A column of unknown name in volts or amperes is a port of that name; one in seconds may be a
// time.
Meaning meaning_by_unit(std::string_view stem, std::string_view text) {
  for (Quantity quantity : {Quantity::kVoltage, Quantity::kCurrent, Quantity::kTime}) {
    const Unit* unit = find_unit(quantity, text);
    if (unit == nullptr) continue;
    const bool time = quantity == Quantity::kTime;
    return {.quantity = quantity,
            .port = time ? "" : lower_case(stem),
            .scale = unit->scale,
            .unit = std::string(text),
            .rank = time ? kByUnit : 0};
  }
  return {.unit = is_unit(text) ? std::string(text) : ""};
}

// A name and the unit that stands apart from it.
Meaning meaning_with_unit(std::string_view stem, std::string_view unit) {
  const auto meaning = any_meaning(stem);
  return meaning ? scaled(*meaning, unit) : meaning_by_unit(stem, unit);
}

// V(out), I(R1), Ix(U1:TE), vm#branch; not V(mV), whose bracket is a unit.
std::optional<Meaning> spice_meaning(std::string_view name) {
  constexpr std::string_view kBranch = "#branch";
  if (name.ends_with(kBranch) && name.size() > kBranch.size()) {
    return Meaning{.quantity = Quantity::kCurrent,
                   .port = lower_case(name.substr(0, name.size() - kBranch.size()))};
  }
  const std::size_t open = name.find('(');
  if (open > 3 || name.find(')') != name.size() - 1) return std::nullopt;
  const std::string stem = lower_case(name.substr(0, open));
  const std::string_view inside = trimmed(name.substr(open + 1, name.size() - open - 2));
  const bool letters =
      std::all_of(stem.begin(), stem.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  const bool voltage = stem == "v", current = letters && stem.starts_with("i");
  if (inside.empty() || (!voltage && !current)) return std::nullopt;
  const Quantity quantity = voltage ? Quantity::kVoltage : Quantity::kCurrent;
  if (find_unit(quantity, inside) != nullptr) return std::nullopt;
  return Meaning{.quantity = quantity, .port = lower_case(inside)};
}

// "time [ms]", "I (uA)", "WE(1).Current (A)".
Meaning bracketed_meaning(std::string_view name) {
  const std::size_t open = name.find_last_of("[(");
  if (open == name.npos) return {};
  const std::string_view unit = trimmed(name.substr(open + 1, name.size() - open - 2));
  const bool index = !unit.empty() && std::all_of(unit.begin(), unit.end(),
                                                  [](char c) { return c >= '0' && c <= '9'; });
  if (index) return any_meaning(name).value_or(Meaning{});
  return meaning_with_unit(trimmed(name.substr(0, open)), unit);
}

// "time/s", "I/mA".
std::optional<Meaning> quotient_meaning(std::string_view name) {
  const std::size_t slash = name.find_last_of('/');
  if (slash == name.npos || slash == 0) return std::nullopt;
  Meaning meaning = meaning_with_unit(trimmed(name.substr(0, slash)), name.substr(slash + 1));
  if (meaning.quantity == Quantity::kOther || !meaning.unit_known) return std::nullopt;
  meaning.rank = std::max(meaning.rank, kSpelled);
  return meaning;
}

bool names_setpoint(std::string_view name) {
  const std::string key = lower_case(name);
  return std::any_of(kSetpoints.begin(), kSetpoints.end(), [&](std::string_view word) {
    const std::size_t at = key.find(word);
    if (at == key.npos) return false;
    const auto letter = [&](std::size_t i) {
      return i < key.size() && key[i] >= 'a' && key[i] <= 'z';
    };
    return !letter(at - 1) && !letter(at + word.size());
  });
}

// "time", "time_ms", "I uA", "v_gs", "cycle_id".
Meaning unbracketed_meaning(std::string_view name) {
  if (const auto meaning = quotient_meaning(name)) return *meaning;
  const auto whole = any_meaning(name);
  const std::size_t gap = name.find_last_of("_ ");
  if (gap == name.npos) return whole.value_or(Meaning{});
  const auto stem = any_meaning(name.substr(0, gap));
  const std::string_view suffix = name.substr(gap + 1);
  if (stem && stem->quantity == Quantity::kRecord) {
    const std::string word = lower_case(suffix);
    return word == "id" || word == "number" || word == "index" ? *stem : whole.value_or(Meaning{});
  }
  if (stem && find_unit(stem->quantity, suffix) != nullptr) return scaled(*stem, suffix);
  if (stem && names_setpoint(suffix)) return *stem;
  if (stem && !whole && name[gap] == '_') return scaled(*stem, suffix);
  return whole.value_or(Meaning{});
}

std::string_view without_brackets(std::string_view text) {
  text = trimmed(text);
  const bool bracketed = text.size() > 2 && ((text.front() == '(' && text.back() == ')') ||
                                             (text.front() == '[' && text.back() == ']'));
  return bracketed ? trimmed(text.substr(1, text.size() - 2)) : text;
}

}  // namespace

ColumnMeaning column_meaning(std::string_view name, std::string_view unit) {
  const std::string text = with_plain_micro(trimmed(name));
  const std::string apart = with_plain_micro(without_brackets(unit));
  const bool bracketed = text.ends_with(']') || text.ends_with(')');
  ColumnMeaning meaning;
  if (const auto spice = spice_meaning(text)) {
    meaning = apart.empty() ? *spice : scaled(*spice, apart);
  } else if (!apart.empty()) {
    meaning = meaning_with_unit(text, apart);
  } else {
    meaning = bracketed ? bracketed_meaning(text) : unbracketed_meaning(text);
  }
  const bool measurable =
      meaning.quantity == Quantity::kVoltage || meaning.quantity == Quantity::kCurrent;
  if (measurable && names_setpoint(text)) meaning.rank = kSetpoint;
  return meaning;
}

bool is_unit(std::string_view text) {
  const std::string unit = with_plain_micro(without_brackets(text));
  for (Quantity quantity :
       {Quantity::kTime, Quantity::kVoltage, Quantity::kCurrent, Quantity::kInitialConductance}) {
    if (find_unit(quantity, unit) != nullptr) return true;
  }
  return std::find(kOtherUnits.begin(), kOtherUnits.end(), lower_case(unit)) != kOtherUnits.end();
}

std::string known_units(Quantity quantity) {
  std::string known;
  for (const Unit& unit : units_of(quantity)) {
    if (unit.name.size() > kLongestSymbol || unit.name == "sec" || unit.name == "amp") continue;
    known += (known.empty() ? "" : ", ") + std::string(unit.name);
  }
  return known;
}

}  // namespace psi_xlstm
