#pragma once

/// @file
/// What a stored result was computed from, so that it is computed again when any of it changes.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// Collects everything that a result depends on, each thing under a name of its own. Two
/// fingerprints are equal only if the same names were given the same kinds and values of things;
/// the order does not matter. The code that computes is one of them: its version, commit and
/// changes.
class Fingerprint {
 public:
  /// Starts with the version of the code, under the name "code".
  Fingerprint();

  /// Adds a thing. Throws Error if there is one of that `name` already.
  Fingerprint& add(std::string_view name, std::string_view text);
  Fingerprint& add(std::string_view name, const char* text);
  Fingerprint& add(std::string_view name, bool value);
  Fingerprint& add(std::string_view name, int value);
  Fingerprint& add(std::string_view name, double value);
  Fingerprint& add(std::string_view name, std::span<const double> values);
  Fingerprint& add(std::string_view name, const std::vector<double>& values);
  Fingerprint& add(std::string_view name, std::span<const int> values);
  Fingerprint& add_tree(std::string_view name, const nlohmann::ordered_json& tree);

  template <class T>
  Fingerprint& add(std::string_view name, const std::optional<T>& value) {
    return value ? add(name, *value) : add_bytes(name, "none", "");
  }

  /// The checksum of every thing by name, to tell which of them has changed.
  const std::map<std::string, std::string>& parts() const { return parts_; }

  /// The checksum of all, 64 lower-case hexadecimal digits.
  std::string hex() const;

 private:
  Fingerprint& add_bytes(std::string_view name, std::string_view kind, std::string_view bytes);

  std::map<std::string, std::string> parts_;
};

}  // namespace psi_xlstm
