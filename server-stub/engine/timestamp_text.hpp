// Points in time as users write them in SQL. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/block.hpp"

namespace questnode::engine {

/// "2024", "2024-01-31", "2024-01-31T12:30:00.123456Z", "... +02:00": what is missing is the beginning. In
/// the unit of `type`: DATE, TIMESTAMP or TIMESTAMP_NS, at its bounds where it cannot hold the time. nullopt:
/// none of these.
std::optional<std::int64_t> parse_timestamp_text(std::string_view text, ColumnType type);

}  // namespace questnode::engine
