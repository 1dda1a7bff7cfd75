// The body of a 400.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace questclient::sender {

/// What a server finds wrong with a row, read out of its words: ILP has no codes for it.
enum class RefusalKind : std::uint8_t {
  schema,  ///< A value does not fit its column.
  parse,   ///< The line is not ILP to the server.
  write,   ///< Anything else: a name, a timestamp out of range, a table that may not be created, ...
};

struct Rejection {
  std::string code;      ///< "invalid", "not supported", ...; empty: the body is not JSON.
  std::string message;   ///< The server's own words, for the dead letter; at most kMaxReasonBytes.
  std::string error_id;  ///< As the server's log names it, or empty.
  std::optional<std::uint32_t> row;  ///< The row of the request that is at fault, from 0.
  RefusalKind kind = RefusalKind::write;

  /// It speaks about rows, so leaving rows out can help. "not supported" and the like would be said of any.
  bool about_rows() const { return row.has_value() || code.empty() || code == "invalid"; }
};

inline constexpr std::size_t kMaxReasonBytes = 4096;

/// `rows`: of the request; a line outside of it is not believed.
Rejection parse_rejection(std::string_view body, std::uint32_t rows);

RefusalKind classify_refusal(std::string_view message);

/// Whether the message of a 500 blames the server's machine (a disk without room, no file handles, ...): that
/// is never the row's fault.
bool blames_the_system(std::string_view message);

}  // namespace questclient::sender
