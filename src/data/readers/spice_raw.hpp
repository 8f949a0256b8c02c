#pragma once

/// @file
/// The parts of a raw file of LTspice or ngspice: a header of text, then numbers, ascii or binary;
/// a file may hold several plots.

#include <complex>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// The header of one plot.
struct RawHeader {
  std::string plot;      ///< "Transient Analysis", ...
  std::string flags;     ///< In lower case: "real", "complex double", "real forward", ...
  bool ltspice = false;  ///< Layout of LTspice, else of ngspice.
  bool wide = false;     ///< Text in UTF-16.
  bool binary = false;
  std::size_t points = 0;
  std::vector<std::string> names;  ///< [C]
  std::vector<std::string> types;  ///< "time", "voltage", "device_current", ... [C]

  bool complex() const { return flags.find("complex") != flags.npos; }
};

/// One plot.
struct RawPlot {
  RawHeader header;
  std::vector<std::vector<double>> real;       ///< [C][N]
  std::vector<std::vector<double>> imaginary;  ///< [C][N], of complex plots; else empty.
};

/// All plots of the raw file `bytes`. Throws DataError, whose message opens with `file`, where the
/// file is damaged or ends too early.
std::vector<RawPlot> raw_plots(std::string_view bytes, const std::string& file);

}  // namespace psi_xlstm
