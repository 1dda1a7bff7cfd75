// What hides the content of a slot: frames, positions and dead letters, when the slot has a key.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace questclient::buffer {

/// How much longer what is sealed is than the plain text.
inline constexpr std::size_t kSealBytes = 40;

/// AES-256-GCM under a key of its own: 24 random bytes, then ciphertext and tag. Twelve of the random bytes
/// derive the message's key from `key` (HMAC-SHA-256), twelve are its nonce, so that no number of messages
/// under one key comes near a repetition. `associated` is not stored, but open_sealed must be given the same:
/// name what the text belongs to, so that it cannot be passed off as another's.
/// REQUIRES: `key` of 32 bytes. Throws std::runtime_error when OpenSSL fails.
std::string seal(std::string_view key, std::string_view associated, std::string_view plain);

/// Nothing: another key, or the bytes or what is associated with them were changed.
std::optional<std::string> open_sealed(std::string_view key, std::string_view associated,
                                       std::string_view sealed);

}  // namespace questclient::buffer
