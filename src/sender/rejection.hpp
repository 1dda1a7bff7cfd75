// The body of a 400.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace questclient::sender {

struct Rejection {
  std::string code;     ///< "invalid", "not supported", ...; empty: the body is not JSON.
  std::string message;  ///< The server's own words, for the dead letter; at most kMaxReasonBytes.
  std::optional<std::uint32_t> row;  ///< The row of the request that is at fault, from 0.

  /// It speaks about rows, so leaving rows out can help. "not supported" and the like would be said of any.
  bool about_rows() const { return row.has_value() || code.empty() || code == "invalid"; }
};

inline constexpr std::size_t kMaxReasonBytes = 4096;

/// `rows`: of the request; a line outside of it is not believed.
Rejection parse_rejection(std::string_view body, std::uint32_t rows);

}  // namespace questclient::sender
