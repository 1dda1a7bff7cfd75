#include "base/gzip.hpp"

#include <algorithm>
#include <stdexcept>
#include <zlib.h>

#include "base/bytes.hpp"

namespace questclient::base {

namespace {

constexpr int kGzipFormat = 15 + 16;  // the largest window, and gzip's header instead of zlib's
constexpr std::size_t kFirstOutput = std::size_t{64} << 10;
constexpr std::size_t kLargestPiece = std::size_t{1} << 30;  // zlib counts with unsigned int

/// Hands `from` to zlib piece by piece.
void refill(z_stream& stream, std::string_view& from) {
  if (stream.avail_in != 0 || from.empty()) return;
  const std::size_t piece = std::min(from.size(), kLargestPiece);
  // zlib does not write through next_in; its type lacks the const without ZLIB_CONST.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(from.data()));
  stream.avail_in = static_cast<uInt>(piece);
  from.remove_prefix(piece);
}

/// Points zlib at the free end of `to`, `used` bytes of which are taken.
void offer_room(z_stream& stream, std::string& to, std::size_t used) {
  stream.next_out = reinterpret_cast<Bytef*>(to.data() + used);
  stream.avail_out = static_cast<uInt>(std::min(to.size() - used, kLargestPiece));
}

}  // namespace

std::string gzip(std::string_view plain, int level) {
  z_stream stream{};
  constexpr int kMemoryLevel = 8;  // zlib's default
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipFormat, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("gzip: zlib refuses level " + std::to_string(level) + " or is out of memory");
  }
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  std::size_t used = 0;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    refill(stream, plain);
    if (used == packed.size()) packed.resize(packed.size() + kFirstOutput);
    offer_room(stream, packed, used);
    const uInt offered = stream.avail_out;
    status = deflate(&stream, plain.empty() ? Z_FINISH : Z_NO_FLUSH);
    used += offered - stream.avail_out;
  }
  deflateEnd(&stream);
  packed.resize(used);
  return packed;
}

std::optional<std::string> gunzip(std::string_view packed, std::size_t max_bytes, bool* too_long) {
  if (too_long != nullptr) *too_long = false;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipFormat) != Z_OK) throw std::runtime_error("gunzip: out of memory");
  // One byte more than allowed tells "exactly as long" from "longer".
  const std::size_t limit = max_bytes == std::string::npos ? max_bytes : max_bytes + 1;
  std::string plain(std::min(limit, std::max(kFirstOutput, packed.size() * 4)), '\0');
  std::size_t used = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    refill(stream, packed);
    if (used == plain.size()) plain.resize(std::min(limit, plain.size() * 2));
    offer_room(stream, plain, used);
    const uInt offered = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    used += offered - stream.avail_out;
    if (used > max_bytes) break;
  }
  const bool whole = status == Z_STREAM_END && stream.avail_in == 0 && packed.empty();
  inflateEnd(&stream);
  if (used > max_bytes) {
    if (too_long != nullptr) *too_long = true;
    return std::nullopt;
  }
  if (!whole) return std::nullopt;
  plain.resize(used);
  return plain;
}

std::size_t claimed_bytes(std::string_view packed) {
  if (packed.size() < sizeof(std::uint32_t)) return 0;
  return ByteReader(packed.substr(packed.size() - sizeof(std::uint32_t))).number<std::uint32_t>();
}

}  // namespace questclient::base
