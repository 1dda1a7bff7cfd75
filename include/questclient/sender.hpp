// The sender: rows in, acknowledgements out, nothing lost in between.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/error.hpp>
#include <questclient/events.hpp>
#include <questclient/line_buffer.hpp>
#include <questclient/options.hpp>
#include <questclient/prepared_row.hpp>
#include <questclient/stats.hpp>

namespace questclient {

/// Where the application's source stands: a Kafka offset, a file position, a CDC LSN. Opaque, at most 4096
/// bytes. See Sender::flush(const SourcePosition&).
struct SourcePosition {
  std::string token;
};

/// How a flush_async() ended.
struct FlushResult {
  Fsn fsn = 0;                 ///< 0: there were no rows, or the flush failed.
  std::exception_ptr failure;  ///< Null: the rows are in the slot. Else they are given back in `rows`.
  LineBuffer rows;
};

/// Streams rows into QuestDB.
///
///     auto sender = Sender::from_conf("http::addr=a:9000,b:9000;sf_dir=/var/lib/app/quest;");
///     sender.table("trades").symbol("symbol", "ETH-USD").column("price", 2615.54).at(TimestampNanos::now());
///     const Fsn fsn = sender.flush();                       // in the slot
///     sender.wait(fsn, Ack::durable, std::chrono::seconds(5));  // in the object store
///
/// Threads: the row methods (`table` ... `at_now`, `flush()`) belong to one thread; everything else is safe
/// from any. Each further producer thread takes a `new_buffer()` and calls `flush(buffer)`.
///
/// A child of fork() must not use its parent's sender: every call throws Error{forked}.
class Sender {
 public:
  /// Opens the slot (rows left by an earlier process are sent first) and starts sending in the background.
  /// Needs no reachable host unless initial_connect_retry says so. Throws Error: config, slot_locked (names
  /// the holder), slot_io, slot_format, slot_key, tls (roots), connect (initial_connect_retry).
  /// A sender in memory starts its I/O thread with the first row that waits for the flush timer, or with the
  /// first flush; one on disk has its I/O thread and the slot's maintenance thread from the beginning.
  static Sender from_conf(std::string_view conf, Handlers handlers = {});
  static Sender from_env(Handlers handlers = {});
  explicit Sender(const Options& options, Handlers handlers = {});
  /// Throws what the constructor would about the options, the files that they name (tls_roots, sf_key) and
  /// the key of tcp. Opens no slot and connects to nothing.
  static void check(const Options& options);
  /// Only to be destroyed or assigned to afterwards.
  Sender(Sender&&) noexcept;
  Sender& operator=(Sender&&) noexcept;
  /// As close(), but never throws; what is not sent stays in the slot. In one of the sender's own handlers
  /// it returns at once, and another thread ends the sender.
  ~Sender();

  /// The row methods of LineBuffer, on the sender's own buffer. `at` and `at_now` end the row and flush when
  /// auto_flush_rows or auto_flush_bytes is reached; they then block and fail as flush() does. Rows that are
  /// older than auto_flush_interval are flushed by a timer, whether or not another row comes.
  template <class Name>
  Sender& table(const Name& name) {
    return in_row([&](LineBuffer& rows) { rows.table(name); });
  }
  template <class Name, class Value>
  Sender& symbol(const Name& name, const Value& value) {
    return in_row([&](LineBuffer& rows) { rows.symbol(name, value); });
  }
  template <class Name, class Value>
  Sender& column(const Name& name, const Value& value) {
    return in_row([&](LineBuffer& rows) { rows.column(name, value); });
  }
  void at(TimestampNanos timestamp);
  void at(TimestampMicros timestamp);
  void at_now();
  /// Gives up the row that was begun, if there is one. A call above that throws has done so already; an
  /// argument whose own constructor throws (Decimal::parse, your code) has not: the row stays open, and
  /// table() and every flush throw until it is ended or given up. The flush timer waits for it too.
  void cancel_row();

  /// A row whose names are checked once, for add(). See PreparedRow.
  ///
  ///     const auto trades = sender.row("trades", {"symbol", "side"}, {"price", "amount"});
  ///     sender.add(trades, "ETH-USD", "sell", 2615.54, 0.00044, TimestampNanos::now());
  PreparedRow row(NameView table, std::initializer_list<std::string_view> symbols,
                  std::initializer_list<std::string_view> columns) const;
  /// The same for names that are known only at run time.
  PreparedRow row(NameView table, std::span<const std::string_view> symbols,
                  std::span<const std::string_view> columns) const;
  PreparedRow row(NameView table, std::span<const std::string> symbols,
                  std::span<const std::string> columns) const;
  /// One prepared row (its values and timestamp), or a ColumnBatch, which is many. Flushes as `at` does.
  template <class First, class... More>
  void add(const First& first, const More&... more) {
    in_row([&](LineBuffer& rows) { rows.add(first, more...); });
    row_ended();
  }
  /// One prepared row of values that were collected at run time.
  void add_values(const PreparedRow& row, std::span<const RowValue> values, RowEnd end) {
    in_row([&](LineBuffer& rows) { rows.add_values(row, values, end); });
    row_ended();
  }

  /// A buffer for another thread, with this sender's protocol version and bounds.
  LineBuffer new_buffer() const;

  /// Moves the buffered rows into the slot as one frame and returns its number (0: there were none).
  /// Success means: the rows survive this process (with sf_durability=flush or append: a power cut too).
  /// Blocks for the local commit, and while the slot is at its quota, at most sf_append_deadline_millis.
  /// Errors: slot_full, slot_io, closed, forked, invalid_api_call (in the middle of a row, as for every
  /// flush); the rows then stay in the buffer.
  Fsn flush();
  Fsn flush(LineBuffer& buffer);

  /// The same, and in the same commit the place in its source that the application has reached. After a crash
  /// position() gives the newest one back: read on from there, and every row is in the slot exactly once.
  /// Without rows the position alone is committed. Needs auto_flush=off: a frame that was flushed on its own
  /// would be repeated after a crash. Errors: also invalid_api_call (auto_flush), invalid_value (too long).
  Fsn flush(const SourcePosition& position);
  Fsn flush(LineBuffer& buffer, const SourcePosition& position);
  /// The newest position in the slot, also of earlier processes. A sender in memory begins without one.
  std::optional<SourcePosition> position() const;

  /// Takes the rows out of the buffer and returns at once; the slot's own thread commits them, in the order
  /// of the calls and of other flushes. The future, or the callback, tells the frame's number or gives the
  /// rows back; the callback runs on the thread that brought the rows in (the slot's, the I/O thread) or,
  /// where that is done at once or cannot be done, on the caller's before the call returns. Without room it
  /// fails at once with slot_full. close() waits for these appends. Throws Error: closed, forked; the rows
  /// then stay in the buffer.
  std::future<FlushResult> flush_async(LineBuffer& buffer);
  void flush_async(LineBuffer& buffer, std::function<void(FlushResult)> done);
  std::future<FlushResult> flush_async();
  /// Never blocks, neither for the disk nor for room: false means that nothing was taken. True: the rows are
  /// on their way to the slot's own thread; a failure there is reported as an event, and the rows are tried
  /// again until the sender is closed.
  bool try_flush(LineBuffer& buffer);
  bool try_flush();

  /// flush(), then waits at most retry_timeout until a server has committed the rows: what QuestDB's clients
  /// call flush. False: the time was over; the rows are safe in the slot and go on being sent.
  /// Throws Error{rejected}: rows of this flush went to the dead letters; carries the server's answer.
  bool flush_and_wait();
  bool flush_and_wait(LineBuffer& buffer);

  /// The same for rows that are already ILP, as QuestDB reads it over HTTP: `row_lengths` are the bytes of
  /// each row, line end included, and add up to the payload. The rows are not looked at: what the server
  /// refuses ends in the dead letters. Throws also invalid_value: lengths that do not fit.
  Fsn flush_encoded(std::string_view payload, std::span<const std::uint32_t> row_lengths);
  /// The same with a position, as flush(position).
  Fsn flush_encoded(std::string_view payload, std::span<const std::uint32_t> row_lengths,
                    const SourcePosition& position);

  /// Blocks until every row up to `fsn` is that safe; false: the timeout came first, nothing is lost.
  /// Ack::durable against a server without an object store throws Error{config}; so does any Ack over TCP,
  /// which has no acknowledgements. A frame that sf_overflow=drop_oldest gave up throws Error{rows_dropped},
  /// also when later ones are acknowledged. Throws Error{unauthorised} or the error of a halt while sending
  /// has stopped (until resume()), Error{closed} where the sender was closed first: nothing comes true any
  /// more.
  bool wait(Fsn fsn, Ack ack, std::chrono::milliseconds timeout) const;
  /// Blocks until the slot is empty (every row trimmed, dead letters aside); false: the timeout came first.
  /// Throws as wait() does why it will not be emptied.
  bool drain(std::chrono::milliseconds timeout) const;
  /// Goes on sending after it has stopped (SenderEvent::Kind::unauthorised, halted) and what stopped it is
  /// mended: rights were granted, the table was altered, the server understands the rows. No row was lost
  /// meanwhile: flushes went on filling the slot, and what is in it is sent now, in order, beginning with the
  /// rows that were refused. If they are refused again it stops again. Credentials and policies stay those of
  /// the Options; for others close and open the sender. Told by SenderEvent::Kind::resumed. Never blocks, any
  /// thread, handlers too; does nothing while it has not stopped. Knocks at once the first time; when nothing
  /// got through since the last call, after a backoff. Slots that drain_orphans gave up are tried again too.
  /// Throws Error: closed, forked.
  void resume();
  /// Flushes, waits up to close_flush_timeout_millis for acknowledgement, stops. Idempotent. Rows that are
  /// not acknowledged stay in the slot for the next opening. Any thread: flushes under way end first, which
  /// takes up to sf_append_deadline_millis where the slot is full, as does flushing the sender's own rows.
  /// Throws what that flush throws; invalid_api_call: a row was begun and not ended (it is dropped; what was
  /// complete is flushed), or another thread is in the middle of one. The sender is closed all the same.
  void close();

  Fsn acked_fsn() const;
  Fsn durable_fsn() const;
  Stats stats() const;
  /// Events since the last call, oldest first; at most error_inbox_capacity are kept, the oldest are dropped
  /// and counted (Stats::dropped_notifications). For those who would rather poll than be called.
  std::vector<SenderEvent> poll_events();

 private:
  class Impl;

  /// The sender's own rows; the flush timer keeps off until the row is complete or refused.
  LineBuffer& open_row();
  void row_refused() noexcept;
  void row_ended();
  template <class Call>
  Sender& in_row(Call call) {
    LineBuffer& rows = open_row();
    try {
      call(rows);
    } catch (...) {
      row_refused();
      throw;
    }
    return *this;
  }

  std::unique_ptr<Impl> impl_;
};

}  // namespace questclient
