// Everything that can be set on a sender or a query client, with defaults, units and ranges in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// ILP over TCP: there are no answers, so nothing is acknowledged.
constexpr bool is_tcp(Transport transport) noexcept {
  return transport == Transport::tcp || transport == Transport::tcps;
}
constexpr bool is_tls(Transport transport) noexcept {
  return transport == Transport::https || transport == Transport::tcps;
}

/// Whether a server's certificate is checked.
enum class TlsVerify : std::uint8_t {
  on,          ///< Against the roots, and its name against the host's.
  unsafe_off,  ///< Not at all: anybody in between can read and change what is sent.
};

/// Where the trusted root certificates come from.
enum class TlsCa : std::uint8_t {
  automatic,  ///< pem_file where tls_roots is set, else os_roots.
  os_roots,   ///< The operating system's.
  pem_file,   ///< The file that tls_roots names, and no other.
};

enum class Compression : std::uint8_t { off, gzip };

/// What `flush()` waits for before it returns, and what survives.
enum class SlotDurability : std::uint8_t {
  memory,    ///< In the page cache: survives the process, not a power cut.
  periodic,  ///< As memory; a power cut loses at most what the last sf_sync_interval_millis brought.
  flush,     ///< flush() syncs what it and the automatic flushes before it brought; those do not wait.
  append,    ///< Every frame is synced before the call that brought it returns, automatic flushes too.
};

/// What happens at the slot's quota.
enum class SlotOverflow : std::uint8_t {
  wait,         ///< flush() waits up to sf_append_deadline_millis: nothing is lost.
  drop_oldest,  ///< The oldest segment is dropped, counted and reported: rows are LOST.
};

/// Whether opening a sender waits for a host.
enum class ConnectRetry : std::uint8_t {
  async,  ///< It does not: rows are buffered until a host is there.
  off,    ///< Every host is tried once; none: Error{connect}.
  on,     ///< Hosts are tried for reconnect_max_duration_millis; none: Error{connect}.
};

/// What becomes of rows that a server refuses, by the kind of refusal.
enum class ErrorPolicy : std::uint8_t {
  dead_letter,  ///< Kept in dead.db with the server's answer; what follows is sent.
  halt,         ///< Sending stops, everything is kept, the application is told.
  retry,        ///< Sent again until it succeeds.
  drop,         ///< Given up: counted and reported, not kept.
  isolate,      ///< on_internal_error, on_server_error: as dead_letter, but only once the server has taken
                ///< other rows in between, so that its own trouble never costs a row; until then as retry.
};

/// Which nodes a query may run on.
enum class Target : std::uint8_t { any, primary, replica };

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
  std::vector<Address> addr;    ///< At least one; walked in this order.
  std::string zone;             ///< Of this process. Queries prefer hosts of the same zone.
  Target target = Target::any;  ///< Queries only.

  std::string username;  ///< HTTP: basic authentication. TCP: the key's id.
  std::string password;
  std::string token;    ///< HTTP: bearer token. TCP: the private key (d), base64url.
  std::string token_x;  ///< TCP: the public key; checked against the private one when given.
  std::string token_y;

  TlsVerify tls_verify = TlsVerify::on;
  TlsCa tls_ca = TlsCa::automatic;
  std::string tls_roots;  ///< PEM file of trusted roots.

  std::chrono::milliseconds connect_timeout{5000};   ///< One attempt at one host, TLS included. 1 ms to 1 h.
  std::chrono::milliseconds auth_timeout_ms{15000};  ///< TCP: the challenge and its answer. 1 ms to 1 h.
  std::chrono::milliseconds request_timeout{10000};  ///< Base of a request's time limit. 1 ms to 1 h.
  std::uint64_t request_min_throughput = 102400;     ///< Bytes/s added to it; 0: the base alone.
  std::chrono::milliseconds retry_timeout{10000};    ///< How long flush_and_wait() waits.
  Compression request_compression = Compression::off;
  std::size_t max_name_len = 127;                     ///< UTF-16 units; at least 16.
  std::size_t init_buf_size = std::size_t{64} << 10;  ///< Bytes.
  std::size_t max_buf_size = std::size_t{100} << 20;  ///< Bytes.
  std::optional<int> protocol_version;  ///< 1, 2 or 3; unset: auto, see line_version().

  bool auto_flush = true;
  std::size_t auto_flush_rows = 75000;                  ///< 0: off.
  std::size_t auto_flush_bytes = std::size_t{1} << 20;  ///< 0: off.
  std::chrono::milliseconds auto_flush_interval{1000};  ///< Age of the oldest buffered row; 0: off.

  std::string sf_dir;                 ///< Folder of slots; empty: memory only.
  std::string sender_id = "default";  ///< The slot's name below sf_dir.
  std::uint64_t sf_max_segment_bytes = 64ULL << 20;
  std::optional<std::uint64_t> sf_max_total_bytes;      ///< Unset: 128m in memory, 10g on disk.
  std::uint64_t sf_max_memory_bytes = 16ULL << 20;      ///< Of the newest rows of a slot on disk.
  std::uint64_t sf_max_dead_letter_bytes = 1ULL << 30;  ///< Quota of dead.db; full: sending holds.
  SlotDurability sf_durability = SlotDurability::memory;
  std::chrono::milliseconds sf_sync_interval_millis{5000};     ///< Of sf_durability=periodic.
  std::chrono::milliseconds sf_append_deadline_millis{30000};  ///< How long flush() waits for room.
  SlotOverflow sf_overflow = SlotOverflow::wait;
  std::string sf_key;  ///< File that holds the key (32 bytes, or 64 hexadecimal digits): encrypts the slot.
  /// The same key from elsewhere, as 32 bytes; called once while the slot is opened. Only here, not in the
  /// connect string; beside sf_key it is an error.
  std::function<std::string()> sf_key_provider;
  std::uint64_t drain_rate = 0;  ///< Bytes/s at which a backlog is replayed beside live rows; 0: no limit.
  bool drain_orphans = false;    ///< Send also what other, ended senders left below sf_dir.
  std::size_t max_background_drainers = 4;

  std::chrono::milliseconds reconnect_initial_backoff_millis{100};
  std::chrono::milliseconds reconnect_max_backoff_millis{5000};
  std::chrono::milliseconds reconnect_max_duration_millis{300000};  ///< Of initial_connect_retry=on.
  ConnectRetry initial_connect_retry = ConnectRetry::async;
  std::chrono::milliseconds close_flush_timeout_millis{5000};  ///< 0: close does not wait.
  TrimAt request_durable_ack = TrimAt::automatic;
  std::chrono::milliseconds durable_ack_keepalive_interval_millis{200};

  std::size_t error_inbox_capacity = 256;                  ///< Events kept for poll_events(); 0: none.
  ErrorPolicy on_schema_error = ErrorPolicy::dead_letter;  ///< 400: a value does not fit its column.
  ErrorPolicy on_parse_error = ErrorPolicy::dead_letter;   ///< 400: the line is not ILP to the server.
  ErrorPolicy on_write_error = ErrorPolicy::dead_letter;   ///< 400 for any other reason, and 413 on one row.
  ErrorPolicy on_security_error = ErrorPolicy::halt;       ///< 401, 403. halt or retry.
  ErrorPolicy on_internal_error = ErrorPolicy::isolate;    ///< 500, or a connection closed
                                                           ///< instead of an answer, again and
                                                           ///< again for the same rows.
  ErrorPolicy on_server_error = ErrorPolicy::retry;        ///< Any other 5xx again and again.
  /// Refusals of the same rows (500, another 5xx, or a connection closed instead of an answer) before the two
  /// policies above apply, if they are not retry ...
  std::size_t max_frame_rejections = 4;
  /// ... and how long they must have gone on.
  std::chrono::milliseconds poison_min_escalation_window_millis{5000};

  /// Parses `schema::key=value;...`. Throws Error{config} that names the key, the value and, for an unknown
  /// key, the nearest valid one. Secrets never stand in the message.
  static Options from_conf(std::string_view conf);
  /// from_conf of the environment variable QDB_CLIENT_CONF.
  static Options from_env();
  /// The version of ILP that rows are encoded in: protocol_version, or where that is unset 3 over HTTP, and 1
  /// over TCP, where no server tells what it reads. A slot outlives its server, so rows are kept in the newest
  /// version; with auto they are rewritten for a host that reads only version 1 when they are sent there.
  int line_version() const noexcept { return protocol_version.value_or(is_tcp(transport) ? 1 : 3); }
  /// The same checks for fields set by hand; from_conf has made them already.
  void validate() const;
};

/// One key of the connect string, for listings: `questclient config --explain` prints them.
struct OptionKey {
  std::string name;
  std::string meaning;
  std::string expects;        ///< What a value looks like, with its range.
  std::string default_value;  ///< Empty: unset.
  std::string group;          ///< "hosts", "authentication and TLS", "ILP", "automatic flush", "buffer", ...
  bool is_secret = false;
  std::vector<std::string> aliases;  ///< Other names that mean the same.
};

/// Every key, in the order of the groups.
std::vector<OptionKey> option_keys();
/// `options` as a connect string, one "key=value" for each key; secrets are "***".
std::vector<std::pair<std::string, std::string>> describe(const Options& options);

}  // namespace questclient
