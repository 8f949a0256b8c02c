#pragma once

/// @file
/// A trained recurrent network (or the feed-forward baseline) as plain numbers: what a training
/// process leaves for one seed and one model, and what reports, predictions and benchmarks read.
/// Knows nothing of LibTorch.
///
///   seed_<n>/<model>/model.safetensors        StoredNetwork
///   seed_<n>/<model>/predictions.safetensors  StoredCurrents (predictions.hpp)
///   seed_<n>/<model>/curve.json               std::vector<CurvePoint>
///   seed_<n>/<model>/training.safetensors     where a killed training goes on; gone when done

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/networks.hpp"
#include "core/json/config_io.hpp"
#include "core/json/safetensors.hpp"
#include "kernels/simd/network_shape.hpp"
#include "metrics/results.hpp"
#include "metrics/training_curve.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// What a fact of a training is about.
enum class FactKind { kOther, kTimeConstant, kMemoryEnergy };

constexpr auto enum_names(FactKind) {
  return std::array{EnumName{FactKind::kOther, "other"},
                    EnumName{FactKind::kTimeConstant, "time_constant"},
                    EnumName{FactKind::kMemoryEnergy, "memory_energy"}};
}

/// A number that a training noted.
struct TrainingFact {
  std::string name;             ///< With its unit.
  std::optional<double> value;  ///< A time constant in s; an energy as a part of all (0 to 1).
  FactKind kind = FactKind::kOther;
  int rank = 0;  ///< Of a memory energy: held by so many singular values.

  template <class Self, class Visitor>
  static void fields(Self& f, Visitor& visit) {
    visit("name", f.name);
    visit("value", f.value);
    visit("kind", f.kind);
    visit("rank", f.rank);
  }
};

/// Numbers of a trained network, how its inputs and output are scaled, and facts of its training.
struct StoredNetwork {
  NetworkKind model = NetworkKind::kTeacher;
  kernels::NetworkShape shape;     ///< Of the recurrent ones.
  std::vector<int> layer_widths;   ///< Of an mlp: 2, 64, 64, 64, 1; empty for recurrent ones.
  std::vector<double> parameters;  ///< Flat, order of kernels::parameter_blocks.
  NetworkProtocol protocol = NetworkProtocol::kPublished;
  double reference_step = 50e-9;  ///< dt0 [s].
  double current_scale = 1;       ///< Published protocol: I = current_scale y [A].
  double time_scale = 1;          ///< Published protocol: second input t / time_scale [s].
  double conductance_scale = 1;   ///< gs: known-start: I = V gs exp(y), second input ln(g0/gs) [S].
  int trained_parameters = 0;     ///< Numbers that were trained.
  int deployed_parameters = 0;    ///< Numbers that are needed afterwards (tied gates counted once).
  std::vector<TrainingFact> facts;
  std::string fingerprint;  ///< Of everything the training depended on.
  ir::TrainingBox box;      ///< Known-start, recurrent: of the training data; else of duration 0.

  bool is_published() const { return protocol == NetworkProtocol::kPublished; }
};

/// The blocks of `network.parameters` in order: those of kernels::parameter_blocks; of an mlp
/// layers.<i>.weight [out, in], layers.<i>.bias [out]. Throws ShapeError for a shape that makes no
/// sense.
std::vector<kernels::ParameterBlock> stored_blocks(const StoredNetwork& network);

/// Numbers that a network of `shape` carries from one sample to the next: c and n of every sLSTM
/// unit, C and n of every mLSTM head.
int state_count(const kernels::NetworkShape& shape);

/// The folder of one model of one seed; `model` is the label of its config.
std::filesystem::path network_folder(const std::filesystem::path& run,
                                     int seed,
                                     const std::string& model);

/// Writes `network`; tensors by block name (mlp: layers.<i>.weight, .bias), the rest in the
/// metadata. Throws ShapeError where the parameters do not fit the shape.
void save_network(const std::filesystem::path& file, const StoredNetwork& network);

/// Reads it back. Throws DataError where the file is missing or something else, or where a shape or
/// a number in it is not what the networks of a study have.
StoredNetwork load_network(const std::filesystem::path& file);

/// The same of what read_stored_file() gave; `where` opens the messages.
StoredNetwork parse_stored_network(const SafetensorsFile& content, const std::string& where);

/// Whether `content` says that it holds one.
bool holds_network(const SafetensorsFile& content);

/// Writes `curve`; a loss that is not finite becomes null, and reads back as NaN.
void save_curve(const std::filesystem::path& file, const std::vector<CurvePoint>& curve);

/// Reads it back. Throws as load_network does.
std::vector<CurvePoint> load_curve(const std::filesystem::path& file);

}  // namespace psi_xlstm
