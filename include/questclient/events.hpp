// What a sender tells about itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <questclient/error.hpp>

namespace questclient {

/// Frame sequence number: the permanent number of a flushed batch in its slot, from 1. 0: nothing was
/// flushed.
using Fsn = std::uint64_t;

/// How safe rows are.
enum class Ack : std::uint8_t {
  committed,  ///< A server has committed them; they survive its process (and its power cut under sync
              ///< commit).
  durable,    ///< They are in the object store: they survive the loss of the primary and its disk.
};

struct SenderEvent {
  enum class Kind : std::uint8_t {
    connected,        ///< Writing to `host` now.
    disconnected,     ///< `host` is left; the sender walks the hosts by itself.
    rows_rejected,    ///< Rows are in the dead letters; `message` is the server's.
    rows_dropped,     ///< Rows are LOST by sf_overflow=drop_oldest or a policy that says drop.
    rows_missing,     ///< Rows that the slot no longer holds were never acknowledged.
    segment_damaged,  ///< A file of the slot was set aside.
    slot_filling,     ///< The slot is above 80 % of its quota.
    slot_io,          ///< The disk fails and is tried again, or works again.
    unauthorised,     ///< Sending has stopped; rows are kept. See Sender::resume().
    halted,           ///< A policy says halt: sending has stopped; rows are kept. See Sender::resume().
    resumed,          ///< What had stopped goes on, by Sender::resume() or a fresh token.
    drainer,          ///< A background drainer began, finished or failed; `message` names the slot.
    warning,          ///< Anything else an operator should read.
  };
  Kind kind = Kind::warning;
  std::string host;     ///< "host:port", or empty.
  std::string message;  ///< What happened, why, what to do.
  Fsn fsn = 0;          ///< The frame concerned, or 0.
  std::uint32_t first_row = 0;
  std::uint64_t rows = 0;
  /// segment_damaged: the source's newest position before the first frame that is lost, as far as the file
  /// tells it. From there on rows may have to be sent again; position() may be past them.
  std::optional<std::string> position = std::nullopt;
  ErrorCode code = ErrorCode::server;  ///< Of events that tell of an error: is_error().
  Disposition disposition = Disposition::retrying;
  ServerAnswer server;  ///< The server's own words, where one answered.
  /// disconnected: nothing is wrong, as the host ended a connection that was not in use; or it is one more
  /// attempt in an outage that was told.
  bool routine = false;

  bool is_error() const noexcept {
    return !routine && kind != Kind::connected && kind != Kind::drainer && kind != Kind::resumed;
  }
};

/// "connected", "rows_rejected", ...
const char* to_string(SenderEvent::Kind kind) noexcept;

/// What the application gives a sender. Every handler is called on the I/O thread, never under a lock, one
/// at a time; it may call any const member of the Sender but wait() and
/// drain(), and flush methods that do not wait. What a handler throws is dropped. A slow handler delays
/// sending.
struct Handlers {
  Handlers() = default;
  /// A function of one event is a handler for events.
  template <class Function>
  requires(std::is_invocable_v<Function&, const SenderEvent&>) Handlers(Function event_handler)
      : on_event(std::move(event_handler)) {}

  /// Connections, errors, everything that an operator should know. Unset: events at warning level or above
  /// go to the log (questclient/log.hpp).
  std::function<void(const SenderEvent&)> on_event;
  /// Every frame up to `fsn` is that safe now; called when it moves, not for each frame.
  std::function<void(Fsn fsn, Ack ack)> on_acknowledged;
  /// Gives a fresh bearer token: asked for before the first request and after each 401, at most once a
  /// second. An empty answer, or one with a control character, keeps sending stopped until the next attempt.
  /// Replaces Options::token.
  std::function<std::string()> token;
};

}  // namespace questclient
