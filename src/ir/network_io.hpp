#pragma once

/// @file
/// A network as a safetensors file: one tensor per parameter block, the structure as JSON under the
/// metadata key "network". Charges, a conductance and ranges of several ports stand in it where the
/// network has them. Nothing executable is read.

#include <map>
#include <string>
#include <string_view>

#include "core/json/safetensors.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// A training box as JSON, names with units, and the reverse. Throws DataError for anything else.
std::string box_text(const TrainingBox& box);
TrainingBox parse_box(const std::string& text);

/// The bytes of the file; `metadata` is kept beside the network (keys other than "network"; without
/// a "format" it gets "pt").
std::string network_bytes(const Network& network,
                          const std::map<std::string, std::string>& metadata);

/// A network and what stood beside it.
struct StoredNetwork {
  Network network;
  std::map<std::string, std::string> metadata;
};

/// The reverse. Throws DataError where the bytes are no such file or the network is inconsistent;
/// `where` opens the message.
StoredNetwork parse_network(std::string_view bytes, const std::string& where);

/// The same of a file that has been read.
StoredNetwork network_of(SafetensorsFile file, const std::string& where);

}  // namespace psi_xlstm::ir
