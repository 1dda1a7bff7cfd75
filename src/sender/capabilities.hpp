// What a host says about itself in GET /settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace questclient::sender {

/// The version of our headers that this client speaks.
inline constexpr std::uint64_t kDeliveryVersion = 1;

struct Capabilities {
  bool accepts_writes = true;  ///< "accepting.writes" lists "http", or is absent.
  std::uint64_t delivery = 0;  ///< "questclient.delivery": version of our headers; 0: any other ILP server.
  bool durable_ack = false;    ///< "questclient.durable_ack": it tells what is in the object store.
  int line_version = 1;        ///< Highest of 1, 2, 3 in "line.proto.support.versions".

  /// It takes our headers, so tokens replace guessing.
  bool has_tokens() const { return delivery == kDeliveryVersion; }
  bool tells_durable() const { return has_tokens() && durable_ack; }
};

/// Nothing: not the settings of any QuestDB. Bounded in size and depth; never throws on what a server sent.
std::optional<Capabilities> parse_settings(std::string_view body);

}  // namespace questclient::sender
