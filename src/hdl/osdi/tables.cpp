#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <utility>

#include "core/number_text.hpp"
#include "hdl/osdi/layout.hpp"
#include "hdl/osdi/text.hpp"

namespace psi_xlstm::hdl {
namespace {

template <class Value>
std::string table(const char* declaration, std::vector<Value> values) {
  if (values.empty()) values.emplace_back();
  std::string text = fmt::format("static const {} = {{", declaration);
  constexpr std::size_t kPerLine = 12;
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += fmt::format("{}{}", i == 0 ? "\n  " : i % kPerLine == 0 ? ",\n  " : ", ", values[i]);
  }
  return text + "};\n";
}

class Tables {
 public:
  explicit Tables(const OsdiLayout& layout) : layout_(layout) {
    const auto& slopes = layout.evaluation.slopes;
    for (std::size_t k = 0; k < slopes.size(); ++k) {
      slope_of_[{slopes[k].value, slopes[k].input}] = static_cast<int>(k);
    }
  }

  std::string print() const {
    std::vector<int> first(static_cast<std::size_t>(layout_.node_total()) + 1, 0), mirror;
    std::vector<std::string> slopes, factors;
    for (const auto& [row, column] : layout_.entries) {
      ++first[static_cast<std::size_t>(row) + 1];
      const bool of_port = row < layout_.ports;
      if (of_port) mirror.push_back(layout_.entry(layout_.reference(), column));
      const int input = layout_.input_of(column);
      const auto [rate, target] = slopes_of(row, input);
      slopes.push_back(fmt::format("{{{}, {}}}", rate, target));
      factors.push_back(shortest(factor(input)));
    }
    for (std::size_t n = 1; n < first.size(); ++n) first[n] += first[n - 1];
    std::vector<int> own_state, own_rate;
    for (int s = 0; s < layout_.states; ++s) {
      own_state.push_back(layout_.entry(layout_.rate_node(s), layout_.state_node(s)));
      own_rate.push_back(layout_.entry(layout_.rate_node(s), layout_.rate_node(s)));
    }
    return table("int32_t first_entry[]", first) + table("int32_t entry_slope[][2]", slopes) +
           table("double entry_factor[]", factors) + table("int32_t reference_entry[]", mirror) +
           table("int32_t own_state_entry[]", own_state) +
           table("int32_t own_rate_entry[]", own_rate) +
           table("int32_t rate_of_state[]", layout_.network.rate_of_state);
  }

 private:
  // d(input)/dV of its node; 0 where the column is no input.
  double factor(int input) const {
    const int state = input - layout_.ports;
    if (input < 0) return 0;
    if (state < 0 || state >= layout_.states) return 1;
    return 1 / layout_.plan.kappa[static_cast<std::size_t>(state)];
  }

  int slope_of(int value, int input) const {
    const auto found = slope_of_.find({value, input});
    return found == slope_of_.end() ? static_cast<int>(slope_of_.size()) : found->second;
  }

  std::pair<int, int> slopes_of(int row, int input) const {
    const int none = static_cast<int>(slope_of_.size());
    if (row < layout_.ports) return {slope_of(row, input), none};
    const int s = row - layout_.rate_node(0), k = row - layout_.junction_node(0);
    if (k >= 0) return {slope_of(layout_.junction_value(k), input), none};
    if (s < 0) return {none, none};
    return {slope_of(layout_.rate_value(s), input), slope_of(layout_.target_value(s), input)};
  }

  const OsdiLayout& layout_;
  std::map<std::pair<int, int>, int> slope_of_;
};

}  // namespace

std::string osdi_tables(const OsdiLayout& layout) {
  return Tables(layout).print() + "\n" + kOsdiTables;
}

}  // namespace psi_xlstm::hdl
