// What QuestDB takes as the name of a table or a column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace questclient::ilp {

/// The server's longest line over HTTP.
inline constexpr std::size_t kMaxRowBytes = std::size_t{1} << 30;

enum class NameKind { table, column };

/// What a caller's max_name_len means: the server counts no further, and longer names are no use. Products of
/// it cannot overflow.
constexpr std::size_t bounded_name_len(std::size_t max_name_len) {
  constexpr std::size_t kMost = 32767;
  return max_name_len < kMost ? max_name_len : kMost;
}

/// Most bytes that a name of `max_units` UTF-16 units takes before it is escaped. REQUIRES:
/// bounded_name_len().
constexpr std::size_t max_name_bytes(std::size_t max_units) {
  return 3 * max_units;
}

/// Checks a name and writes it escaped. REQUIRES: room for 2 * min(name.size(), max_name_bytes(max_units))
/// bytes. Returns the end, or null if the server would refuse the name; what stands at `out` then means
/// nothing.
char* write_name(char* out, std::string_view name, NameKind kind, std::size_t max_units);

/// Why write_name() refuses a name, and what to do.
std::string explain_name(std::string_view name, NameKind kind, std::size_t max_units);

/// A name or value for a message: cut at 64 bytes, bytes that cannot be shown as \xNN.
std::string quote(std::string_view text);

}  // namespace questclient::ilp
