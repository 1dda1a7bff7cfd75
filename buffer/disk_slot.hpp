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
#include "buffer/disk_advice.hpp"
#include "buffer/frame_ring.hpp"
#include "buffer/pending_append.hpp"
#include "buffer/read_marks.hpp"
#include "buffer/slot.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/slot_lock.hpp"
#include "buffer/slot_news.hpp"
#include "buffer/slot_opening.hpp"
#include "buffer/sqlite_file.hpp"

namespace questclient::buffer {

/// Threads: appenders, one of which leads at a time and owns the writer; the sender's thread, which reads and
/// trims; the maintenance thread, which creates and removes files, syncs at intervals and leads when nobody
/// waits for what is queued. `mutex_` guards what they share and is never held across a disk access.
class DiskSlot final : public Slot {
 public:
  DiskSlot(const SlotOptions& options, const base::Clock& clock, base::RandomSource& random,
           SlotReport& report);
  ~DiskSlot() override;

  using Slot::append;
  Fsn append(const AppendRows& rows) override;
  bool append_later(LaterRows rows, std::function<void(Appended)> done) override;
  void end_appends() override;
  std::optional<std::string> position() const override;
  void on_appended(std::function<void()> callback) override;
  void on_event(std::function<void(const SlotEvent&)> callback) override;
  void publish_stats(std::string_view json) override;
  SlotStats stats() const override;
  std::vector<SlotReport::Damage> take_damage() override;

  std::vector<base::FramePtr> read(Fsn from, std::size_t max_bytes, std::size_t max_frames) override;
  Fsn end() const override;
  void trim(Fsn below) override;
  void bury(const DeadLetter& letter) override;
  void remember(std::string_view note) override;
  std::string remembered() const override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Steady = std::chrono::steady_clock;
  using Batch = std::vector<PendingAppend*>;
  enum class NextSegment { wanted, in_work, ready };

  struct Segment {
    std::uint64_t id = 0;     ///< Another one when the file was replaced.
    std::uint64_t bytes = 0;  ///< Of .db and log; of the index too once it takes no more frames.
    Fsn limit = 0;            ///< Numbers from here on belong to later segments; 0: it is the newest.
    std::optional<std::uint64_t> rows_before;  ///< Known where this process wrote or read it.
    bool exchanging = false;                   ///< Its rewritten files are not yet all in place.
  };
  using Segments = std::map<Fsn, Segment>;

  /// Takes no more frames.
  struct Retired {
    SegmentWriter writer;
    Fsn first = 0;
    std::uint64_t id = 0;
  };

  /// A segment with commits that were not synced.
  struct Unsynced {
    Fsn first = 0;
    std::uint64_t id = 0;
    std::uint64_t commits = 0;
    std::shared_ptr<SqliteFile> log;  ///< A descriptor of its own: not only the writer's thread syncs.
    bool failed = false;              ///< A sync failed: never again, its frames are to be rewritten.
  };

  // disk_slot.cpp: opening, closing, looking
  void open(base::RandomSource& random, SlotReport& report);
  void close() noexcept;
  void start_after_doubt();
  void count_trimmed_rows();

  // disk_slot_append.cpp: the leader's work. "Leader" stands for: leading_ is set by this thread.
  void enqueue(PendingAppend& append);
  bool may_lead() const;
  void lead(Lock& lock);
  Batch take_batch();
  Fsn number(const Batch& batch);
  void write_batch(const Batch& batch);
  void publish(const Batch& batch);
  void put_back(const Batch& batch, const std::string& why);
  void refuse_expired(const std::string& why);
  void finish(PendingAppend& append);
  void retire_writer();
  void seal_in_doubt();

  // disk_slot_rotate.cpp: the leader's too
  bool wants_rotation() const;
  void rotate(Lock& lock, bool carry = false);
  void start_segment(Fsn first);
  bool claim_next(Lock& lock);
  void put_newest_to_rest(Lock& lock);
  SegmentHeader header_for(Fsn first, Fsn trimmed) const;

  // disk_slot_room.cpp
  std::uint64_t used() const { return segments_total_ + doomed_bytes_ + queued_bytes_; }
  void wait_for_room(Lock& lock, std::uint64_t cost);
  bool room_comes() const;
  bool make_room(Lock& lock, std::uint64_t cost);
  bool drop_oldest(Lock& lock);
  void doom_trimmed();
  void watch_filling();

  // disk_slot_sync.cpp
  bool must_sync(const Batch& batch) const;
  bool has_failed_syncs() const;
  void note_commit();
  void make_durable(Lock& lock, Fsn end);
  std::shared_ptr<SqliteFile> log_to_sync(Fsn first) const;
  void rewrite(Lock& lock, Fsn end);
  void exchange_files(Fsn first, Fsn limit);
  bool sync_due() const;
  void sync_in_background(Lock& lock);
  void sync_logs(Lock& lock);

  // disk_slot_read.cpp: the sender's thread, which holds reader_mutex_
  std::vector<base::FramePtr> read_segment(Lock& lock, Fsn first, Fsn from, std::size_t max_bytes,
                                           std::size_t max_frames);
  void take_reader_ahead(Lock& lock, Fsn first, std::uint64_t id);
  void open_reader(Fsn first, std::uint64_t id);
  void close_trimmed_reader();
  void rescue(Lock& lock, Fsn first, std::uint64_t id, const std::string& why);
  std::uint64_t count_before(Fsn fsn, const std::optional<ReadMarks::Mark>& mark);
  void note_read(const std::vector<base::FramePtr>& frames, std::uint64_t rows_before);
  std::uint64_t rows_below(Fsn fsn) const;
  void set_trimmed(Fsn below);
  std::int64_t oldest_wall_nanos() const;

  // disk_slot_maintenance.cpp
  void maintain();
  bool has_work() const;
  std::optional<Steady::time_point> next_wake() const;
  void close_retired(Lock& lock);
  void lead_for_later(Lock& lock);
  void create_next(Lock& lock);
  void open_before_closing(Lock& lock, const Retired& retired);
  void open_ahead(Lock& lock);
  std::optional<SegmentReader> opened(Fsn first) const;
  void close_useless_readers();
  std::optional<Recycling> recycling();
  void remove_trimmed(Lock& lock);
  std::vector<Fsn> take_removable(Lock& lock);
  void note_carried(Fsn first, std::uint64_t id);

  // disk_slot_events.cpp, with the lock held
  void note_failure(const char* kind, const std::string& why);
  void note_success();

  const SlotOptions options_;
  const std::uint64_t segment_bytes_;
  const base::Clock& clock_;
  const SlotFolder folder_;
  SlotLock lock_;

  mutable std::mutex mutex_;
  base::SeededRandom random_;
  std::condition_variable changed_;   ///< An append ended, room was made, the writer is free.
  std::condition_variable work_;      ///< For the maintenance thread.
  std::deque<PendingAppend*> queue_;  ///< In the order of the calls, which is that of the commits.
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t later_bytes_ = 0;  ///< Payloads of append_later that are queued.
  bool leading_ = false;
  bool retrying_ = false;  ///< The newest attempt to append failed.
  Steady::time_point retry_at_;
  std::chrono::milliseconds backoff_{0};
  Segments segments_;        ///< The last one is written to, unless rotation_wanted_.
  std::vector<Fsn> doomed_;  ///< Trimmed, to be unlinked.
  Fsn being_rescued_ = 0;  ///< A segment that is rebuilt, counted or replaced: nobody else touches its files.
  bool closing_retired_ = false;
  std::uint64_t doomed_bytes_ = 0;
  std::uint64_t segments_total_ = 0;  ///< Sum of Segment::bytes.
  std::uint64_t last_id_ = 0;
  Fsn end_ = 1;
  Fsn trimmed_ = 1;
  std::uint64_t rows_total_ = 0;
  std::uint64_t rows_trimmed_ = 0;  ///< Of these, those of frames below trimmed_; at most so many.
  std::optional<std::string> position_;
  FrameRing ring_;
  ReadMarks read_marks_;
  NextSegment next_ = NextSegment::wanted;
  bool upkeep_failed_ = false;  ///< Try again at upkeep_at_.
  Steady::time_point upkeep_at_;
  bool stopping_ = false;
  Steady::time_point give_up_at_ = Steady::time_point::max();  ///< The deadline of what is for good.
  std::vector<SlotReport::Damage> damage_;

  std::deque<Unsynced> unsynced_;  ///< By number.
  bool syncing_ = false;           ///< Somebody works on unsynced_; others only add to it.
  bool folder_unsynced_ = false;
  Steady::time_point next_sync_;
  /// The newest segment whose header, with the position, is synced.
  Fsn carried_first_ = 0;
  std::uint64_t carried_id_ = 0;

  SlotStats counted_;  ///< The counters; what is a measure of the moment stays 0 here.
  SlotNews news_;
  bool failing_ = false;
  std::map<std::string, base::Time> told_failures_;

  // The leader's.
  std::optional<SegmentWriter> writer_;
  base::Uuid stream_;
  Fsn stream_first_ = 1;
  bool rotation_wanted_ = false;  ///< The last segment takes no more frames.
  bool doubt_ = false;            ///< The last segment may hold frames that were refused.
  Fsn trimmed_written_ = 1;
  std::uint64_t bytes_since_trim_written_ = 0;
  std::vector<Retired> retired_;  ///< Under mutex_: closed by the maintenance thread.

  std::mutex reader_mutex_;  ///< Before mutex_.
  std::optional<SegmentReader> reader_;
  std::uint64_t reader_id_ = 0;

  // Under mutex_. Of segments that are still to be read, by id, opened by the maintenance thread:
  std::map<std::uint64_t, SegmentReader> ahead_;
  Fsn ahead_wanted_ = 0;   ///< To be opened; 0: none.
  Fsn opening_ahead_ = 0;  ///< Being opened, without the lock.

  std::mutex dead_mutex_;
  DeadLetters dead_;

  std::mutex stats_file_mutex_;
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
                std::string(what) + ": " + failure.what() + ". What was flushed before is kept; " +
                    disk_advice(failure) + ", then try again.");
  }
}

}  // namespace questclient::buffer
