#pragma once

/// @file
/// A trained model for programs of others: loaded from its file, run under any voltage, written in
/// the forms that circuit simulators take.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// Immutable and cheap to copy; two threads may use one.
class DeviceModel {
 public:
  /// The model of `file`. Throws DataError where it is missing, damaged or no model.
  explicit DeviceModel(const std::filesystem::path& file);

  /// The name that its emitted forms have unless another is given.
  const std::string& name() const;

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
