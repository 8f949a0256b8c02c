#include <algorithm>
#include <cassert>
#include <set>

#include "hdl/osdi/loops_printer.hpp"
#include "hdl/text/expression.hpp"

namespace psi_xlstm::hdl {

namespace {

// Neighbours among the columns of a term that are neighbours where they go, too.
struct Run {
  int from, to, count;
};

std::vector<Run> runs_into(const std::vector<int>& columns, const std::vector<int>& all) {
  std::vector<Run> runs;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto found = std::lower_bound(all.begin(), all.end(), columns[j]);
    const int from = static_cast<int>(j), to = static_cast<int>(found - all.begin());
    Run* const last = runs.empty() ? nullptr : &runs.back();
    if (last != nullptr && last->to + last->count == to) {
      ++last->count;
    } else {
      runs.push_back({from, to, 1});
    }
  }
  return runs;
}

std::vector<int> identity(int count) {
  std::vector<int> out;
  for (int i = 0; i < count; ++i) out.push_back(i);
  return out;
}

}  // namespace

// list[e] as an expression of `e`: without a table where it is first + step e.
std::string LoopPrinter::element_of(const std::vector<int>& list) {
  const int step = list.size() > 1 ? list[1] - list[0] : 0;
  bool regular = true;
  for (std::size_t i = 1; i < list.size(); ++i) regular &= list[i] - list[i - 1] == step;
  if (regular) return fmt::format("({} + {} * e)", list[0], step);
  return indices(list) + "[e]";
}

void LoopPrinter::slope(int id) {
  Slope& out = slopes_[at(id)];
  ir::visit(network_.node(id).op,
            ir::Ways{[&](ir::AffineOp) { out = affine_slope(id); },
                     [&](ir::GatherOp) { out = gather_slope(id); },
                     [&](ir::GroupSumOp) { out = group_slope(id); },
                     [&](ir::StandardOp) { out = standard_slope(id); },
                     [&](ir::ElementwiseOp op) { out = elementwise_slope(id, op.row); },
                     [](auto) {}});  // an input
}

LoopPrinter::Slope LoopPrinter::elementwise_slope(int id, const ir::Operation& row) {
  const Slope& a = slopes_[at(argument(id, 0))];
  const bool two = row.arguments == 2;
  if (!two && a.absent()) return {};
  const std::string left = factors(id, row.c.by_left, row.c.all_slopes, "");
  Slope out = scaled(a, left, width(id));
  if (!two || slopes_[at(argument(id, 1))].absent()) return out;
  append(out,
         scaled(slopes_[at(argument(id, 1))], factors(id, row.c.by_right, "", left), width(id)));
  return out;
}

void LoopPrinter::append(Slope& to, const Slope& more) {
  to.dense.insert(to.dense.end(), more.dense.begin(), more.dense.end());
  to.entries.insert(to.entries.end(), more.entries.begin(), more.entries.end());
}

LoopPrinter::Slope LoopPrinter::scaled(const Slope& slope, const std::string& factors, int count) {
  if (factors.empty()) return slope;
  Slope out = slope;
  for (DenseTerm& term : out.dense) {
    if (term.factors.empty()) {
      term.factors = factors;
      continue;
    }
    const std::string both = new_array("s", count);
    line("for (int i = 0; i < {}; ++i) {}[i] = {}[i] * {}[i];", count, both, term.factors, factors);
    term.factors = both;
  }
  for (EntryTerm& term : out.entries) {
    std::vector<int> rows;
    for (const auto& [row, input] : term.places) rows.push_back(row);
    const std::string both = new_array("q", static_cast<int>(rows.size()));
    const std::string before = term.coefficients.empty() ? "" : term.coefficients + "[e] * ";
    line("for (int e = 0; e < {}; ++e) {}[e] = {}{}[{}];", rows.size(), both, before, factors,
         element_of(rows));
    term.coefficients = both;
  }
  return out;
}

// dy/d(argument) of an operation on one element after the other as an array; empty: ones.
std::string LoopPrinter::factors(int id,
                                 const std::string& form,
                                 const std::string& of_all,
                                 const std::string& left) {
  const ir::Node& n = network_.node(id);
  const std::string y = values_[at(id)], a = values_[at(argument(id, 0))];
  const std::string b = n.arguments.size() > 1 ? values_[at(argument(id, 1))] : "";
  if (form == "{1}") return "";
  if (form == "{f}") return numbers(std::vector<double>(at(n.width), n.factor));
  for (const auto& [name, array] : {std::pair("{y}", y), {"{a}", a}, {"{b}", b}, {"{l}", left}}) {
    if (form == name) return array;
  }
  const std::string name = new_array("s", n.width);
  if (!of_all.empty()) {
    line("{}({}, {}, {});", of_all, name, a, n.width);
  } else {
    line("for (int i = 0; i < {}; ++i) {}[i] = {};", n.width, name, element_text(id, form, left));
  }
  return name;
}

// What is made of inputs themselves is a constant matrix.
LoopPrinter::Slope LoopPrinter::affine_slope(int id) {
  const ir::Node& n = network_.node(id);
  std::map<int, std::vector<double>> known;  // column by column
  Slope out;
  for (std::size_t k = 0; k < n.arguments.size(); ++k) {
    const Slope& from = slopes_[at(argument(id, k))];
    for (const DenseTerm& term : from.dense) out.dense.push_back(product(id, k, term));
    for (const EntryTerm& term : from.entries) {
      if (!term.coefficients.empty()) {
        out.dense.push_back(product(id, k, term));
        continue;
      }
      for (const auto& [row, input] : term.places) {
        std::vector<double>& column = known[input];
        column.resize(at(n.width), 0.0);
        for (int i = 0; i < n.width; ++i) column[at(i)] += weight(id, k, i, row);
      }
    }
  }
  if (known.empty()) return out;
  DenseTerm constant{.matrix = {}, .columns = {}, .rows = identity(n.width), .factors = {}};
  std::vector<double> all;
  for (const auto& [input, column] : known) constant.columns.push_back(input);
  for (int i = 0; i < n.width; ++i) {
    for (const auto& [input, column] : known) all.push_back(column[at(i)]);
  }
  constant.matrix = numbers(all);
  out.dense.push_back(std::move(constant));
  return out;
}

std::string LoopPrinter::zero_matrix(int rows, std::size_t columns) {
  const std::string name = new_array("d", rows * static_cast<int>(columns));
  line("memset({0}, 0, sizeof {0});", name);
  return name;
}

LoopPrinter::DenseTerm LoopPrinter::product(int id, std::size_t k, const DenseTerm& term) {
  const int rows = width(id);
  const std::size_t columns = term.columns.size();
  const std::string to = zero_matrix(rows, columns), w = columns_of(id, k);
  const std::string factor = term.factors.empty() ? "" : " * " + term.factors + "[e]";
  line("for (int e = 0; e < {}; ++e) {{", width(argument(id, k)));
  line("  const double *const from = {} + {} * {};", term.matrix, columns, element_of(term.rows));
  line("  for (int i = 0; i < {}; ++i) {{", rows);
  line("    add_scaled({} + {} * i, from, {}[{} * e + i]{}, {});", to, columns, w, rows, factor,
       columns);
  line("  }}");
  line("}}");
  return {.matrix = to, .columns = term.columns, .rows = identity(rows), .factors = {}};
}

LoopPrinter::DenseTerm LoopPrinter::product(int id, std::size_t k, const EntryTerm& term) {
  const int rows = width(id);
  std::set<int> distinct;
  for (const auto& [row, input] : term.places) distinct.insert(input);
  DenseTerm out{.matrix = {},
                .columns = {distinct.begin(), distinct.end()},
                .rows = identity(rows),
                .factors = {}};
  out.matrix = zero_matrix(rows, out.columns.size());
  std::vector<int> from, to;
  for (const auto& [row, input] : term.places) {
    from.push_back(row * rows);
    to.push_back(static_cast<int>(std::lower_bound(out.columns.begin(), out.columns.end(), input) -
                                  out.columns.begin()));
  }
  line("for (int e = 0; e < {}; ++e) {{", term.places.size());
  line("  const double *const w = {} + {};", columns_of(id, k), element_of(from));
  line("  double *const d = {} + {};", out.matrix, element_of(to));
  line("  for (int i = 0; i < {}; ++i) d[{} * i] += w[i] * {}[e];", rows, out.columns.size(),
       term.coefficients);
  line("}}");
  return out;
}

LoopPrinter::Slope LoopPrinter::gather_slope(int id) {
  const ir::Node& n = network_.node(id);
  Slope out;
  for (std::size_t k = 0; k < n.arguments.size(); ++k) {
    std::vector<int> from(at(n.width), -1);  // element of this argument
    bool whole = true;
    for (int i = 0; i < n.width; ++i) {
      int before = 0;
      for (std::size_t j = 0; j < k; ++j) before += width(argument(id, j));
      const int element = n.elements[at(i)] - before;
      if (element >= 0 && element < width(argument(id, k))) from[at(i)] = element;
      whole &= from[at(i)] >= 0;
    }
    const Slope& slope = slopes_[at(argument(id, k))];
    for (const DenseTerm& term : slope.dense) out.dense.push_back(gathered(term, from, whole));
    for (const EntryTerm& term : slope.entries) out.entries.push_back(gathered(term, from));
  }
  return out;
}

// Rows that come from elsewhere have the factor 0.
LoopPrinter::DenseTerm LoopPrinter::gathered(const DenseTerm& term,
                                             const std::vector<int>& from,
                                             bool whole) {
  DenseTerm out{.matrix = term.matrix, .columns = term.columns, .rows = {}, .factors = {}};
  for (int e : from) out.rows.push_back(e < 0 ? 0 : term.rows[at(e)]);
  if (whole && term.factors.empty()) return out;
  out.factors = new_array("s", static_cast<int>(from.size()));
  const std::string element = indices(from) + "[i]";
  const std::string factor =
      term.factors.empty() ? "1.0" : fmt::format("{}[{}]", term.factors, element);
  line("for (int i = 0; i < {}; ++i) {}[i] = {} < 0 ? 0.0 : {};", from.size(), out.factors, element,
       factor);
  return out;
}

LoopPrinter::EntryTerm LoopPrinter::gathered(const EntryTerm& term, const std::vector<int>& from) {
  EntryTerm out;
  std::vector<int> kept;
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (std::size_t k = 0; k < term.places.size(); ++k) {
      if (term.places[k].first != from[i]) continue;
      out.places.emplace_back(static_cast<int>(i), term.places[k].second);
      kept.push_back(static_cast<int>(k));
    }
  }
  if (term.coefficients.empty() || kept.empty()) return out;
  out.coefficients = new_array("q", static_cast<int>(kept.size()));
  line("for (int e = 0; e < {}; ++e) {}[e] = {}[{}];", kept.size(), out.coefficients,
       term.coefficients, element_of(kept));
  return out;
}

LoopPrinter::Slope LoopPrinter::group_slope(int id) {
  const int from = argument(id, 0), groups = width(id), size = width(from) / groups;
  Slope out = slopes_[at(from)];
  for (DenseTerm& term : out.dense) {
    const std::size_t columns = term.columns.size();
    const std::string to = zero_matrix(groups, columns);
    line("for (int e = 0; e < {}; ++e) {{", width(from));
    line("  add_scaled({} + e / {} * {}, {} + {} * {}, {}, {});", to, size, columns, term.matrix,
         columns, element_of(term.rows), term.factors.empty() ? "1.0" : term.factors + "[e]",
         columns);
    line("}}");
    term = {.matrix = to, .columns = term.columns, .rows = identity(groups), .factors = {}};
  }
  for (EntryTerm& term : out.entries) {
    for (auto& [row, input] : term.places) row /= size;
  }
  return out;
}

LoopPrinter::Slope LoopPrinter::standard_slope(int id) {
  const Slope& from = slopes_[at(argument(id, 0))];
  if (from.absent()) return {};
  std::set<int> distinct;
  for (const DenseTerm& term : from.dense)
    distinct.insert(term.columns.begin(), term.columns.end());
  for (const EntryTerm& term : from.entries) {
    for (const auto& [row, input] : term.places) distinct.insert(input);
  }
  DenseTerm all{.matrix = {},
                .columns = {distinct.begin(), distinct.end()},
                .rows = identity(width(id)),
                .factors = {}};
  const std::size_t columns = all.columns.size();
  all.matrix = zero_matrix(width(id), columns);
  for (const DenseTerm& term : from.dense) {
    for (const Run& run : runs_into(term.columns, all.columns)) {
      line("for (int e = 0; e < {}; ++e) {{", width(id));
      line("  add_scaled({} + {} * e + {}, {} + {} * {} + {}, {}, {});", all.matrix, columns,
           run.to, term.matrix, term.columns.size(), element_of(term.rows), run.from,
           term.factors.empty() ? "1.0" : term.factors + "[e]", run.count);
      line("}}");
    }
  }
  for (const EntryTerm& term : from.entries) {
    std::vector<int> to;
    for (const auto& [row, input] : term.places) {
      const auto found = std::lower_bound(all.columns.begin(), all.columns.end(), input);
      to.push_back(row * static_cast<int>(columns) + static_cast<int>(found - all.columns.begin()));
    }
    line("for (int e = 0; e < {}; ++e) {}[{}] += {};", to.size(), all.matrix, element_of(to),
         term.coefficients.empty() ? "1.0" : term.coefficients + "[e]");
  }
  line("standardise_slopes({}, {}, {}, {}, {});", all.matrix, columns, values_[at(id)],
       roots_[at(id)], width(id));
  return {.dense = {all}, .entries = {}};
}

}  // namespace psi_xlstm::hdl
