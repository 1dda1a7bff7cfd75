// A slot: the durable buffer of one sender. Append, read, trim; survives kill -9 at any instant.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/options.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/frame_store.hpp"

namespace questclient::buffer {

struct SlotOptions {
  std::string sf_dir;  ///< Empty: memory only.
  std::string sender_id = "default";
  std::uint64_t max_segment_bytes = 64ULL << 20;
  std::uint64_t max_total_bytes = 10ULL << 30;
  std::uint64_t max_memory_bytes = 16ULL << 20;  ///< Of the ring in front of the disk.
  std::uint64_t max_dead_letter_bytes = 1ULL << 30;
  SlotDurability durability = SlotDurability::memory;
  std::chrono::milliseconds sync_interval{5000};  ///< Of SlotDurability::periodic.
  std::chrono::milliseconds append_deadline{30000};
  SlotOverflow overflow = SlotOverflow::wait;
  std::string key;  ///< 32 bytes: frames and dead letters are encrypted (AES-256-GCM). Empty: they are not.
};

/// The source's position must be at most this long.
inline constexpr std::size_t kMaxPositionBytes = 4096;

/// What one append brings. The views need to live only during the call.
struct AppendRows {
  std::string_view payload;
  std::span<const std::uint32_t> row_lengths;
  /// Opaque token of the application, committed with the rows. Without rows it is committed alone.
  std::optional<std::string_view> position;
  /// An automatic flush: under SlotDurability::flush it does not wait for the disk; the next flush syncs it.
  bool automatic = false;
};

/// What append_later() takes over.
struct LaterRows {
  std::string payload;
  std::vector<std::uint32_t> row_lengths;
  std::optional<std::string> position = std::nullopt;  ///< As in AppendRows.
  /// A disk that refuses is tried again for as long as the slot is open, beyond any deadline.
  bool for_good = false;
  bool automatic = false;  ///< As in AppendRows.
};

/// How an append_later() ended: `fsn`, or an error of the codes that append() throws.
struct Appended {
  Fsn fsn = 0;
  std::exception_ptr failure;
};

/// What the slot has to tell the sender; called from whatever thread found it, under no lock.
struct SlotEvent {
  enum class Kind : std::uint8_t {
    filling,    ///< The quota passed 80 %; again only after it fell below 70 %.
    io_failed,  ///< An I/O error that is retried; `message` says which. Once per kind of failure and minute.
    io_recovered,
    rows_dropped  ///< SlotOverflow::drop_oldest: `rows` rows of frames `first` up to below `end` are lost.
  };
  Kind kind = Kind::filling;
  std::string message;
  Fsn first = 0;
  Fsn end = 0;
  std::uint64_t rows = 0;
};

/// What opening the slot found.
struct SlotReport {
  struct Damage {
    std::string file;     ///< Where it lies now, set aside.
    std::string message;  ///< What is wrong and which frames are affected.
    /// Where frames are lost: the source's newest position before the first of them, as far as the file
    /// tells.
    std::optional<std::string> position = std::nullopt;
  };
  std::vector<Damage> damage;
  std::uint64_t frames_recovered = 0;
  /// Not 0: the machine went down before the newest transaction was on the disk whole. Frames from here on
  /// are lost, if it held any; how many is not known.
  Fsn unsynced_from = 0;
};

struct SlotStats {
  Fsn first = 0;  ///< Oldest frame not trimmed; equal to `end` when empty.
  Fsn end = 1;
  std::uint64_t frames = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< Against max_total_bytes.
  std::uint64_t memory_bytes = 0;
  std::int64_t oldest_wall_nanos = 0;  ///< When the oldest frame was flushed, if it is known; else 0.
  std::uint64_t backpressure_stalls = 0;
  std::uint64_t backpressure_nanos = 0;  ///< How long appenders waited for room, all together.
  std::uint64_t rows_dropped = 0;
  std::uint64_t io_errors = 0;
  std::uint64_t syncs = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t dead_letter_bytes = 0;
};

/// Thread-safe: any number of appenders, one reader (the FrameStore methods).
class Slot : public FrameStore {
 public:
  /// Opens or creates the slot, locks it, starts a new stream. Throws Error: slot_locked (names the pid),
  /// slot_io, slot_damaged (only when not even a fresh segment can be made).
  static std::unique_ptr<Slot> open(const SlotOptions& options, const base::Clock& clock,
                                    base::RandomSource& random, SlotReport& report);

  /// Commits the rows as the next frame and returns its number (without rows: that of the newest frame).
  /// Blocks for the commit and, at the quota, until there is room or the deadline passes. Concurrent appends
  /// share one commit. Throws Error: slot_full, slot_io, forked, invalid_value (position too long); then
  /// nothing was appended.
  virtual Fsn append(const AppendRows& rows) = 0;
  Fsn append(std::string_view payload, std::span<const std::uint32_t> row_lengths) {
    return append(AppendRows{payload, row_lengths, std::nullopt, false});
  }

  /// Takes the rows over and returns at once; the slot's own thread commits them, in order with all others.
  /// False: the slot or its queue (max_memory_bytes) has no room, nothing was taken and `done` is not called.
  /// Else `done` is called exactly once, under no lock, before end_appends() returns.
  virtual bool append_later(LaterRows rows, std::function<void(Appended)> done) = 0;
  /// Waits until nothing is queued any more. What is for good gets as long as an append() that begins now;
  /// what the disk still refuses then is given up. No append may follow. The destructor does the same.
  virtual void end_appends() = 0;

  /// The newest position that was committed, this time or by an earlier process.
  virtual std::optional<std::string> position() const = 0;

  /// Called after each commit that made frames readable, from an appender's thread, under no lock.
  virtual void on_appended(std::function<void()> callback) = 0;
  /// See SlotEvent. To be set before the first append.
  virtual void on_event(std::function<void(const SlotEvent&)> callback) = 0;

  /// Shows `json` to whoever looks into the slot from outside (<slot>/stats.json, replaced whole). Failures
  /// are ignored. A slot in memory ignores it.
  virtual void publish_stats(std::string_view json) = 0;

  virtual SlotStats stats() const = 0;

  /// Damage found since the slot was opened, or since the last call: set aside, the good frames are
  /// delivered.
  virtual std::vector<SlotReport::Damage> take_damage() { return {}; }
};

}  // namespace questclient::buffer
