#include "core/nearest.hpp"

#include <algorithm>
#include <cstddef>

#include "core/identifier.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kLongestWord = 64;  // The work grows with the square.

// The distance of F. J. Damerau (1964) with swaps of neighbours only, by the table of all
// beginnings of both words.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t kLeastBeginning = 3;
  if (word.empty() || word.size() > kLongestWord) return "";
  const std::string wanted = lower_case(word);
  std::string best, longer;
  std::size_t least = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& name : names) {
    if (name.size() > kLongestWord) continue;
    const std::string known = lower_case(name);
    if (longer.empty() && wanted.size() >= kLeastBeginning && known.starts_with(wanted)) {
      longer = name;
    }
    const std::size_t edits = distance(wanted, known);
    if (edits >= least || edits >= std::max(wanted.size(), known.size())) continue;
    least = edits;
    best = name;
  }
  return best.empty() ? longer : best;
}

}  // namespace psi_xlstm
