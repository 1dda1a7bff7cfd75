// ILP as QuestDB's server takes it: text of version 1, binary values of version 2, decimals of version 3.
// Facts: docs/ilp.md.
#pragma once

#include <cstdint>
#include <functional>
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

/// The parsed rows would take so many bytes, and may not.
struct NoRoom {
  std::size_t bytes = 0;
};
/// Asked again and again while the rows grow: whether they may take so many bytes.
using MayHold = std::function<bool(std::size_t bytes)>;

/// The whole body or nothing: the first bad line ends it. `arrival_wall_nanos` stamps rows without timestamp.
/// No `may_hold`: they may.
std::variant<engine::WriteRequest, ParseError, NoRoom> parse(std::string_view body, Precision precision,
                                                             std::int64_t arrival_wall_nanos,
                                                             const MayHold& may_hold = {});

}  // namespace questnode::ilp
