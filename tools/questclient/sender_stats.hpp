// What a sender publishes about itself in <slot>/stats.json, as far as the tools show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <questclient/stats.hpp>

namespace questclient::tool {

/// Reads to_json(Stats). What is not in it stays at its default, so that a sender of another release can be
/// shown; nullopt: it is no JSON object.
std::optional<Stats> parse_sender_stats(const std::string& json);

}  // namespace questclient::tool
