#pragma once

/// @file
/// A trained model for programs of others: loaded from its file, run under any voltage, written in
/// the forms that circuit simulators take.

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

class Streamer;
namespace model {
class Model;
}

/// A model on its way along one sequence, sample by sample, in double precision. Not for use by two
/// threads at once.
class DeviceRun {
 public:
  ~DeviceRun();
  DeviceRun(DeviceRun&& other) noexcept;
  DeviceRun& operator=(DeviceRun&& other) noexcept;

  /// The current [A] at the next sample, at `time` [s] under `voltage` [V]. Times
  /// increase; one before the last begins again at the start. Throws DataError where time or
  /// voltage is not finite, where the time is that of the last sample, and where the current is
  /// not finite.
  double step(double time, double voltage);

  /// The states after the last sample; empty before the first one and of a model without.
  std::vector<double> states() const;

 private:
  friend class DeviceModel;
  explicit DeviceRun(std::unique_ptr<Streamer> streamer);

  std::unique_ptr<Streamer> streamer_;
  std::optional<double> last_;  // Time of the last sample [s].
};

/// Immutable and cheap to copy; two threads may use one.
class DeviceModel {
 public:
  /// The model of `file`. Throws DataError where it is missing, damaged or no model.
  explicit DeviceModel(const std::filesystem::path& file);

  /// A model in memory, which loading or training has given.
  explicit DeviceModel(std::unique_ptr<const model::Model> model);

  /// The name that its emitted forms have unless another is given.
  const std::string& name() const;

  /// Numbers that a run carries from sample to sample.
  int state_count() const;

  /// What the model was trained on; all zeros where that is not known.
  struct TrainingRange {
    double voltage_low = 0, voltage_high = 0;          ///< Of its first port [V].
    double conductance_low = 0, conductance_high = 0;  ///< [S]
    double step = 0;                                   ///< Between samples [s].
  };
  TrainingRange trained_on() const;

  /// Currents under a record's voltage.
  struct Prediction {
    std::vector<double> current;        ///< [A], [N].
    std::vector<std::string> warnings;  ///< Where the model extrapolates or assumes a start.
  };

  /// The current under the voltage of `drive` (time, voltage; one port) from the conductance `g0`
  /// [S] at its start; without one, from the drive's own (known, or told by its current), else from
  /// the middle of the conductances that the model was trained on. Throws DataError where the
  /// record does not fit and for a model of several ports.
  Prediction predict(const Record& drive, std::optional<double> g0 = {}) const;

  /// The same under `voltage` [V], [N], at `time` [s], [N], increasing. Throws DataError where the
  /// two differ in length, a number is not finite or the times do not increase, and ConfigError
  /// where `g0` is no conductance.
  Prediction simulate(std::span<const double> time,
                      std::span<const double> voltage,
                      std::optional<double> g0 = {}) const;

  /// A run from the conductance `g0` [S]; without one, from the middle of those that the model was
  /// trained on. Its currents are those of simulate(), bit by bit. Does not keep the model. Throws
  /// DataError for a model of several ports, ConfigError where `g0` is no conductance.
  DeviceRun start(std::optional<double> g0 = {}) const;

  /// Writes the model to `file`, from which the first constructor reads it. Throws DataError where
  /// it cannot be written.
  void save(const std::filesystem::path& file) const;

  /// What emit() wrote.
  struct EmittedFiles {
    std::vector<std::filesystem::path> files;
    std::string left_out;  ///< Why there is no compiled form, one sentence; empty: there is one.
    std::vector<std::string> renamed;  ///< A sentence for each name that no simulator takes.
  };

  /// Writes <name>.va, <name>.sp, <name>.c and, where the machine has a C compiler, <name>.osdi
  /// into `folder`; an empty `name` stands for name(). Throws ConfigError where the name is no
  /// identifier, EmitError where no circuit can hold the model, DataError where a file cannot be
  /// written.
  EmittedFiles emit(const std::filesystem::path& folder, const std::string& name = "") const;

 private:
  struct Content;
  std::shared_ptr<const Content> content_;
};

}  // namespace psi_xlstm
