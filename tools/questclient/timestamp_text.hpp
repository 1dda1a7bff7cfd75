// Timestamps as people and programs write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace questclient::tool {

/// "iso", "s", "ms", "us", "ns", or a pattern of strptime(3) such as "%d/%m/%Y %H:%M:%S", with %f for a
/// fraction of a second: "%S.%f".
class TimestampFormat {
 public:
  TimestampFormat() = default;  ///< iso
  /// nullopt: neither a known name nor a pattern.
  static std::optional<TimestampFormat> parse(std::string_view name);

  /// Nanoseconds since 1970 in UTC. nullopt: the text does not follow the format, or is not in 1677 to 2262.
  /// A pattern without %z and an ISO text without an offset are UTC.
  std::optional<std::int64_t> read(std::string_view text) const;
  const std::string& name() const { return name_; }

 private:
  std::string name_ = "iso";
  std::int64_t unit_nanos_ = 0;  // 0: iso or a pattern
};

}  // namespace questclient::tool
