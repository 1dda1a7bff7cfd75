// JSON from a server that may be anything. Include in .cpp files only.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

namespace questclient::sender {

using Json = nlohmann::json;

inline constexpr int kMaxJsonDepth = 16;

/// Nothing: too long, too deep, or not JSON.
inline std::optional<Json> parse_bounded_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return std::nullopt;
  bool too_deep = false;
  const auto bound_depth = [&too_deep](int depth, Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > kMaxJsonDepth;
    return !too_deep;
  };
  Json document = Json::parse(text, bound_depth, /*allow_exceptions=*/false);
  if (too_deep || document.is_discarded()) return std::nullopt;
  return document;
}

}  // namespace questclient::sender
