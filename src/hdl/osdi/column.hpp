#pragma once

#include <string>
#include <vector>

namespace psi_xlstm::hdl {

inline constexpr int kLanes = 4;  ///< Doubles in a vector of the emitted C.

/// Vectors that hold `width` numbers.
inline int blocks_of(int width) { return (width + kLanes - 1) / kLanes; }

/// At most four numbers as one vector of C, filled up with zeros.
std::string vector_of(const std::vector<std::string>& numbers);

/// An array of one number per element of a node, as it stands in the C text: absent, known numbers,
/// or variables <name> (one element) or <name>_<block> (vectors).
struct Column {
  enum class Kind { kAbsent, kNumbers, kVariables } kind = Kind::kAbsent;
  int width = 0;
  std::vector<double> numbers;
  std::string name;

  bool absent() const { return kind == Kind::kAbsent; }
  std::string scalar(int element) const;
  std::string vector(int block) const;
  /// As an operand of an elementwise operation: a double where there is one element.
  std::string operand(int block) const { return width == 1 ? scalar(0) : vector(block); }
};

}  // namespace psi_xlstm::hdl
