// JSON from a server that may be anything. Include in .cpp files only.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

namespace questclient::base {

inline constexpr std::size_t kMaxJsonDepth = 16;

/// Whether lists and objects stand in each other more than `most` deep; of a text that is not JSON, up to the
/// place where it goes wrong. Before parsing, so that the depth costs no memory either.
inline bool is_deeper_than(std::string_view json, std::size_t most) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') ++i;  // what is escaped ends nothing
    } else if (c == '[' || c == '{') {
      if (++depth > most) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

/// Nothing: too long, too deep, or not JSON. What walks the document may recurse.
inline std::optional<nlohmann::json> parse_bounded_json(std::string_view text, std::size_t max_bytes,
                                                        std::size_t max_depth = kMaxJsonDepth) {
  if (text.size() > max_bytes || is_deeper_than(text, max_depth)) return std::nullopt;
  nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return std::nullopt;
  return document;
}

}  // namespace questclient::base
