// A slot on disk: see README.md for its invariants.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <questclient/error.hpp>

#include "buffer/dead_letters.hpp"
#include "buffer/frame_ring.hpp"
#include "buffer/pending_append.hpp"
#include "buffer/slot.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/slot_lock.hpp"
#include "buffer/slot_opening.hpp"

namespace questclient::buffer {

/// Threads: appenders, one of which leads at a time and owns the writer; the sender's thread, which reads and
/// trims; the maintenance thread, which creates and removes files. `mutex_` guards what they share and is
/// never held across a disk access.
class DiskSlot final : public Slot {
 public:
  DiskSlot(const SlotOptions& options, const base::Clock& clock, base::RandomSource& random,
           SlotReport& report);
  ~DiskSlot() override;

  Fsn append(const AppendRows& rows) override;
  void on_appended(std::function<void()> callback) override;
  SlotStats stats() const override;
  std::vector<SlotReport::Damage> take_damage() override;

  std::vector<base::FramePtr> read(Fsn from, std::size_t max_bytes, std::size_t max_frames) override;
  Fsn end() const override;
  void trim(Fsn below) override;
  void bury(const DeadLetter& letter) override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  enum class NextSegment { wanted, in_work, ready };

  struct Segment {
    std::uint64_t id = 0;     ///< Another one when the file was replaced.
    std::uint64_t bytes = 0;  ///< Of .db and log.
    Fsn limit = 0;            ///< Numbers from here on belong to later segments; 0: it is the newest.
    std::optional<std::uint64_t> rows_before;  ///< Known where this process wrote or read it.
  };
  using Segments = std::map<Fsn, Segment>;

  // disk_slot.cpp: opening and closing
  void open(base::RandomSource& random, SlotReport& report);
  void close() noexcept;
  void start_after_doubt();

  // disk_slot_append.cpp: the leader's work. "Leader" stands for: leading_ is set by this thread.
  void wait_for_room(Lock& lock, std::uint64_t cost);
  void lead(Lock& lock);
  std::vector<PendingAppend*> take_batch();
  void write_batch(const std::vector<PendingAppend*>& batch);
  void publish(const std::vector<PendingAppend*>& batch);
  void refuse(const std::vector<PendingAppend*>& batch, const std::string& why);
  void rotate(Lock& lock);
  void start_segment(Fsn first);
  void seal_in_doubt(const std::string& why);
  bool wants_rotation() const;
  SegmentHeader header_for(Fsn first, Fsn trimmed) const;

  // disk_slot_read.cpp: the sender's thread, which holds reader_mutex_
  std::vector<base::FramePtr> read_segment(Lock& lock, Fsn first, Fsn from, std::size_t max_bytes,
                                           std::size_t max_frames);
  void open_reader(Fsn first, std::uint64_t id);
  void rescue(Lock& lock, Fsn first, std::uint64_t id, const std::string& why);
  void put_newest_to_rest(Lock& lock);
  void doom_trimmed();

  // disk_slot_maintenance.cpp
  void maintain();
  void create_next(Lock& lock);
  void remove_trimmed(Lock& lock);
  bool claim_next(Lock& lock);

  const SlotOptions options_;
  const std::uint64_t segment_bytes_;
  const base::Clock& clock_;
  const SlotFolder folder_;
  SlotLock lock_;

  mutable std::mutex mutex_;
  base::SeededRandom random_;
  std::condition_variable changed_;  ///< An append ended, room was made, the writer is free.
  std::condition_variable work_;     ///< For the maintenance thread.
  std::deque<PendingAppend*> queue_;
  std::uint64_t queued_bytes_ = 0;
  bool leading_ = false;
  Segments segments_;        ///< The last one is written to, unless rotation_wanted_.
  std::vector<Fsn> doomed_;  ///< Trimmed, to be unlinked.
  Fsn being_rescued_ = 0;
  bool closing_retired_ = false;
  std::uint64_t doomed_bytes_ = 0;
  std::uint64_t segments_total_ = 0;  ///< Sum of Segment::bytes.
  std::uint64_t last_id_ = 0;
  Fsn end_ = 1;
  Fsn trimmed_ = 1;
  std::uint64_t rows_total_ = 0;
  FrameRing ring_;
  std::uint64_t stalls_ = 0;
  NextSegment next_ = NextSegment::wanted;
  bool upkeep_failed_ = false;  ///< Try again later.
  bool stopping_ = false;
  std::function<void()> callback_;
  std::vector<SlotReport::Damage> damage_;

  // The leader's.
  std::optional<SegmentWriter> writer_;
  base::Uuid stream_;
  Fsn stream_first_ = 1;
  bool rotation_wanted_ = false;  ///< The last segment takes no more frames.
  bool doubt_ = false;            ///< The last segment may hold frames that were refused.
  Fsn trimmed_written_ = 1;
  std::uint64_t bytes_since_trim_written_ = 0;
  std::vector<SegmentWriter> retired_;  ///< Under mutex_: closed by the maintenance thread.

  std::mutex reader_mutex_;  ///< Before mutex_.
  std::optional<SegmentReader> reader_;
  std::uint64_t reader_id_ = 0;

  std::mutex dead_mutex_;
  DeadLetters dead_;

  std::thread maintenance_;
};

/// Runs `work` and throws what it throws as Error{slot_io}; an Error passes.
template <class Work>
auto as_slot_io(const char* what, Disposition disposition, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    throw Error(ErrorCode::slot_io, disposition,
                std::string(what) + ": " + failure.what() +
                    ". What was flushed before is kept; "
                    "make sure that the disk has room and works, then try again.");
  }
}

}  // namespace questclient::buffer
