#pragma once

#include <cstdint>
#include <string_view>

namespace questclient::base {

/// CRC-32C (Castagnoli, RFC 3720) of `bytes`; pass an earlier result as `seed` to go on from it.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace questclient::base
