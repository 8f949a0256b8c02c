#pragma once

/// @file
/// Networks with wide layers as C with loops over constant arrays (src/hdl/osdi/runtime/loops.h).
/// The derivative of a node by the inputs is a sum of terms that stay apart as long as they can: a
/// matrix times one factor per row, or single entries. A bend of a layer thus costs one factor per
/// unit, and the matrices are added up only where the results are stored.
///
/// Its parts stand in osdi_loops.cpp (order, results), osdi_loops_values.cpp and
/// osdi_loops_slopes.cpp.

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hdl/osdi/evaluation.hpp"
#include "ir/jacobian.hpp"
#include "ir/operations.hpp"

namespace psi_xlstm::hdl {

class LoopPrinter {
 public:
  explicit LoopPrinter(const ir::Network& network);

  OsdiEvaluation print();

 private:
  /// dy_e/d(input columns[j]) += factors[e] matrix[rows[e]][j].
  struct DenseTerm {
    std::string matrix;        ///< Of C: double [..][columns].
    std::vector<int> columns;  ///< Inputs, ascending.
    std::vector<int> rows;     ///< [width]
    std::string factors;       ///< Array [width]; empty: ones.
  };
  /// dy_row/d(input) += coefficient, entry by entry.
  struct EntryTerm {
    std::vector<std::pair<int, int>> places;  ///< (row, input)
    std::string coefficients;                 ///< Array [places]; empty: ones.
  };
  struct Slope {
    std::vector<DenseTerm> dense;
    std::vector<EntryTerm> entries;
    bool absent() const { return dense.empty() && entries.empty(); }
  };

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  int width(int id) const { return network_.node(id).width; }
  int argument(int id, std::size_t k) const { return network_.node(id).arguments[k]; }

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    body_ += "  " + fmt::format(format, std::forward<Args>(args)...) + "\n";
  }
  std::string fresh(const char* stem) { return fmt::format("{}{}", stem, names_++); }

  /// A node whose elements are results, and the number of the first of its values.
  struct Result {
    int node, first_value;
    bool junction, with_slopes;
  };

  void find_roles();
  void mark(std::vector<bool>& marks, int root) const;
  void print_node(int id);
  void constant_value(int id);
  void make_input(int id, int first);
  std::string start_function();
  void store(const Result& result);
  std::optional<int> slot(int value, int input) const;
  void store_dense(const DenseTerm& term, const std::vector<int>& elements, int first_value);
  void add_columns(const DenseTerm& term,
                   const std::vector<int>& elements,
                   const std::vector<int>& slots,
                   std::size_t begin,
                   std::size_t end);
  void store_entries(const EntryTerm& term, const std::vector<int>& elements, int first_value);

  // --- values ------------------------------------------------------------------------------------

  // Constant arrays of the C file, named by content.
  std::string numbers(const std::vector<double>& values);
  std::string indices(const std::vector<int>& values);
  /// W of an affine node for one argument, column by column.
  std::string columns_of(int id, std::size_t k);
  double weight(int id, std::size_t k, int row, int column) const;
  std::string new_array(const char* stem, int count);
  void value(int id);
  void affine_value(int id);
  void gather_value(int id);
  std::string new_value(int id);
  void elementwise_value(int id, const ir::Operation& row);
  std::string element_text(int id, const std::string& form, const std::string& left);

  // --- slopes ------------------------------------------------------------------------------------

  std::string element_of(const std::vector<int>& list);
  void slope(int id);
  // `slope` with every element multiplied by that of the array `factors` [count].
  Slope scaled(const Slope& slope, const std::string& factors, int count);
  static void append(Slope& to, const Slope& more);
  Slope elementwise_slope(int id, const ir::Operation& row);
  std::string factors(int id,
                      const std::string& form,
                      const std::string& of_all,
                      const std::string& left);
  Slope affine_slope(int id);
  // W of argument k times a term of it.
  DenseTerm product(int id, std::size_t k, const DenseTerm& term);
  DenseTerm product(int id, std::size_t k, const EntryTerm& term);
  std::string zero_matrix(int rows, std::size_t columns);
  Slope gather_slope(int id);
  // Element i becomes element from[i] of the term, or nothing where that is negative.
  DenseTerm gathered(const DenseTerm& term, const std::vector<int>& from, bool whole);
  EntryTerm gathered(const EntryTerm& term, const std::vector<int>& from);
  Slope group_slope(int id);
  Slope standard_slope(int id);

  const ir::Network& network_;
  ir::SparseJacobian pattern_;
  std::vector<bool> moving_, start_alone_, needed_, differentiated_;
  std::vector<std::string> values_;  ///< Array of C with the values of every node.
  std::vector<Slope> slopes_;
  std::vector<std::string> roots_;  ///< Of kStandard: what the difference is multiplied by.
  std::map<std::string, std::string> constant_names_;
  std::map<int, int> junctions_;  ///< Node to its place behind the states.
  std::map<int, int> fixed_;      ///< Node to its place behind the junctions.
  std::vector<Result> results_;
  int no_conductance_ = -1;       ///< The value of a conductance that is none.
  std::vector<int> first_slope_;  ///< Of every value.
  int names_ = 0;
  std::string constants_, body_;
  OsdiEvaluation out_;
};

}  // namespace psi_xlstm::hdl
