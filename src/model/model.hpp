#pragma once

/// @file
/// A trained model of any kind behind one interface: what predicts, prints, emits or checks a model
/// asks no file and no kind. A new kind is a class of its own and a row in the table of model.cpp.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simd/network_shape.hpp"
#include "metrics/results.hpp"
#include "model/compact_model.hpp"
#include "model/stored_network.hpp"
#include "model/streaming.hpp"
#include "psi_xlstm/data/record.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::model {

/// What is in a file.
enum class Kind { kCompact, kRecurrent, kFeedForward };

/// The name of `kind` in files and texts: "compact", "recurrent", "feed_forward".
const char* name_of(Kind kind);

/// What a model sees besides the voltage.
enum class SecondInput {
  kNone,   ///< Nothing: it starts at its own rest.
  kStart,  ///< The conductance at the start, g0.
  kTime,   ///< The time since the start of the record.
};

/// What is known of a model without running it.
struct Description {
  Kind kind = Kind::kCompact;
  std::string name;                        ///< E.g. "student", "teacher".
  std::string protocol;                    ///< Of a network study; empty: of none.
  std::vector<std::string> ports = {"p"};  ///< [P]
  SecondInput sees = SecondInput::kStart;
  int states = 0;  ///< Numbers carried from sample to sample.
  int trained_parameters = 0;
  int deployed_parameters = 0;                  ///< Tied ones counted once.
  std::vector<kernels::ParameterBlock> blocks;  ///< Names and shapes of the trained numbers.
  std::vector<NamedNumber> facts;               ///< Of the training.
  std::string fingerprint;                      ///< Of everything that the training depended on.
  std::string data_checksum;                    ///< Of its data; empty: not recorded.
  double reference_step = 0;                    ///< Sample step of the training data [s].
  double longest_time = 0;  ///< Of the training data, where the model sees it [s].
  ir::TrainingBox box;      ///< Of the training data; duration 0: not known.
  std::string no_circuit;   ///< Why no circuit can hold it; empty: one can.
};

/// Conductances at the start of a record [S].
struct StartRange {
  double low = 0, high = 0;  ///< What the model can hold; 0 and 0: not known.
  double middle = 1;         ///< Where nothing is known of the start.
};

/// A trained model; immutable, so two threads may use one.
class Model {
 public:
  virtual ~Model() = default;

  const Description& about() const { return about_; }

  virtual StartRange starts() const = 0;

  /// The conductance at the start [S] that the current of `record` tells, of one port.
  virtual double start_of(const Record& record) const = 0;

  /// Throws DataError unless `record` has the voltages of as many ports as the model.
  void check_ports(const Record& record) const;

  /// The currents [A], [P][N], under the voltages of `record`, in double precision, from the
  /// conductance `g0` [S] where the model sees the start. Throws as check_ports() does.
  std::vector<std::vector<double>> currents(const Record& record, double g0) const;

  /// The model at the start of a sequence from `g0`; in double precision its currents are those of
  /// currents(). Does not keep the model. Throws ShapeError where it cannot run sample by sample.
  virtual std::unique_ptr<Streamer> streamer(double g0,
                                             Precision precision = Precision::kSingle) const = 0;

  /// The network that a circuit holds, for printers and co-simulation. Throws DataError with
  /// about().no_circuit where there is none.
  ir::Network circuit_network() const;

  /// Writes the model to `file`, which load() reads.
  virtual void save(const std::filesystem::path& file) const = 0;

 protected:
  explicit Model(Description about) : about_(std::move(about)) {}

 private:
  virtual std::vector<std::vector<double>> run(const Record& record, double g0) const = 0;
  virtual ir::Network network() const = 0;

  Description about_;
};

/// The model in `file`, of whatever kind. Files of version 0.1 are read too. Throws DataError where
/// the file is missing, damaged, of a newer version or no model.
std::unique_ptr<const Model> load(const std::filesystem::path& file);

/// The same of numbers in memory.
std::unique_ptr<const Model> of(StoredModel stored);
std::unique_ptr<const Model> of(StoredNetwork stored);

}  // namespace psi_xlstm::model
