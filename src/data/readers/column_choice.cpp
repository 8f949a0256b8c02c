#include "data/readers/column_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/shell_word.hpp"
#include "data/readers/formats.hpp"
#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::string quantity_name(Quantity quantity) {
  switch (quantity) {
    case Quantity::kTime:
      return "time";
    case Quantity::kVoltage:
      return "voltage";
    case Quantity::kCurrent:
      return "current";
    case Quantity::kCleanCurrent:
      return "clean current";
    case Quantity::kInitialConductance:
      return "initial conductance";
    case Quantity::kRecord:
      return "record";
    case Quantity::kOther:
      break;
  }
  return "other";
}

std::string list_of_columns(const DataTable& table) {
  constexpr std::size_t kMostListed = 8;
  std::string list;
  const std::size_t count = table.columns.size();
  for (std::size_t j = 0; j < std::min(count, kMostListed); ++j) {
    list += (j == 0 ? "" : ", ") + table.title(j);
  }
  return fmt::format("the column{} {}{}", count == 1 ? "" : "s", list,
                     count > kMostListed ? ", ..." : "");
}

// Chooses the columns of one table and remembers the first problem.
class Chooser {
 public:
  Chooser(const DataTable& table, const ReadOptions& options) : table_(table), options_(options) {}

  ColumnChoice choose() {
    if (!is_nameless()) {
      out_.time = time();
      if (!options_.current.empty()) out_.current = named(options_.current, Quantity::kCurrent);
      out_.voltage = voltage();
      if (options_.current.empty()) out_.current = current();
    }
    out_.clean_current = only(Quantity::kCleanCurrent);
    out_.initial_conductance = only(Quantity::kInitialConductance);
    choose_record();
    return std::move(out_);
  }

 private:
  using Columns = std::vector<std::size_t>;

  void refuse(std::string problem, std::vector<std::string> ways = {}) {
    if (!out_.problem.empty()) return;
    out_.problem = std::move(problem);
    out_.ways = std::move(ways);
  }

  bool is_nameless() {
    const bool named = std::any_of(table_.columns.begin(), table_.columns.end(),
                                   [](const TableColumn& column) { return !column.name.empty(); });
    const bool asked = !options_.voltage.empty() || !options_.current.empty();
    if (named || asked) return false;
    std::vector<std::string> ways = {"--columns t,v,i"};
    if (table_.columns.size() == 2) ways.emplace_back("--columns v,i --sweep-rate V/s");
    std::string problem = fmt::format(
        "{}: expected names above the columns such as time_s,voltage_V,current_A, found {} columns "
        "without names; they are given by {}",
        table_.where(0), table_.columns.size(), fmt::join(ways, " or "));
    refuse(std::move(problem), std::move(ways));
    return true;
  }

  // The columns of `quantity` with the lowest rank whose unit is known, without `taken`.
  Columns candidates(Quantity quantity, bool unit_known = true) const {
    Columns found;
    int best = std::numeric_limits<int>::max();
    for (std::size_t j = 0; j < table_.columns.size(); ++j) {
      const ColumnMeaning& meaning = table_.columns[j].meaning;
      if (meaning.quantity != quantity || meaning.unit_known != unit_known || is_shunt(j)) continue;
      if (meaning.rank < best) found.clear();
      best = std::min(best, meaning.rank);
      if (meaning.rank == best) found.push_back(j);
    }
    return found;
  }

  // Whether the column is the voltage over the shunt.
  bool is_shunt(std::size_t column) const {
    const bool chosen = out_.current && (out_.current->column == column ||
                                         out_.current->minus.value_or(column + 1) == column);
    return chosen && table_.columns[column].meaning.quantity == Quantity::kVoltage;
  }

  ChosenSignal signal(std::size_t column) const {
    return {.column = column, .scale = table_.columns[column].meaning.scale};
  }

  std::string names_of(const Columns& columns) const {
    std::string list;
    for (std::size_t j : columns) list += (list.empty() ? "" : " and ") + table_.title(j);
    return list;
  }

  bool one_port(const Columns& columns) const {
    return std::all_of(columns.begin(), columns.end(), [&](std::size_t j) {
      return table_.columns[j].meaning.port == table_.columns[columns.front()].meaning.port;
    });
  }

  // The same numbers under two names are one column.
  void drop_copies(Columns& columns) const {
    if (columns.empty()) return;
    std::erase_if(columns, [&](std::size_t j) {
      return j != columns.front() &&
             table_.columns[j].name == table_.columns[columns.front()].name &&
             table_.columns[j].values == table_.columns[columns.front()].values;
    });
  }

  // The only column of `quantity`; a problem where there are several.
  std::optional<ChosenSignal> only(Quantity quantity) {
    Columns found = candidates(quantity);
    drop_copies(found);
    if (found.size() > 1) {
      refuse_several(quantity, found);
      return std::nullopt;
    }
    if (found.empty()) {
      refuse_unit(quantity);
      return std::nullopt;
    }
    say_choice(quantity, found.front());
    return signal(found.front());
  }

  void refuse_several(Quantity quantity, const Columns& found) {
    const std::string name = quantity_name(quantity);
    const bool measured = quantity == Quantity::kVoltage || quantity == Quantity::kCurrent;
    const std::string ports = one_port(found) ? "" : " (more than one port is not supported yet)";
    std::string hint;
    if (measured) hint = fmt::format("; --{} names one, or a difference of two", name);
    if (quantity == Quantity::kTime) hint = "; --time names one";
    const bool shunt = quantity == Quantity::kVoltage && candidates(Quantity::kCurrent).empty() &&
                       found.size() == 2 && options_.current.empty();
    std::vector<std::string> ways = {fmt::format("--{} NAME", name)};
    if (shunt) {
      const std::string& one = table_.columns[found[0]].name;
      const std::string& other = table_.columns[found[1]].name;
      ways = {fmt::format("--shunt OHM --voltage {} --current {}", shell_word(other + "-" + one),
                          shell_word(one))};
      hint = fmt::format(" and no current; where one is over a shunt: {}", ways.front());
    }
    refuse(fmt::format("{}: expected one {} column{}, found {}{}", table_.where(), name, ports,
                       names_of(found), hint),
           std::move(ways));
  }

  void refuse_unit(Quantity quantity) {
    const Columns wrong = candidates(quantity, false);
    if (wrong.empty()) return;
    refuse(fmt::format("{}: column {}: expected a unit among {}, found {}", table_.where(),
                       table_.title(wrong.front()), known_units(quantity),
                       shown(table_.columns[wrong.front()].meaning.unit)));
  }

  // Says so where the name alone did not settle it.
  void say_choice(Quantity quantity, std::size_t column) {
    const bool counts = quantity == Quantity::kTime || quantity == Quantity::kVoltage ||
                        quantity == Quantity::kCurrent;
    if (!counts) return;
    Columns others;
    for (std::size_t j = 0; j < table_.columns.size(); ++j) {
      const bool same = table_.columns[j].meaning.quantity == quantity;
      if (same && j != column && !is_shunt(j)) others.push_back(j);
    }
    const int rank = table_.columns[column].meaning.rank;
    if (others.empty() && rank == 0) return;
    out_.remarks.push_back(fmt::format("{}: took {} for the {}{}", table_.where(),
                                       table_.title(column), quantity_name(quantity),
                                       others.empty() ? "" : ", not " + names_of(others)));
  }

  std::optional<ChosenSignal> time() {
    auto found =
        options_.time.empty() ? only(Quantity::kTime) : named(options_.time, Quantity::kTime);
    if (found && options_.sweep_rate) {
      throw ConfigError(fmt::format("{}: expected no time where --sweep-rate makes one, found {}",
                                    table_.where(), table_.title(found->column)));
    }
    if (found || !options_.time.empty()) return found;
    if (options_.sweep_rate || (!options_.transient_required && no_candidate(Quantity::kTime))) {
      return std::nullopt;
    }
    refuse_missing(Quantity::kTime, "time_s",
                   "--time names one, --sweep-rate V/s makes one where the voltage was swept",
                   {"--sweep-rate V/s"});
    return std::nullopt;
  }

  bool no_candidate(Quantity quantity) const {
    return candidates(quantity).empty() && candidates(quantity, false).empty();
  }

  std::optional<ChosenSignal> voltage() {
    if (!options_.voltage.empty()) return named(options_.voltage, Quantity::kVoltage);
    if (auto found = only(Quantity::kVoltage)) return found;
    refuse_missing(Quantity::kVoltage, "voltage_V", "--voltage names one", {"--voltage NAME"});
    return std::nullopt;
  }

  std::optional<ChosenSignal> current() {
    if (auto found = only(Quantity::kCurrent)) return found;
    if (!options_.current_required) return std::nullopt;
    refuse_missing(Quantity::kCurrent, "current_A",
                   "--current names one, with --shunt OHM a voltage over that resistance",
                   {"--current NAME", "--current NAME --shunt OHM"});
    return std::nullopt;
  }

  void refuse_missing(Quantity quantity,
                      std::string_view example,
                      std::string_view hint,
                      std::vector<std::string> ways) {
    refuse(fmt::format("{}: expected a {} column such as {}, found {}; {}", table_.where(),
                       quantity_name(quantity), example, list_of_columns(table_), hint),
           std::move(ways));
  }

  // A column, or a difference "a-b", that the options name.
  std::optional<ChosenSignal> named(const std::string& text, Quantity quantity) {
    if (const auto column = find_column(table_.columns, text)) return checked(*column, quantity);
    for (std::size_t at = text.find('-'); at != text.npos && quantity != Quantity::kTime;
         at = text.find('-', at + 1)) {
      const auto plus = find_column(table_.columns, trimmed(text.substr(0, at)));
      const auto minus = find_column(table_.columns, trimmed(text.substr(at + 1)));
      if (!plus || !minus) continue;
      auto out = checked(*plus, quantity);
      const auto other = checked(*minus, quantity);
      if (!out || !other) return std::nullopt;
      out->minus = minus;
      out->minus_scale = other->scale;
      return out;
    }
    refuse(fmt::format("{}: --{}: expected a column{}, found {} among {}", table_.where(),
                       quantity_name(quantity),
                       quantity == Quantity::kTime ? "" : " or a difference of two", shown(text),
                       list_of_columns(table_)));
    return std::nullopt;
  }

  std::optional<ChosenSignal> checked(std::size_t column, Quantity wanted) {
    const bool over_shunt = wanted == Quantity::kCurrent && options_.shunt.has_value();
    const Quantity quantity = over_shunt ? Quantity::kVoltage : wanted;
    const ColumnMeaning& meaning = table_.columns[column].meaning;
    if (meaning.quantity != quantity && meaning.quantity != Quantity::kOther) {
      const bool shunt_missing =
          wanted == Quantity::kCurrent && meaning.quantity == Quantity::kVoltage;
      refuse(fmt::format("{}: --{}: expected a column with a {}, found {} with a {}{}",
                         table_.where(), quantity_name(wanted), quantity_name(quantity),
                         table_.title(column), quantity_name(meaning.quantity),
                         shunt_missing ? "; --shunt OHM says over which resistance" : ""),
             {shunt_missing ? "--shunt OHM" : fmt::format("--{} NAME", quantity_name(wanted))});
      return std::nullopt;
    }
    if (meaning.quantity == quantity && !meaning.unit_known) {
      refuse(fmt::format("{}: column {}: expected a unit among {}, found {}", table_.where(),
                         table_.title(column), known_units(quantity), shown(meaning.unit)));
      return std::nullopt;
    }
    const double scale = meaning.quantity == quantity ? meaning.scale : 1;
    return ChosenSignal{.column = column, .scale = over_shunt ? scale / *options_.shunt : scale};
  }

  void choose_record() {
    if (!options_.record.empty()) {
      if (const auto column = find_column(table_.columns, options_.record)) {
        if (table_.rows > 0 && table_.columns[*column].texts.empty()) {
          refuse(
              fmt::format("{}: --record: expected a table of text, whose rows a column can tell "
                          "apart, found {} in another kind of file",
                          table_.where(), table_.title(*column)));
        }
        out_.record = {*column};
        return;
      }
      refuse(fmt::format("{}: --record: expected a column, found {} among {}", table_.where(),
                         shown(options_.record), list_of_columns(table_)));
      return;
    }
    const Columns found = candidates(Quantity::kRecord);
    if (found.empty()) return;
    if (table_.columns[found.front()].meaning.rank > 0) {
      out_.weak_record = found.front();
      return;
    }
    out_.record = found;
    if (found.size() == 1) return;
    out_.remarks.push_back(fmt::format("{}: the columns {} tell the records together",
                                       table_.where(), names_of(found)));
  }

  const DataTable& table_;
  const ReadOptions& options_;
  ColumnChoice out_;
};

}  // namespace

ColumnChoice choose_columns(const DataTable& table, const ReadOptions& options) {
  return Chooser(table, options).choose();
}

}  // namespace psi_xlstm
