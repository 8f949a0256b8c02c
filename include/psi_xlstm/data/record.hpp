#pragma once

/// @file
/// What was measured or simulated on one device, and how records are divided for a fit.
///
/// Axes: N samples, P ports, F frequencies.

#include <complex>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace psi_xlstm {

/// What kind of measurement a record holds.
enum class RecordKind { kDc, kAc, kTransient };

/// Admittance at one bias point and one frequency; of AC records only.
struct AdmittancePoint {
  double frequency = 0;                          ///< [Hz]
  std::vector<double> bias;                      ///< Port voltages [V], [P].
  std::vector<std::complex<double>> admittance;  ///< Row-major [P, P], [S].
};

/// One record: the voltages of every port against the reference terminal and the currents into the
/// port terminals, on the record's own time axis.
struct Record {
  std::string id;  ///< Name of the record, e.g. the cycle it came from.
  RecordKind kind = RecordKind::kTransient;
  std::vector<std::string> ports = {"p"};  ///< Port names, [P].
  std::string reference_terminal = "n";    ///< The terminal all voltages refer to.
  std::vector<double> time;                ///< [s], strictly increasing, [N]; empty for dc and ac.
  std::vector<std::vector<double>> voltage;   ///< [V], [P][N].
  std::vector<std::vector<double>> current;   ///< Into the port terminal [A], [P][N].
  std::vector<double> clean_current;          ///< Noise-free current of port 0 [A], [N], or empty.
  std::optional<double> initial_conductance;  ///< True conductance at time[0] [S], where known.
  std::vector<AdmittancePoint> admittance;    ///< Of an ac record, [F]; else empty.
  std::vector<std::string> remarks;           ///< What a reader left out, one sentence each.

  std::size_t size() const { return voltage.empty() ? 0 : voltage.front().size(); }
};

/// Which records (by index into Dataset::records) a fit may see, choose with, and is judged on.
struct Split {
  std::vector<int> train;
  std::vector<int> validation;
  std::vector<int> test;
};

/// Records of one device and how they are divided.
struct Dataset {
  std::vector<Record> records;
  Split split;
  bool continuous = false;  ///< Each record goes on where the one before it ended.
  /// Too little to be divided: each record is fitted on, and predicted by a fit on the others.
  bool leave_one_out = false;
  std::optional<double> noise;  ///< Noise level, as a fraction of each record's sd of current.
  std::string source;           ///< Where the records came from, for reports.
};

}  // namespace psi_xlstm
