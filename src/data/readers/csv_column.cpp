#include "data/readers/csv_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "data/readers/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Quantity = CsvQuantity;

struct Unit {
  std::string_view name;
  double scale;
};

constexpr std::array<Unit, 4> kSeconds = {{{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}}};
constexpr std::array<Unit, 4> kVolts = {{{"V", 1}, {"mV", 1e-3}, {"uV", 1e-6}, {"kV", 1e3}}};
constexpr std::array<Unit, 5> kAmperes = {
    {{"A", 1}, {"mA", 1e-3}, {"uA", 1e-6}, {"nA", 1e-9}, {"pA", 1e-12}}};
constexpr std::array<Unit, 4> kSiemens = {{{"S", 1}, {"mS", 1e-3}, {"uS", 1e-6}, {"nS", 1e-9}}};

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
      break;
  }
  return {};
}

struct Spelling {
  std::string_view name;
  Quantity quantity;
};

constexpr std::array<Spelling, 14> kSpellings = {
    {{"time", Quantity::kTime},
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
     {"sweep", Quantity::kRecord}}};

// Words that name a port beside "v", "i", "voltage" or "current".
constexpr auto kPorts = std::to_array<std::string_view>(
    {"g",    "d",    "s",    "b",    "c",      "e",         "a",      "k",  "p",
     "n",    "gs",   "ds",   "bs",   "gd",     "be",        "ce",     "bc", "in",
     "out",  "dd",   "ss",   "cc",   "source", "drain",     "cb",     "eb", "top",
     "bias", "gate", "bulk", "base", "body",   "collector", "emitter"});

using Meaning = CsvColumnMeaning;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

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
    const bool mega = text.size() > 1 && text.front() == 'M';
    if (unit.name == text || (!mega && lower(unit.name) == lower(text))) return &unit;
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
  constexpr std::array<Spelling, 4> kWords = {{{"voltage", Quantity::kVoltage},
                                               {"current", Quantity::kCurrent},
                                               {"v", Quantity::kVoltage},
                                               {"i", Quantity::kCurrent}}};
  const auto separates = [](char c) { return c == '_' || c == ' '; };
  for (const Spelling& word : kWords) {
    if (name.size() <= word.name.size()) continue;
    if (name.starts_with(word.name)) {
      std::string_view port = name.substr(word.name.size());
      if (separates(port.front())) port.remove_prefix(1);
      if (is_port(port)) return Meaning{word.quantity, std::string(port)};
    }
    if (name.ends_with(word.name)) {
      std::string_view port = name.substr(0, name.size() - word.name.size());
      const bool channel = port.size() == 1 && port[0] >= 'a' && port[0] <= 'd';
      if (word.name.size() == 1 && channel) return Meaning{word.quantity, std::string(port)};
      if (!separates(port.back())) continue;
      port.remove_suffix(1);
      if (is_port(port)) return Meaning{word.quantity, std::string(port)};
    }
  }
  return std::nullopt;
}

std::optional<Meaning> meaning_of(std::string_view name) {
  std::string key = lower(trimmed(name));
  for (const Spelling& spelling : kSpellings) {
    std::string spaced(spelling.name);
    std::replace(spaced.begin(), spaced.end(), '_', ' ');
    if (key == spelling.name || key == spaced) return Meaning{spelling.quantity, ""};
  }
  return port_meaning(key);
}

[[noreturn]] void refuse_unit(Quantity quantity,
                              std::string_view name,
                              std::string_view unit,
                              const std::string& where) {
  std::string known;
  for (const Unit& one : units_of(quantity))
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  throw DataError(fmt::format("{}: column {}: expected a unit among {}, found {}", where,
                              shown(name), known, shown(unit)));
}

std::optional<Meaning> scaled(Meaning meaning, const Unit* unit) {
  meaning.scale = unit->scale;
  return meaning;
}

// "time [ms]", "I (uA)"; a column of unknown name in volts or amperes is a port of that name.
std::optional<Meaning> bracketed_meaning(std::string_view name, const std::string& where) {
  const std::size_t open = name.find_last_of("[(");
  if (open == name.npos) return std::nullopt;
  const std::string_view stem = trimmed(name.substr(0, open));
  const std::string_view unit = trimmed(name.substr(open + 1, name.size() - open - 2));
  if (const auto meaning = meaning_of(stem)) {
    if (meaning->quantity == Quantity::kRecord) return meaning;
    const Unit* known = find_unit(meaning->quantity, unit);
    if (known == nullptr) refuse_unit(meaning->quantity, name, unit, where);
    return scaled(*meaning, known);
  }
  for (Quantity quantity : {Quantity::kVoltage, Quantity::kCurrent}) {
    const Unit* known = find_unit(quantity, unit);
    if (known != nullptr) return scaled({quantity, lower(stem)}, known);
  }
  return std::nullopt;
}

// "time", "time_ms", "I uA", "v_gs", "cycle_id".
std::optional<Meaning> plain_meaning(std::string_view name, const std::string& where) {
  const std::size_t gap = name.find_last_of("_ ");
  if (gap == name.npos) return meaning_of(name);
  const auto stem = meaning_of(name.substr(0, gap));
  const std::string_view suffix = name.substr(gap + 1);
  if (stem && stem->quantity == Quantity::kRecord) {
    const std::string word = lower(suffix);
    return word == "id" || word == "number" || word == "index" ? stem : std::nullopt;
  }
  const Unit* unit = stem ? find_unit(stem->quantity, suffix) : nullptr;
  if (unit != nullptr) return scaled(*stem, unit);
  const auto whole = meaning_of(name);
  if (stem && !whole) refuse_unit(stem->quantity, name, suffix, where);
  return whole;
}

}  // namespace

std::optional<CsvColumnMeaning> csv_column_meaning(std::string_view name,
                                                   const std::string& where) {
  const std::string text = with_plain_micro(trimmed(name));
  const bool bracketed = text.ends_with(']') || text.ends_with(')');
  return bracketed ? bracketed_meaning(text, where) : plain_meaning(text, where);
}

}  // namespace psi_xlstm
