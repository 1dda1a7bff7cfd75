// ILP as QuestDB's server takes it: text of version 1, binary values of version 2, decimals of version 3.
// Facts: docs/ilp.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "engine/sequencer.hpp"

namespace questnode::ilp {

/// Longest body (and so line) that is taken.
inline constexpr std::size_t kMaxBodyBytes = 1ULL << 30;

struct ParseError {
  std::string message;  ///< As QuestDB's: "failed to parse line protocol:errors encountered on line(s):\n..."
  std::uint32_t line = 0;
};

/// Unit of designated timestamps without a suffix: the request's `precision`.
enum class Precision : std::uint8_t { nanos, micros, millis, seconds, minutes, hours };
/// "n", "ns", "u", ...; empty means nanoseconds; nullopt: not supported.
std::optional<Precision> parse_precision(std::string_view text);

/// The whole body or nothing: the first bad line ends it. `arrival_wall_nanos` stamps rows without timestamp.
std::variant<engine::WriteRequest, ParseError> parse(std::string_view body, Precision precision,
                                                     std::int64_t arrival_wall_nanos);

}  // namespace questnode::ilp
