#pragma once

/// @file
/// The two protocols of a network study: which records a model is trained on and judged on, from
/// which sample on, and what it is to be held against.
///
///   published    every model sees (V, t) alone, the start is hidden; models of all seeds are
///   judged
///                on the last 60,000 of the 400,000 samples of seed 42, as published
///   known_start  every model is judged on records 8 and 9 of its own seed, run freely from the
///                conductance of their first `prefix` seconds, which are not scored

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/networks.hpp"
#include "fit/evaluation.hpp"
#include "model/predictions.hpp"
#include "model/stored_network.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// The published study judged the models of all seeds on the records of this one.
inline constexpr int kPublishedTestSeed = 42;

/// What the models of one seed are trained on (records 0-6) and judged on (records 8 and 9).
struct SeedData {
  int seed = 0;
  Dataset dataset;
  fit::StartOptions starts;            ///< From the prefix.
  std::vector<fit::Prediction> frame;  ///< Of the test records, without currents.
};

/// The records of `seed` as `config.protocol` uses them. Throws ConfigError where the prefix is too
/// short or too long for a record.
SeedData seed_data(const NetworkStudyConfig& config, int seed);

/// `currents` as predictions on the test records of `data`; `where` opens every message. Throws
/// DataError where they are of other records, other first samples or another length.
std::vector<fit::Prediction> with_currents(const SeedData& data,
                                           const StoredCurrents& currents,
                                           const std::string& where);

/// The currents of `predictions` as they are stored.
StoredCurrents stored_currents(const SeedData& data,
                               const std::vector<fit::Prediction>& predictions);

/// A trivial predictor or a bound, on the samples that the models are judged on.
struct Reference {
  std::string key;            ///< In the names of numbers, an identifier.
  std::string name;           ///< In tables.
  std::optional<int> seed;    ///< Of the records it was fitted or judged on; absent: none matters.
  std::optional<double> mse;  ///< [A^2]
  std::optional<double> mse_over_floor;           ///< Dimensionless.
  std::optional<double> nrmse_std;                ///< Dimensionless.
  std::vector<fit::Prediction> predictions = {};  ///< Where its spectrum is wanted.
};

/// What the models of `seeds` are to be held against: the mean, a resistor and a static polynomial
/// fitted on the training records, one conductance per record, the device's own law from the
/// estimated start, the noise floor, and in the published protocol the bound of all that see (V, t)
/// alone. In tables by kind, then by seed.
std::vector<Reference> references(const NetworkStudyConfig& config,
                                  const std::vector<SeedData>& seeds);

}  // namespace psi_xlstm
