#pragma once

/// @file
/// The printer behind osdi_evaluation(): straight-line C on four doubles at once. Its parts stand
/// in osdi_evaluation.cpp (inputs, results), osdi_affine.cpp and osdi_elementwise.cpp.

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hdl/osdi/column.hpp"
#include "hdl/osdi/evaluation.hpp"
#include "hdl/text/expression.hpp"
#include "ir/jacobian.hpp"
#include "ir/operations.hpp"

namespace psi_xlstm::hdl {

class StraightLinePrinter {
 public:
  explicit StraightLinePrinter(const ir::Network& network);

  OsdiEvaluation print();

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    body_ += "  " + fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  // The nodes that the results are made of, and those whose derivatives are wanted.
  void find_needed();
  // All needed nodes, those with one exponential of one number in groups: a group's exponentials
  // are computed at once.
  void nodes();
  bool has_one_exponential(int id) const;
  void exponentials(const std::vector<int>& ids);
  void node(int id);
  void inputs(int id, const char* source, int first);
  // Defines the variables of `column` from one expression per element.
  void define(const Column& column, const std::vector<std::string>& elements);
  // Defines the variables of `column` from one expression per block.
  template <class Expression>
  void define_blocks(const Column& column, Expression expression) {
    const char* const type = column.width == 1 ? "double" : "Real4";
    for (int b = 0; b < blocks_of(column.width); ++b) {
      const std::string suffix = column.width == 1 ? "" : fmt::format("_{}", b);
      line("const {} {}{} = {};", type, column.name, suffix, expression(b));
    }
  }

  // --- W a + b -----------------------------------------------------------------------------------

  // One argument of an affine node, and where its columns stand in W.
  struct Term {
    const Column* column = nullptr;
    int first = 0;
  };

  double weight(const ir::Node& n, int row, int column) const;
  void affine(int id);
  // to = offset + W [arguments], where column_of gives the argument's column. What is made of known
  // numbers is computed here.
  template <class ColumnOf>
  void sum(int id, Column& to, std::vector<double> offset, ColumnOf column_of);
  // A constant vector of W: rows [first_row, ...) of one column, or the reverse; named by content.
  std::string weights(const std::vector<double>& numbers);
  void sum_of_columns(int id,
                      const Column& to,
                      const std::vector<double>& offset,
                      const std::vector<Term>& terms);
  void sum_of_rows(int id,
                   const Column& to,
                   const std::vector<double>& offset,
                   const std::vector<Term>& terms);

  // --- one element after another -----------------------------------------------------------------

  void elementwise(int id, const ir::Operation& row);
  // dy/d(argument): variables, or an expression that is the same for every block.
  struct Factor {
    std::string text;
    bool constant = false;
  };
  Factor factor(int id, const char* stem, const char* form, bool on_vectors);
  // Defines the variables of `to` by a text of the operation of node `id`.
  void define_by(int id, const Column& to, const char* form, bool on_vectors);
  template <class Operand>
  Names names(int id, Operand operand) const;
  // A known number as an operand beside elements of `column`.
  static std::string known(double number, const Column& column);
  // Of one number, whose exponential is the variable e<id>.
  void of_exponential(int id);
  Column factor_column(int id, const char* stem) const;
  // dy/d(input) = left * d(first argument) + right * d(second)
  void differentiate(int id, const Factor& left, const Factor& right);

  // --- results -----------------------------------------------------------------------------------

  void store();

  const ir::Network& network_;
  std::vector<bool> depends_, needed_, differentiated_;
  ir::SparseJacobian pattern_;
  int inputs_;
  std::vector<Column> columns_;              ///< The values of every node.
  std::vector<std::vector<Column>> slopes_;  ///< [nodes][inputs]
  std::map<std::string, std::string> constant_names_;
  std::string constants_, body_;
  OsdiEvaluation out_;
};

}  // namespace psi_xlstm::hdl
