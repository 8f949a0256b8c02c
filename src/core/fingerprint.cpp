#include "core/fingerprint.hpp"

#include <fmt/format.h>

#include "core/sha256.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"

namespace psi_xlstm {
namespace {

template <class T>
std::string_view bytes_of(const T* values, std::size_t count) {
  return {reinterpret_cast<const char*>(values), count * sizeof(T)};
}

}  // namespace

Fingerprint::Fingerprint() { add("code", fmt::format("{} {}", version(), git_commit())); }

Fingerprint& Fingerprint::add_bytes(std::string_view name,
                                    std::string_view kind,
                                    std::string_view bytes) {
  Sha256 checksum;
  checksum.add(kind);
  checksum.add(":");
  checksum.add(bytes);
  if (!parts_.emplace(name, checksum.hex()).second) {
    throw Error(fmt::format("fingerprint: expected every name once, found \"{}\" twice", name));
  }
  return *this;
}

Fingerprint& Fingerprint::add(std::string_view name, std::string_view text) {
  return add_bytes(name, "text", text);
}

Fingerprint& Fingerprint::add(std::string_view name, const char* text) {
  return add_bytes(name, "text", text);
}

Fingerprint& Fingerprint::add(std::string_view name, bool value) {
  return add_bytes(name, "bool", value ? "true" : "false");
}

Fingerprint& Fingerprint::add(std::string_view name, int value) {
  return add_bytes(name, "integers", bytes_of(&value, 1));
}

Fingerprint& Fingerprint::add(std::string_view name, double value) {
  return add_bytes(name, "numbers", bytes_of(&value, 1));
}

Fingerprint& Fingerprint::add(std::string_view name, std::span<const double> values) {
  return add_bytes(name, "numbers", bytes_of(values.data(), values.size()));
}

Fingerprint& Fingerprint::add(std::string_view name, const std::vector<double>& values) {
  return add(name, std::span(values));
}

Fingerprint& Fingerprint::add(std::string_view name, std::span<const int> values) {
  return add_bytes(name, "integers", bytes_of(values.data(), values.size()));
}

Fingerprint& Fingerprint::add_tree(std::string_view name, const nlohmann::ordered_json& tree) {
  return add_bytes(name, "tree", tree.dump());
}

std::string Fingerprint::hex() const {
  Sha256 checksum;
  for (const auto& [name, part] : parts_) {
    checksum.add(sha256_hex(name));  // of one length, so that no name can look like a part
    checksum.add(part);
  }
  return checksum.hex();
}

}  // namespace psi_xlstm
