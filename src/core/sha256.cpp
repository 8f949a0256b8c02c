#include "core/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <bit>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

static_assert(std::endian::native == std::endian::little, "doubles are hashed as they lie");

void check(int outcome) {
  if (outcome != 1) throw Error("SHA-256: expected OpenSSL to compute it, found a refusal");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void Sha256::add(std::string_view bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

void Sha256::add(std::span<const double> values) {
  check(EVP_DigestUpdate(context_.get(), values.data(), values.size_bytes()));
}

std::string Sha256::hex() const {
  const std::unique_ptr<evp_md_ctx_st, Free> copy(EVP_MD_CTX_new());
  check(EVP_MD_CTX_copy_ex(copy.get(), context_.get()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  check(EVP_DigestFinal_ex(copy.get(), digest.data(), &size));
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 checksum;
  checksum.add(bytes);
  return checksum.hex();
}

}  // namespace psi_xlstm
