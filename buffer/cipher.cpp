#include "buffer/cipher.hpp"

#include "base/aes_gcm.hpp"
#include "base/sha256.hpp"

namespace questclient::buffer {
namespace {

constexpr std::size_t kSaltBytes = 12;
constexpr std::size_t kRandomBytes = kSaltBytes + base::kAesNonceBytes;
static_assert(kSealBytes == kRandomBytes + base::kAesTagBytes);

std::string digest(const std::string& text) {
  const base::Sha256 hash = base::sha256(text);
  return std::string(reinterpret_cast<const char*>(hash.data()), hash.size());
}

// HMAC-SHA-256 (RFC 2104) for a key that is shorter than a block.
std::string derived_key(std::string_view key, std::string_view salt) {
  constexpr std::size_t kBlockBytes = 64;
  std::string inner(kBlockBytes, '\x36');
  std::string outer(kBlockBytes, '\x5c');
  for (std::size_t at = 0; at < key.size(); ++at) {
    inner[at] = static_cast<char>(inner[at] ^ key[at]);
    outer[at] = static_cast<char>(outer[at] ^ key[at]);
  }
  return digest(outer + digest(inner + "questclient slot" + std::string(salt)));
}

}  // namespace

std::string seal(std::string_view key, std::string_view associated, std::string_view plain) {
  std::string sealed = base::secure_random_bytes(kRandomBytes);
  const std::string_view random(sealed);
  sealed += base::aes_gcm_seal(derived_key(key, random.substr(0, kSaltBytes)), random.substr(kSaltBytes),
                               associated, plain);
  return sealed;
}

std::optional<std::string> open_sealed(std::string_view key, std::string_view associated,
                                       std::string_view sealed) {
  if (sealed.size() < kSealBytes) return std::nullopt;
  return base::aes_gcm_open(derived_key(key, sealed.substr(0, kSaltBytes)),
                            sealed.substr(kSaltBytes, base::kAesNonceBytes), associated,
                            sealed.substr(kRandomBytes));
}

}  // namespace questclient::buffer
