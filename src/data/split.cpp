#include "data/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "core/utf8.hpp"
#include "data/record_check.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::string_view kDefaultSplit = "0.6/0.2/0.2";
constexpr std::size_t kFewestSamples = kFewestOfRecord;  // Of a piece.
constexpr std::array<const char*, 3> kPartNames = {"training", "validation", "test"};

using Fractions = std::array<double, 3>;

[[noreturn]] void refuse(std::string_view text, const std::string& expected_and_found) {
  throw DataError(fmt::format("split \"{}\": {}", text.substr(0, 40), expected_and_found));
}

std::vector<std::string_view> pieces_of(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const std::size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == text.npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

template <class Number>
std::optional<Number> number_from(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || error != std::errc()) return std::nullopt;
  return value;
}

Fractions fractions_from(std::string_view text, const std::vector<std::string_view>& parts) {
  Fractions fractions{};
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto value = number_from<double>(parts[i]);
    if (!value || !(*value > 0 && *value < 1)) {
      refuse(text, fmt::format("expected fractions between 0 and 1, found \"{}\"",
                               parts[i].substr(0, 40)));
    }
    fractions[i] = *value;
    sum += *value;
  }
  if (std::abs(sum - 1) > 1e-6) {
    refuse(text, fmt::format("expected fractions that add up to 1, found the sum {:.6g}", sum));
  }
  return fractions;
}

// Adds the records of one list such as "1,3-5" to `part`, counted from 0, and marks their owner.
void add_list(std::string_view text,
              std::string_view list,
              int part_number,
              std::vector<int>& owner,
              std::vector<int>& part) {
  for (std::string_view item : pieces_of(list, ',')) {
    const std::size_t dash = item.find('-');
    const auto first = number_from<int>(item.substr(0, dash));
    const auto last = dash == item.npos ? first : number_from<int>(item.substr(dash + 1));
    if (!first || !last || *first > *last) {
      refuse(text,
             fmt::format("expected records such as 3 or 1-6, found \"{}\"", item.substr(0, 40)));
    }
    const int count = static_cast<int>(owner.size());
    if (*first < 1 || *last > count) {
      refuse(text, fmt::format("expected records from 1 to {}, found {}", count, item));
    }
    for (int i = *first - 1; i < *last; ++i) {
      int& previous = owner[static_cast<std::size_t>(i)];
      if (previous >= 0) {
        refuse(text, fmt::format("expected each record once, found record {} in {} and {}", i + 1,
                                 kPartNames[static_cast<std::size_t>(previous)],
                                 kPartNames[static_cast<std::size_t>(part_number)]));
      }
      previous = part_number;
      part.push_back(i);
    }
  }
}

Split split_from_lists(std::string_view text,
                       const std::vector<std::string_view>& parts,
                       std::size_t count) {
  Split split;
  std::vector<int> owner(count, -1);
  add_list(text, parts[0], 0, owner, split.train);
  add_list(text, parts[1], 1, owner, split.validation);
  add_list(text, parts[2], 2, owner, split.test);
  return split;
}

// Whole records in order, at least one in each part; `count` is 3 or more.
Split split_by_fractions(const Fractions& fractions, int count) {
  const int train = std::clamp(static_cast<int>(std::lround(fractions[0] * count)), 1, count - 2);
  const int until_test = std::clamp(
      static_cast<int>(std::lround((fractions[0] + fractions[1]) * count)), train + 1, count - 1);
  Split split;
  for (int i = 0; i < count; ++i) {
    (i < train ? split.train : i < until_test ? split.validation : split.test).push_back(i);
  }
  return split;
}

// The first sample at or after the `fraction` of the record's time (of its samples without time).
std::size_t cut_index(const Record& record, double fraction) {
  if (record.time.empty()) {
    return static_cast<std::size_t>(fraction * static_cast<double>(record.size()));
  }
  const double t = record.time.front() + fraction * (record.time.back() - record.time.front());
  const auto at = std::lower_bound(record.time.begin(), record.time.end(), t);
  return static_cast<std::size_t>(at - record.time.begin());
}

std::vector<double> slice(const std::vector<double>& values, std::size_t begin, std::size_t end) {
  if (values.empty()) return {};
  return {values.begin() + static_cast<std::ptrdiff_t>(begin),
          values.begin() + static_cast<std::ptrdiff_t>(end)};
}

// The samples begin .. end - 1 of `record`, with `suffix` behind its id.
Record piece_of(const Record& record, std::size_t begin, std::size_t end, const char* suffix) {
  if (end < begin + kFewestSamples) {
    throw DataError(fmt::format(
        "record {}: expected at least {} samples in each of its parts, found {}: give a "
        "longer record, or several and --split",
        in_quotes(record.id, 40), kFewestSamples, end - begin));
  }
  Record piece = record;
  piece.id += suffix;
  piece.time = slice(record.time, begin, end);
  for (auto& values : piece.voltage) values = slice(values, begin, end);
  for (auto& values : piece.current) values = slice(values, begin, end);
  piece.clean_current = slice(record.clean_current, begin, end);
  if (begin > 0) {
    piece.initial_conductance.reset();
    piece.remarks.clear();  // They stand in the first piece.
  }
  return piece;
}

Dataset cut_one_record(const Record& record, const Fractions& fractions) {
  const std::size_t first = cut_index(record, fractions[0]);
  const std::size_t second = cut_index(record, fractions[0] + fractions[1]);
  Dataset dataset;
  dataset.records = {piece_of(record, 0, first, "/a"), piece_of(record, first, second, "/b"),
                     piece_of(record, second, record.size(), "/c")};
  dataset.split = {.train = {0}, .validation = {1}, .test = {2}};
  dataset.continuous = true;
  return dataset;
}

Dataset cut_first_of_two(std::vector<Record> records, const Fractions& fractions) {
  const Record& first = records[0];
  const std::size_t cut = cut_index(first, fractions[0] / (fractions[0] + fractions[1]));
  Dataset dataset;
  dataset.records = {piece_of(first, 0, cut, "/a"), piece_of(first, cut, first.size(), "/b"),
                     std::move(records[1])};
  dataset.split = {.train = {0}, .validation = {1}, .test = {2}};
  return dataset;
}

}  // namespace

Dataset make_undivided_dataset(std::vector<Record> records) {
  constexpr std::size_t kParts = 4;  // half a period of a sine from zero meets its mirror image
  constexpr std::array<const char*, kParts> kNames = {"/a", "/b", "/c", "/d"};
  if (records.empty()) {
    throw DataError("make_dataset: expected at least one record, found none");
  }
  Dataset dataset;
  dataset.leave_one_out = true;
  dataset.continuous = records.size() == 1;
  if (records.size() == 1) {
    const Record& whole = records.front();
    const std::size_t size = whole.size();
    const std::size_t parts = std::clamp<std::size_t>(size / kFewestSamples, 2, kParts);
    for (std::size_t k = 0; k < parts; ++k) {
      dataset.records.push_back(
          piece_of(whole, k * size / parts, (k + 1) * size / parts, kNames[k]));
    }
  } else {
    dataset.records = std::move(records);
  }
  std::vector<int> all(dataset.records.size());
  std::iota(all.begin(), all.end(), 0);
  dataset.split = {.train = all, .validation = all, .test = all};
  return dataset;
}

Dataset make_dataset(std::vector<Record> records, const SplitOptions& options) {
  if (records.empty()) {
    throw DataError("make_dataset: expected at least one record, found none");
  }
  const std::string_view text = options.text.empty() ? kDefaultSplit : options.text;
  const auto parts = pieces_of(text, '/');
  if (parts.size() != 3) {
    refuse(text, fmt::format("expected three parts train/validation/test, found {}", parts.size()));
  }
  Dataset dataset;
  if (text.find('.') == text.npos) {
    dataset.split = split_from_lists(text, parts, records.size());
    dataset.records = std::move(records);
    return dataset;
  }
  const Fractions fractions = fractions_from(text, parts);
  if (records.size() == 1) return cut_one_record(records[0], fractions);
  if (records.size() == 2) return cut_first_of_two(std::move(records), fractions);
  dataset.split = split_by_fractions(fractions, static_cast<int>(records.size()));
  dataset.records = std::move(records);
  return dataset;
}

}  // namespace psi_xlstm
