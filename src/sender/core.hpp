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

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/frame_store.hpp"
#include "net/http_client.hpp"
#include "sender/capabilities.hpp"

namespace questclient::sender {

/// A connection attempt and all that follows on it. Events of an older one are ignored.
using ConnectionId = std::uint64_t;

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
struct Report {
  SenderEvent event;
};
using Action = std::variant<Connect, Disconnect, Send, Progress, Report>;

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
};

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
  std::vector<Action> on_response(ConnectionId connection, const net::HttpResponse& response, base::Time now);
  /// To be called at next_deadline() or later; earlier calls do nothing.
  std::vector<Action> on_timer(base::Time now);
  /// base::Time::max(): nothing is due.
  base::Time next_deadline() const;

  /// What the host that last took us said about itself; nothing before the first one.
  std::optional<Capabilities> capabilities() const;

  /// Counters and hosts; the slot's own gauges are not filled in.
  Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questclient::sender
