// The slot in virtual time: what is appended lies in the page cache until it is synced; a power cut takes the
// rest. Survives its process.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/frame_store.hpp"
#include "sim/world.hpp"

namespace questclient::sim {

class SimSlot final : public buffer::FrameStore {
 public:
  explicit SimSlot(World& world) : world_(world) { open(); }

  /// A new process opens the slot: a new stream begins.
  void open();
  /// The next frame. REQUIRES: lengths add up to the payload's size.
  base::Fsn append(std::string payload, std::vector<std::uint32_t> row_lengths,
                   std::vector<std::uint64_t> row_ids);
  void sync();
  /// Drops every frame that is not synced and returns the ids of their rows.
  std::vector<std::uint64_t> power_cut();

  std::vector<base::FramePtr> read(base::Fsn from, std::size_t max_bytes, std::size_t max_frames) override;
  base::Fsn end() const override { return end_; }
  void trim(base::Fsn below) override;
  void bury(const buffer::DeadLetter& letter) override;
  void remember(std::string_view note) override { note_ = note; }
  std::string remembered() const override { return world_.bug == Bug::forget_buried ? "" : note_; }

  struct Dropped {
    base::Fsn first = 0, end = 0;
    std::vector<std::uint64_t> row_ids;
  };
  /// The quota is reached: the oldest frames are given up, all but `keep`.
  Dropped drop_oldest(std::size_t keep);
  /// The disk loses a frame that others of its stream follow, so that it can be missed.
  void lose_one();

  bool empty() const { return frames_.empty(); }
  std::size_t frames() const { return frames_.size(); }
  /// Of a frame that is or was held.
  std::uint64_t row_id(base::Fsn fsn, std::uint32_t row) const;
  /// Ids of the rows that were trimmed: the client does not hold them any more.
  const std::set<std::uint64_t>& released() const { return released_; }
  const std::set<std::uint64_t>& buried() const { return buried_; }
  /// Ids of the rows that the disk lost.
  const std::set<std::uint64_t>& lost() const { return lost_; }
  /// Ids of the rows of frame `fsn` from `row` on; none when there was no such frame.
  std::vector<std::uint64_t> row_ids(base::Fsn fsn, std::uint32_t row) const;

 private:
  struct Held {
    base::FramePtr frame;
    std::vector<std::uint64_t> row_ids;
    bool synced = false;
  };

  World& world_;
  std::map<base::Fsn, Held> frames_;
  std::map<base::Fsn, std::vector<std::uint64_t>> gone_;  ///< A request may still hold their rows.
  base::Uuid stream_;
  base::Fsn stream_first_ = 1;
  base::Fsn end_ = 1;
  std::set<std::uint64_t> buried_;
  std::set<std::uint64_t> released_;
  std::set<std::uint64_t> lost_;
  std::string note_;  ///< On the disk at once.
};

}  // namespace questclient::sim
