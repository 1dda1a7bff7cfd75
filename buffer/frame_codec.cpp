#include "buffer/frame_codec.hpp"

#include "base/bytes.hpp"
#include "base/crc32c.hpp"

namespace questclient::buffer {

std::string encode_row_lengths(std::span<const std::uint32_t> row_lengths) {
  std::string out;
  out.reserve(row_lengths.size() * 2);
  for (std::uint32_t length : row_lengths) {
    for (; length >= 0x80; length >>= 7) out.push_back(static_cast<char>(length | 0x80));
    out.push_back(static_cast<char>(length));
  }
  return out;
}

std::optional<std::vector<std::uint32_t>> decode_row_lengths(std::string_view encoded) {
  std::vector<std::uint32_t> lengths;
  lengths.reserve(encoded.size());
  std::uint64_t value = 0;
  int shift = 0;
  for (const char byte : encoded) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(byte) & 0x7F) << shift;
    if ((static_cast<unsigned char>(byte) & 0x80) != 0) {
      shift += 7;
      if (shift > 28) return std::nullopt;
      continue;
    }
    if (value > UINT32_MAX) return std::nullopt;
    lengths.push_back(static_cast<std::uint32_t>(value));
    value = 0;
    shift = 0;
  }
  if (shift != 0) return std::nullopt;
  lengths.shrink_to_fit();
  return lengths;
}

std::uint32_t content_crc(std::string_view payload, std::string_view encoded_row_lengths) {
  return base::crc32c(encoded_row_lengths, base::crc32c(payload));
}

std::uint32_t frame_crc(std::uint32_t content, base::Fsn fsn, std::int64_t created,
                        std::optional<std::string_view> position) {
  std::string key;
  base::ByteWriter writer(key);
  writer.number(fsn);
  writer.number(created);
  if (position) writer.text(*position);
  return base::crc32c(key, content);
}

}  // namespace questclient::buffer
