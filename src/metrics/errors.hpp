#pragma once

/// @file
/// How far a predicted current is from the measured and from the noise-free one.
///
/// Two normalised errors, always named: nrmse_std = RMSE / population standard deviation of the
/// reference, nrmse_range = RMSE / (max - min of the reference).

#include <optional>
#include <span>

#include "core/json/config_io.hpp"

namespace psi_xlstm {

/// The currents of one record, all [A] and [N].
struct PredictedRecord {
  std::span<const double> measured;   ///< What was measured, with its noise.
  std::span<const double> predicted;  ///< What the model says.
  std::span<const double> clean;      ///< The noise-free current; empty where it is not known.
};

/// Errors of one model, pooled over all samples of all records. Absent: not defined for these
/// records, e.g. no noise-free current, or a reference that does not vary.
struct ErrorMetrics {
  std::optional<double> mse;                  ///< Mean (predicted - measured)^2 [A^2].
  std::optional<double> noise_floor;          ///< Mean (measured - clean)^2 [A^2].
  std::optional<double> mse_over_floor;       ///< mse / noise_floor; 1 is as good as the truth.
  std::optional<double> nrmse_std;            ///< Against the measured current.
  std::optional<double> nrmse_range;          ///< Against the measured current.
  std::optional<double> nrmse_std_clean;      ///< Against the noise-free current.
  std::optional<double> correlation;          ///< Pearson's, with the measured current.
  std::optional<double> max_abs_err_over_fs;  ///< max |error| / max |measured|.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("mse_A2", c.mse);
    visit("noise_floor_A2", c.noise_floor);
    visit("mse_over_floor", c.mse_over_floor);
    visit("nrmse_std", c.nrmse_std);
    visit("nrmse_range", c.nrmse_range);
    visit("nrmse_std_clean", c.nrmse_std_clean);
    visit("correlation", c.correlation);
    visit("max_abs_err_over_fs", c.max_abs_err_over_fs);
  }
};

/// All errors of `records`. Those against the noise-free current need it in every record. A
/// prediction that is not finite leaves the errors it enters absent. Throws DataError if there is
/// no sample, ShapeError if the currents of a record differ in length.
ErrorMetrics error_metrics(std::span<const PredictedRecord> records);

/// The same for one record.
ErrorMetrics error_metrics(const PredictedRecord& record);

/// Mean of (predicted - reference)^2 [A^2]. Throws as error_metrics does.
double mean_squared_error(std::span<const double> reference, std::span<const double> predicted);

/// max |predicted - reference| / max |reference|, dimensionless; absent if the reference is zero
/// everywhere or a value is not finite. Throws as error_metrics does.
std::optional<double> max_error_over_full_scale(std::span<const double> reference,
                                                std::span<const double> predicted);

/// Root of the mean squared error over max |reference|, dimensionless; absent if the reference is
/// zero everywhere or a value is not finite. Throws as error_metrics does.
std::optional<double> rmse_over_full_scale(std::span<const double> reference,
                                           std::span<const double> predicted);

/// Pearson's correlation of two series; absent if one of them does not vary. Throws as
/// error_metrics does.
std::optional<double> correlation(std::span<const double> reference,
                                  std::span<const double> predicted);

}  // namespace psi_xlstm
