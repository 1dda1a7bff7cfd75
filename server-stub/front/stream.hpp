// One accepted connection, plain or TLS, as the servers of this room see it. Shows no Boost and no OpenSSL.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace questnode::front {

/// How long a peer that was told goodbye may go on sending: closing at once could cut off what it is still to
/// read.
inline constexpr std::chrono::seconds kLingerTime{2};

/// Lives as long as an operation under way: the callback keeps its owner. All but post() on the connection's
/// strand, where the callbacks come too. An operation that is under way when close() is called ends with
/// `ok` false.
class Stream {
 public:
  using Done = std::function<void(bool ok, std::size_t bytes)>;
  virtual ~Stream() = default;

  /// Thread-safe. Runs `what` on the strand; not at all once the listener stops.
  virtual void post(std::function<void()> what) = 0;
  /// Runs `what` on the strand later, unless the stream is closed by then. One at a time.
  virtual void after(std::chrono::milliseconds delay, std::function<void()> what) = 0;

  /// `ok` is false at the end of the stream too.
  virtual void read_some(std::span<char> into, Done done) = 0;
  /// Writes all pieces, whole; they must live until `done`.
  virtual void write(const std::array<std::string_view, 3>& pieces, Done done) = 0;
  /// What has arrived and was not read; nothing: the connection has failed.
  virtual std::optional<std::size_t> waiting() = 0;

  /// Until when the next operations may take. A connection that is late is closed.
  virtual void expires_after(std::chrono::nanoseconds time) = 0;
  virtual void expires_at(std::chrono::steady_clock::time_point time) = 0;
  virtual void expires_never() = 0;

  /// Tells the other side that nothing more comes, and closes once it has closed or `patience` is over:
  /// closing with unread bytes would reset the connection and take the last answer with it.
  virtual void close_gracefully(std::chrono::milliseconds patience) = 0;
  /// Ends everything and lets the listener forget the connection. Idempotent.
  virtual void close() = 0;
};

}  // namespace questnode::front
