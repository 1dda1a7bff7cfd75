// The sender: rows in, acknowledgements out, nothing lost in between.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/error.hpp>
#include <questclient/events.hpp>
#include <questclient/line_buffer.hpp>
#include <questclient/options.hpp>
#include <questclient/stats.hpp>

namespace questclient {

/// Streams rows into QuestDB.
///
///     auto sender = Sender::from_conf("http::addr=a:9000,b:9000;sf_dir=/var/lib/app/quest;");
///     sender.table("trades").symbol("symbol", "ETH-USD").column("price", 2615.54).at(TimestampNanos::now());
///     const Fsn fsn = sender.flush();                       // in the slot
///     sender.wait(fsn, Ack::durable, std::chrono::seconds(5));  // in the object store
///
/// Threads: the row methods (`table` ... `at_now`, `flush()`) belong to one thread; everything else is safe
/// from any. Each further producer thread takes a `new_buffer()` and calls `flush(buffer)`.
class Sender {
 public:
  /// Opens the slot (rows left by an earlier process are sent first) and starts sending in the background.
  /// Needs no reachable host. Throws Error: config, slot_locked (names the holder), slot_io.
  static Sender from_conf(std::string_view conf, Handlers handlers = {});
  static Sender from_env(Handlers handlers = {});
  explicit Sender(const Options& options, Handlers handlers = {});
  Sender(Sender&&) noexcept;
  Sender& operator=(Sender&&) noexcept;
  /// As close(), but never throws; what is not sent stays in the slot.
  ~Sender();

  /// The row methods of LineBuffer, on the sender's own buffer. `at` and `at_now` end the row and flush when
  /// auto_flush_rows or auto_flush_bytes is reached; they then block and fail as flush() does.
  template <class Name>
  Sender& table(const Name& name) {
    buffer().table(name);
    return *this;
  }
  template <class Name>
  Sender& symbol(const Name& name, std::string_view value) {
    buffer().symbol(name, value);
    return *this;
  }
  template <class Name, class Value>
  Sender& column(const Name& name, const Value& value) {
    buffer().column(name, value);
    return *this;
  }
  void at(TimestampNanos timestamp);
  void at(TimestampMicros timestamp);
  void at_now();

  /// The buffer behind the row methods.
  LineBuffer& buffer();
  /// A buffer for another thread, with this sender's protocol version and bounds.
  LineBuffer new_buffer() const;

  /// Moves the buffered rows into the slot as one frame and returns its number (0: there were none).
  /// Success means: the rows survive this process (with sf_durability=flush: a power cut too). Blocks for the
  /// local commit, and while the slot is at its quota, at most sf_append_deadline_millis.
  /// Errors: slot_full, slot_io, closed; the rows then stay in the buffer.
  Fsn flush();
  Fsn flush(LineBuffer& buffer);
  /// The same for rows that are already ILP, as QuestDB reads it over HTTP: `row_lengths` are the bytes of
  /// each row, line end included, and add up to the payload. The rows are not looked at: what the server
  /// refuses ends in the dead letters. Throws also invalid_value: lengths that do not fit.
  Fsn flush_encoded(std::string_view payload, std::span<const std::uint32_t> row_lengths);

  /// Blocks until every row up to `fsn` is that safe; false: the timeout came first, nothing is lost.
  /// Ack::durable against a server without an object store throws Error{config}.
  bool wait(Fsn fsn, Ack ack, std::chrono::milliseconds timeout) const;
  /// Blocks until the slot is empty (every row trimmed, dead letters aside); false: the timeout came first.
  bool drain(std::chrono::milliseconds timeout) const;
  /// Flushes, waits up to close_flush_timeout_millis for acknowledgement, stops. Idempotent. Rows that are
  /// not acknowledged stay in the slot for the next opening.
  void close();

  Fsn acked_fsn() const;
  Fsn durable_fsn() const;
  Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questclient
