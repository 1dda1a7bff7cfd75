// Single values of the connect string.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace questclient::config {

/// The parts of a message, one after the other.
std::string join(std::initializer_list<std::string_view> parts);

/// Digits only; nothing if there is anything else or it does not fit.
std::optional<std::uint64_t> parse_count(std::string_view text);

/// Digits with at most one of k, m, g, t (powers of 1024) after them.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// The shortest text that parse_size() reads as `bytes`.
std::string print_size(std::uint64_t bytes);

}  // namespace questclient::config
