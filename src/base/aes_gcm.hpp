// AES-256-GCM over OpenSSL: what encrypts a slot.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace questclient::base {

inline constexpr std::size_t kAesKeyBytes = 32;
inline constexpr std::size_t kAesNonceBytes = 12;
inline constexpr std::size_t kAesTagBytes = 16;

/// Ciphertext followed by the 16-byte tag. A nonce must never be used twice under one key.
/// REQUIRES: key and nonce of the sizes above. Throws std::runtime_error when OpenSSL fails.
std::string aes_gcm_seal(std::string_view key, std::string_view nonce, std::string_view associated,
                         std::string_view plain);
/// Nothing: the key is another one, or the bytes or what is associated with them were changed.
std::optional<std::string> aes_gcm_open(std::string_view key, std::string_view nonce,
                                        std::string_view associated, std::string_view sealed);

/// Unpredictable bytes, for keys and nonces. Thread-safe. Throws std::runtime_error when OpenSSL fails.
std::string secure_random_bytes(std::size_t count);

}  // namespace questclient::base
