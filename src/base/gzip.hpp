// gzip over zlib: request bodies.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace questclient::base {

std::string gzip(std::string_view plain, int level = 1);
/// Nothing: not one whole gzip stream, or it would become longer than `max_bytes` (then *too_long is true).
std::optional<std::string> gunzip(std::string_view packed, std::size_t max_bytes, bool* too_long = nullptr);

/// How many bytes the stream says that it unpacks to, at its end and modulo 4 GiB; gunzip() takes no stream
/// that does not keep to it.
std::size_t claimed_bytes(std::string_view packed);

}  // namespace questclient::base
