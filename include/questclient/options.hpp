// Everything that can be set on a sender or a query client, with defaults, units and ranges in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace questclient {

/// One entry of `addr`.
struct Address {
  std::string host;
  std::uint16_t port = 9000;

  bool operator==(const Address&) const = default;
  /// "host:port"; an IPv6 literal stands in brackets.
  std::string to_string() const;
};

enum class Transport : std::uint8_t { http, https, tcp, tcps };

/// What `flush()` waits for before it returns.
enum class SlotDurability : std::uint8_t {
  memory,  ///< In the page cache: survives the process, not a power cut.
  flush,   ///< Synced: survives a power cut.
};

/// When a frame leaves the slot.
enum class TrimAt : std::uint8_t {
  automatic,  ///< request_durable_ack=auto: Durable where the server offers it, else Committed.
  committed,  ///< off: loses what an emergency promotion loses.
  durable,    ///< on: a server that does not offer it is refused.
};

/// The field names are the keys of the connect string.
///
///     auto options = Options::from_conf("http::addr=a:9000,b:9000;sf_dir=/var/lib/app;");
struct Options {
  Transport transport = Transport::http;
  std::vector<Address> addr;  ///< At least one; walked in this order.

  std::string username;
  std::string password;
  std::string token;

  std::chrono::milliseconds connect_timeout{5000};   ///< One attempt at one host. 1 ms to 1 h.
  std::chrono::milliseconds request_timeout{10000};  ///< Base of a request's time limit. 1 ms to 1 h.
  std::uint64_t request_min_throughput = 102400;     ///< Bytes/s added to it; 0: the base alone.
  std::size_t max_name_len = 127;                    ///< UTF-16 units; at least 16.
  std::size_t init_buf_size = 64 * 1024;             ///< Bytes.
  std::size_t max_buf_size = 100 * 1024 * 1024;      ///< Bytes.
  std::optional<int> protocol_version;               ///< 1 or 2; unset: auto.

  bool auto_flush = true;
  std::size_t auto_flush_rows = 75000;         ///< 0: off.
  std::size_t auto_flush_bytes = 1024 * 1024;  ///< 0: off.

  std::string sf_dir;                 ///< Folder of slots; empty: memory only.
  std::string sender_id = "default";  ///< The slot's name below sf_dir.
  std::uint64_t sf_max_segment_bytes = 64ULL << 20;
  std::optional<std::uint64_t> sf_max_total_bytes;  ///< Unset: 128m in memory, 10g on disk.
  SlotDurability sf_durability = SlotDurability::memory;
  std::chrono::milliseconds sf_append_deadline_millis{30000};  ///< How long flush() waits for room.

  std::chrono::milliseconds reconnect_initial_backoff_millis{100};
  std::chrono::milliseconds reconnect_max_backoff_millis{5000};
  std::chrono::milliseconds close_flush_timeout_millis{5000};  ///< 0: close does not wait.
  TrimAt request_durable_ack = TrimAt::automatic;
  std::chrono::milliseconds durable_ack_keepalive_interval_millis{200};

  /// Parses `schema::key=value;...`. Throws Error{config} that names the key, the value and, for an unknown
  /// key, the nearest valid one. Secrets never stand in the message.
  static Options from_conf(std::string_view conf);
  /// from_conf of the environment variable QDB_CLIENT_CONF.
  static Options from_env();
  /// The same checks for fields set by hand; from_conf has made them already.
  void validate() const;
};

}  // namespace questclient
