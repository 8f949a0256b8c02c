#pragma once

/// @file
/// SHA-256 checksums (FIPS 180-4), computed by OpenSSL.

#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's digest context.

namespace psi_xlstm {

/// A checksum over bytes that arrive in pieces.
class Sha256 {
 public:
  Sha256();

  /// Appends `bytes`.
  void add(std::string_view bytes);

  /// Appends the 8 bytes (IEEE 754, little-endian) of every value.
  void add(std::span<const double> values);

  /// The checksum of everything added so far, 64 lower-case hexadecimal digits.
  std::string hex() const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// The checksum of `bytes`, 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace psi_xlstm
