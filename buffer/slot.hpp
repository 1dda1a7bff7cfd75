// A slot: the durable buffer of one sender. Append, read, trim; survives kill -9 at any instant.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
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
  SlotDurability durability = SlotDurability::memory;
  std::chrono::milliseconds append_deadline{30000};
};

/// What opening the slot found.
struct SlotReport {
  struct Damage {
    std::string file;     ///< Where it lies now, set aside.
    std::string message;  ///< What is wrong and which frames are affected.
  };
  std::vector<Damage> damage;
  std::uint64_t frames_recovered = 0;
};

struct SlotStats {
  Fsn first = 0;  ///< Oldest frame not trimmed; equal to `end` when empty.
  Fsn end = 1;
  std::uint64_t frames = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< Against max_total_bytes.
  std::uint64_t memory_bytes = 0;
  std::uint64_t backpressure_stalls = 0;
};

/// Thread-safe: any number of appenders, one reader (the FrameStore methods).
class Slot : public FrameStore {
 public:
  /// Opens or creates the slot, locks it, starts a new stream. Throws Error: slot_locked (names the pid),
  /// slot_io, slot_damaged (only when not even a fresh segment can be made).
  static std::unique_ptr<Slot> open(const SlotOptions& options, const base::Clock& clock,
                                    base::RandomSource& random, SlotReport& report);

  /// Commits the rows as the next frame and returns its number. Blocks for the commit and, at the quota,
  /// until there is room or the deadline passes. Concurrent appends share one commit. Throws Error:
  /// slot_full, slot_io; then nothing was appended.
  virtual Fsn append(std::string_view payload, std::span<const std::uint32_t> row_lengths) = 0;

  /// Called after each commit that made frames readable, from an appender's thread, under no lock.
  virtual void on_appended(std::function<void()> callback) = 0;

  virtual SlotStats stats() const = 0;

  /// Damage found since the slot was opened, or since the last call: set aside, the good frames are
  /// delivered.
  virtual std::vector<SlotReport::Damage> take_damage() { return {}; }
};

}  // namespace questclient::buffer
