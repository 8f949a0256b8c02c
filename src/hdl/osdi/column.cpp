#include "hdl/osdi/column.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hdl/text/expression.hpp"

namespace psi_xlstm::hdl {

std::string vector_of(const std::vector<std::string>& numbers) {
  return fmt::format("(Real4){{{}}}", fmt::join(numbers, ", "));
}

std::string Column::scalar(int element) const {
  if (kind == Kind::kNumbers) return in_parentheses(numbers[static_cast<std::size_t>(element)]);
  if (width == 1) return name;
  return fmt::format("{}_{}[{}]", name, element / kLanes, element % kLanes);
}

std::string Column::vector(int block) const {
  if (kind == Kind::kVariables && width > 1) return fmt::format("{}_{}", name, block);
  std::vector<std::string> lanes;
  for (int i = kLanes * block; i < width && i < kLanes * (block + 1); ++i) {
    lanes.push_back(scalar(i));
  }
  return vector_of(lanes);
}

}  // namespace psi_xlstm::hdl
