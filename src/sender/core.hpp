// The sender's decisions: which host, which frames, what an answer means. Pure: events and the time go in,
// actions come out. src/sender/driver.cpp carries them out; tests/sim runs the same class in virtual time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <questclient/options.hpp>
#include <questclient/sender.hpp>
#include <questclient/stats.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/frame_store.hpp"
#include "net/http_client.hpp"
#include "sender/capabilities.hpp"

namespace questclient::sender {

/// A connection attempt and all that follows on it. Events of an older one are ignored.
using ConnectionId = std::uint64_t;

/// How long a host is refused for an epoch that only an earlier process has seen a later one of. After that
/// the cluster is taken for one that was made anew: its epochs begin at 1.
inline constexpr std::chrono::seconds kRememberedEpoch{10};

struct Connect {
  ConnectionId connection;
  Address host;
  std::chrono::milliseconds timeout;
};
struct Disconnect {
  ConnectionId connection;
};
struct Send {
  ConnectionId connection;
  net::HttpRequest request;
  std::chrono::milliseconds timeout;
};
/// acked or durable moved (acked may step back across a failover; durable never).
struct Progress {
  base::Fsn acked = 0;
  base::Fsn durable = 0;
};
/// Every frame up to `fsn` is that safe, told once: it only grows, also where Progress steps back.
struct Acknowledged {
  base::Fsn fsn = 0;
  Ack ack = Ack::committed;
};
/// The slot gave up the frames from `first` up to `end`. Nothing of this moves Progress or Acknowledged.
struct GivenUp {
  base::Fsn first = 0;
  base::Fsn end = 0;
};
/// A bearer token is needed. Answered by on_token(), also where the application gives none.
struct AskToken {};
/// Rows are on their way and more wait in the slot: Core::look_ahead() is worth its time before the answer.
struct LookAhead {};
struct Report {
  SenderEvent event;
};
using Action =
    std::variant<Connect, Disconnect, Send, Progress, Acknowledged, GivenUp, AskToken, LookAhead, Report>;

struct CoreOptions {
  std::vector<Address> hosts;
  std::string authorization;  ///< The header's value, or empty.
  TrimAt trim_at = TrimAt::automatic;
  std::size_t max_request_bytes = 1 << 20;  ///< Frames are joined up to this; one frame may be larger.
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds request_timeout{10000};
  std::uint64_t request_min_throughput = 102400;
  std::chrono::milliseconds initial_backoff{100};
  std::chrono::milliseconds max_backoff{5000};
  std::chrono::milliseconds durable_poll{200};

  bool asks_for_tokens = false;  ///< Handlers::token is set: AskToken before the first request and after 401.
  /// False over TCP, which has no answers: what was handed over is trimmed, but never told as committed.
  bool answers_are_commits = true;
  bool in_memory = false;  ///< Rows end with the sender: what it says of opening another one.
  Compression compression = Compression::off;
  /// Rows are kept in the newest version of ILP; a host that reads only version 1 gets them in that one.
  /// False: the application has chosen a version, or no host tells which it reads (TCP).
  bool rewrites_rows = true;
  std::uint64_t drain_rate = 0;  ///< Bytes/s by which a backlog shrinks (drain_limit.hpp); 0: no limit.
  ErrorPolicy on_schema_error = ErrorPolicy::dead_letter;
  ErrorPolicy on_parse_error = ErrorPolicy::dead_letter;
  ErrorPolicy on_write_error = ErrorPolicy::dead_letter;
  ErrorPolicy on_security_error = ErrorPolicy::halt;
  ErrorPolicy on_internal_error = ErrorPolicy::isolate;  ///< Also of connections closed instead of an answer.
  ErrorPolicy on_server_error = ErrorPolicy::retry;
  std::size_t max_frame_rejections = 4;
  std::chrono::milliseconds poison_window{5000};  ///< poison_min_escalation_window_millis.
};

/// Everything but `authorization`, which the caller makes of the credentials, and asks_for_tokens.
CoreOptions make_core_options(const Options& options);

/// Not thread-safe: the I/O thread's. Never blocks, but for `store`, which it reads, trims and buries in.
class Core {
 public:
  Core(CoreOptions options, buffer::FrameStore& store, base::RandomSource& random);
  ~Core();

  // Each event returns the actions to carry out, in order.
  std::vector<Action> start(base::Time now);
  std::vector<Action> on_appended(base::Time now);
  std::vector<Action> on_connected(ConnectionId connection, base::Time now);
  /// The attempt failed, or the connection broke with or without a request under way.
  std::vector<Action> on_connection_lost(ConnectionId connection, const net::NetError& error, base::Time now);
  /// `wall_nanos`: the wall clock, for the age of what is acknowledged; 0: not measured.
  std::vector<Action> on_response(ConnectionId connection, const net::HttpResponse& response, base::Time now,
                                  std::int64_t wall_nanos = 0);
  /// The answer to AskToken, or a fresh token at any time: it goes into every later request, and what 401 or
  /// 403 has stopped goes on. Empty: there is none; it is asked for again in a second.
  std::vector<Action> on_token(const std::string& token, base::Time now);
  /// What has stopped sending is mended, says an operator: it goes on where it stopped, with the same rows.
  /// At once the first time, after a backoff if no row got through since. Not stopped: nothing happens.
  std::vector<Action> resume(base::Time now);
  /// The slot gave up `rows` rows, all that it held below `end`; `first` is the oldest of them
  /// (SlotEvent::rows_dropped). Reported here; no server is expected to know them.
  std::vector<Action> on_rows_dropped(base::Fsn first, base::Fsn end, std::uint64_t rows, base::Time now);
  /// The answer to LookAhead: reads the rows of the next request while a server works on this one.
  void look_ahead();
  /// To be called at next_deadline() or later; earlier calls do nothing.
  std::vector<Action> on_timer(base::Time now);
  /// base::Time::max(): nothing is due.
  base::Time next_deadline() const;

  /// What the host that last took us said about itself; nothing before the first one.
  std::optional<Capabilities> capabilities() const;

  /// Why sending has stopped until resume() (or a token): unauthorised or halted; nothing: it has not.
  std::optional<SenderEvent> stopped_by() const;

  /// Counters, hosts, latencies of requests and acknowledgements; not the slot's own gauges, nor
  /// bytes_on_wire. rows_dropped: by policies and as told by on_rows_dropped().
  Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questclient::sender
