// How a frame is stored: row lengths as variable-length numbers, and the checksum over everything.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/delivery.hpp"

namespace questclient::buffer {

/// Seven bits a byte, lowest first, the top bit set on all but the last.
std::string encode_row_lengths(std::span<const std::uint32_t> row_lengths);
/// nullopt when the bytes are not what encode_row_lengths writes.
std::optional<std::vector<std::uint32_t>> decode_row_lengths(std::string_view encoded);

/// Over payload and encoded row lengths: the part that can be computed before the frame has a number.
std::uint32_t content_crc(std::string_view payload, std::string_view encoded_row_lengths);
/// The stored checksum: also covers number and time, so that a row found under a wrong key is noticed.
/// `position`: as it is stored beside the frame.
std::uint32_t frame_crc(std::uint32_t content, base::Fsn fsn, std::int64_t created,
                        std::optional<std::string_view> position = std::nullopt);

}  // namespace questclient::buffer
