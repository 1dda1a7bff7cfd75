#pragma once

#include <array>
#include <string>
#include <string_view>

namespace questclient::base {

using Sha256 = std::array<unsigned char, 32>;

/// SHA-256 of `bytes` (OpenSSL).
Sha256 sha256(std::string_view bytes);

/// Lowercase hexadecimal digits.
std::string hex(std::string_view bytes);
std::string hex(const Sha256& digest);

}  // namespace questclient::base
