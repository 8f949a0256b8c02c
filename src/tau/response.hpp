#pragma once

/// @file
/// Devices whose memory is a sum of first-order relaxations with fixed time constants:
///
///     conductance   I = s(V) + V sum_k a_k z_k          current   I = s(V) + sum_k a_k z_k
///     dz_k/dt = (u(V) - z_k) / tau_k                    u(V) = V^2, |V| or V
///
/// with a static curve s(V) = s_1 V, or s_1 V + s_2 V |V| + s_3 V^2 + s_4 V^3 where it is curved.
/// It is the compact student of fit/compact_student.hpp with constant rates and an affine head,
/// with the gates replaced by u: linear in s and a, so that only the tau need a search. Between two
/// samples V goes along a straight line, or a parabola where its neighbours agree on the curvature,
/// u along the parabola through its three values, and the relaxation is solved exactly.
///
/// Axes: N samples, M time constants.

#include <array>
#include <span>
#include <string>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm::tau {

/// What the relaxations modulate.
enum class Form { kConductance, kCurrent };

/// What drives the relaxations, u(V).
enum class Drive { kSquare, kMagnitude, kVoltage };

/// One class of devices.
struct Response {
  Form form = Form::kConductance;
  Drive drive = Drive::kSquare;

  bool operator==(const Response&) const = default;
};

/// All classes that are tried, the one of data/mem3.hpp first.
std::vector<Response> all_responses();

/// In words, with the equation: "conductance driven by V^2".
std::string describe(const Response& response);

/// u at `voltage` [V]; in V or V^2.
double drive_at(Drive drive, double voltage);

/// Columns of the static curve: V, V |V|, V^2, V^3.
inline constexpr int kStaticColumns = 4;

/// z <- decay z + from u_0 + to u_1 + middle (u_m - (u_0 + u_1)/2) over one step from u_0 by u_m in
/// its middle to u_1, and the derivatives of the weights by ln tau.
struct StepWeights {
  double decay = 0, from = 0, to = 0, middle = 0;
  double decay_slope = 0, from_slope = 0, to_slope = 0, middle_slope = 0;
};

/// The weights of a step of `ratio` = h/tau > 0 (dimensionless).
StepWeights step_weights(double ratio);

/// Where the columns of a row stand: the current, the static curve, then for every tau the response
/// from rest, its derivative by ln tau (if asked for), the memory of the start exp(-t/tau), and its
/// derivative.
struct ColumnLayout {
  int taus = 0;              ///< M.
  bool derivatives = false;  ///< Columns of derivatives by ln tau are there.

  int current() const { return 0; }
  int statics() const { return 1; }
  int response() const { return 1 + kStaticColumns; }
  int start() const { return response() + taus; }
  int response_slope() const { return start() + taus; }
  int start_slope() const { return response_slope() + taus; }
  int count() const { return derivatives ? start_slope() + taus : start() + taus; }
  int width() const { return (count() + 7) / 8 * 8; }  ///< Of a padded row.
};

/// The rows of one record, sample by sample. A response that rested before the first sample is 0
/// there.
class ColumnStream {
 public:
  /// Keeps a reference to `record` (one port, transient). `taus` [s], [M].
  ColumnStream(const Record& record,
               const Response& response,
               std::vector<double> taus,
               bool derivatives);

  const ColumnLayout& layout() const { return layout_; }

  /// Writes the row of the next sample to `row`, [width]. Must not be called more than N times.
  void next(std::span<double> row);

 private:
  void step(double h, double u, double middle);
  double middle_voltage() const;

  const Record& record_;
  Response response_;
  std::vector<double> taus_;
  ColumnLayout layout_;
  std::size_t sample_ = 0;
  double u_ = 0;
  double weights_step_ = 0;
  std::vector<StepWeights> weights_;
  std::vector<double> z_, z_slope_, start_, start_slope_;  // [M]
};

/// Throws DataError, opened by `where`, unless `record` is transient, with one port, at least 20
/// samples of finite numbers and times that increase, and a voltage and current that are not all
/// zero.
void check_record(const Record& record, const std::string& where);

}  // namespace psi_xlstm::tau
