#pragma once

/// @file
/// Files of stored models: small ones as version 0.1 wrote them, and models of every kind.

#include <filesystem>
#include <string>
#include <vector>

#include "model/compact_model.hpp"
#include "support/networks.hpp"
#include "support/paths.hpp"

namespace psi_xlstm::testing {

/// The networks of a study that version 0.1 stored, a few units wide: teacher, clustering,
/// low_rank, pinn, published_teacher, published_pinn.
inline std::filesystem::path old_file(const std::string& name) {
  return std::filesystem::path(kTestDir) / "golden" / "stored_0.1" / (name + ".safetensors");
}

inline const std::vector<std::string> kOldNetworks = {
    "teacher", "clustering", "low_rank", "pinn", "published_teacher", "published_pinn"};

/// A compact model with everything that a file of it holds.
inline StoredModel compact_model() {
  StoredModel stored;
  stored.network = one_state();
  stored.shape = {.states = 1, .features = 3};
  stored.chi2_per_sample = 1.0 / 3;
  stored.standard_deviations.assign(stored.network.parameters.size(), 0.1);
  stored.candidates = {{.shape = {.states = 2}, .parameters = 55, .chosen = true}};
  stored.fingerprint = "0123abc";
  return stored;
}

}  // namespace psi_xlstm::testing
