// ES256 (ECDSA over P-256 with SHA-256) over OpenSSL: the challenge of ILP over TCP.
#pragma once

#include <string>
#include <string_view>

namespace questclient::base {

/// The form of a signature's bytes; servers take both.
enum class SignatureForm { der, p1363 };

/// `private_key`: the 32 bytes d, base64url without padding, as QuestDB's key tools print it. `public_x` and
/// `public_y` are checked against it when they are not empty. Throws std::invalid_argument, without any key
/// in the message.
std::string es256_sign(std::string_view private_key, std::string_view public_x, std::string_view public_y,
                       std::string_view message, SignatureForm form);
/// False: not a signature of that message by that key, in either form. Throws std::invalid_argument for a
/// public key that is none.
bool es256_verify(std::string_view public_x, std::string_view public_y, std::string_view message,
                  std::string_view signature);

std::string base64_encode(std::string_view bytes);
/// Standard or url alphabet, padding optional. Throws std::invalid_argument.
std::string base64_decode(std::string_view text);

}  // namespace questclient::base
