// Where the sender stands in its slot: what is sent next, what is durable, what may be trimmed.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "base/delivery.hpp"
#include "base/frame.hpp"
#include "buffer/frame_store.hpp"
#include "sender/buried_rows.hpp"
#include "sender/capabilities.hpp"
#include "sender/sender_memory.hpp"

namespace questclient::sender {

/// The frames of one stream in the slot, as far as they were read, and what servers said of that stream.
struct StreamSpan {
  base::StreamHeader stream;
  base::Fsn begin = 0;                          ///< The oldest frame seen.
  base::Fsn end = 0;                            ///< Behind the newest frame seen.
  std::optional<base::StreamPosition> durable;  ///< Never steps back.
  bool known = false;                           ///< `token` is what this connection's host said.
  std::optional<base::StreamPosition> token;    ///< Nothing: the host does not know the stream.
};

/// Positions here run through the whole slot, across its streams. Three of them matter: everything below
/// durable() is in the object store, below cursor() is committed at the current host (or buried), and below
/// front() is not needed any more. A token moves them only within the frames of its own stream.
class SlotCursor {
 public:
  /// `memory` outlives it.
  SlotCursor(buffer::FrameStore& store, SenderMemory& memory);

  base::StreamPosition cursor() const { return cursor_; }
  base::StreamPosition durable() const { return durable_; }
  base::StreamPosition front() const { return front_; }
  /// Every frame up to it is in the object store; 0 until a server said so.
  base::Fsn durable_fsn() const { return durable_fsn_; }
  const BuriedRows& buried() const { return buried_; }

  /// The frames at the cursor, all of one stream. Empty: nothing is left to send.
  std::span<const base::FramePtr> frames(std::size_t max_bytes);
  /// Of the rows behind the one at the cursor that are still to be sent, as far as they are in memory or fit
  /// into `max_bytes` behind its frame, the one behind `skipped` others; where there are fewer it is counted
  /// round. Nothing: there is none. REQUIRES: frames() was not empty.
  struct Row {
    base::FramePtr frame;
    std::uint32_t row = 0;
  };
  std::optional<Row> row_behind(std::size_t skipped, std::size_t max_bytes);
  /// While what frames() told is on its way: reads what comes from `from` on, so that the next call of
  /// frames() finds it in memory. Holds at most `max_bytes` and one frame beside what is on its way.
  void look_ahead(base::Fsn from, std::size_t max_bytes);
  /// Of a frame that was read. Stays valid until settle().
  StreamSpan& span_of(const base::Frame& frame);
  StreamSpan* find(const base::Uuid& stream);
  /// The stream whose durability is waited for; nothing when all that is committed is durable.
  StreamSpan* awaiting_durable();

  /// A new connection: back to what is not settled; tokens of another host mean nothing here.
  void restart();
  /// The host's token of `span`'s stream; nothing: the stream is unknown there.
  void set_token(StreamSpan& span, std::optional<base::StreamPosition> token);
  /// A server without tokens committed everything below `end`.
  void committed(base::StreamPosition end) { cursor_ = buried_.skip(std::max(end, front_)); }
  /// What the host says is durable of `span`'s stream; nothing: no row of it yet.
  void set_durable(StreamSpan& span, std::optional<base::StreamPosition> token);
  /// These rows are not sent any more: they lie in the dead letters, were dropped, or were sent before their
  /// turn.
  void take_out(const base::Frame& frame, std::uint32_t first_row, std::uint32_t rows);
  /// The slot dropped every frame below `end`: nothing below it is sent or waited for.
  void give_up_below(base::Fsn end);
  /// Trims what is safe: below durable(), or below cursor() where `at_durable` is false. `host` is what the
  /// connection's host will still tell. Throws Error{slot_io}: nothing was trimmed, call it again.
  void settle(bool at_durable, const Capabilities& host);

 private:
  base::StreamPosition locate(StreamSpan& span, base::StreamPosition token);
  /// Reads frames behind the window until it holds `max_bytes` at and behind `from`, or the slot has no more.
  void fill(base::Fsn from, std::size_t max_bytes);
  void note(const std::vector<base::FramePtr>& frames);
  void advance_durable();
  void walk_durable();
  void forget_settled(bool has_tokens);

  buffer::FrameStore& store_;
  SenderMemory& memory_;
  BuriedRows buried_;
  std::deque<StreamSpan> spans_;        ///< In the order of the slot.
  std::vector<base::FramePtr> window_;  ///< What was read at and behind window_from_, of any stream.
  base::Fsn window_from_ = 0;
  base::StreamPosition cursor_, durable_, front_;
  base::Fsn trimmed_ = 0;              ///< The store was told to trim what is below.
  base::StreamPosition durable_base_;  ///< Where durable_ began without any server having said so.
  base::Fsn durable_fsn_ = 0;
};

}  // namespace questclient::sender
