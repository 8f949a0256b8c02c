#pragma once

/// @file
/// What one column of a table means, from its name and its unit.

#include <string>
#include <string_view>

#include "psi_xlstm/data/quantity.hpp"

namespace psi_xlstm {

/// What a column's name and unit say.
struct ColumnMeaning {
  Quantity quantity = Quantity::kOther;
  std::string port = {};   ///< Of a voltage or current; empty for a plain name.
  double scale = 1;        ///< SI value of one unit of the column.
  std::string unit = {};   ///< As written; empty: SI.
  bool unit_known = true;  ///< Else `unit` is none of its quantity.
  int rank = 0;            ///< Of several columns of a quantity those with the lowest rank count.
};

/// Reads a column's name and, where a line of its own gives it, its unit. Names, in any case, SI
/// without a unit, else a unit after "_", " " or "/" or in brackets:
///
///     time                 time, t, elapsed time, x-axis             s, ms, us, ns, ps, min, h
///     voltage              voltage, v, potential, Ewe                V, mV, uV, nV, kV
///     current              current, i                                A, mA, uA, nA, pA, fA
///     noise-free current   current_clean, clean_current, i_clean     as current
///     initial conductance  initial_conductance, g0                   S, mS, uS, nS
///     record               record, cycle, sweep, also with _id, _number or _index
///     weak record          scan, run, step, loop, segment, trace (rank 1)
///
/// A voltage or current may name its port (v1, vds, "CH1 [V]", gate_voltage, DrainV), an instrument
/// (Smu1.V[1][1], WE(1).Potential (V)) or a node and a device of SPICE (V(out), I(R1), vm#branch).
/// Rank 0 is for plain names and ports, 1 for the spellings of instruments, 2 where only the unit
/// tells the quantity, 3 for what was applied and not measured.
ColumnMeaning column_meaning(std::string_view name, std::string_view unit = "");

/// Whether `text` is a unit of time, voltage, current, resistance and the like, with or without
/// brackets: what stands in a line of units below the names.
bool is_unit(std::string_view text);

/// The units of `quantity`, for messages: "V, mV, uV".
std::string known_units(Quantity quantity);

}  // namespace psi_xlstm
