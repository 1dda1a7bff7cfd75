#include "engine/wal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <sys/uio.h>
#include <utility>

#include "base/kill_point.hpp"
#include "engine/wal_format.hpp"
#include "engine/wal_recovery.hpp"
#include "engine/wal_tail_cache.hpp"

namespace questnode::engine {
namespace {

/// Both pieces with one system call where the kernel takes them.
void write_pieces(base::File& file, std::string_view first, std::string_view second) {
  const auto piece = [](std::string_view bytes) {
    return iovec{const_cast<char*>(bytes.data()), bytes.size()};
  };
  const std::array<iovec, 2> pieces{piece(first), piece(second)};
  ssize_t written = -1;
  do {
    written = ::writev(file.descriptor(), pieces.data(), static_cast<int>(pieces.size()));
  } while (written < 0 && errno == EINTR);
  if (written < 0) base::throw_errno("cannot append to", file.path());
  const auto count = static_cast<std::size_t>(written);
  file.write_all(first.substr(std::min(count, first.size())));
  file.write_all(second.substr(count > first.size() ? count - first.size() : 0));
}

class DiskWal final : public Wal {
 public:
  explicit DiskWal(const WalOptions& options) : options_(options), cache_(options.tail_cache_bytes) {
    std::filesystem::create_directories(options_.directory);
    RecoveredWal recovered = recover_wal(options_.directory);
    segments_.assign(recovered.segments.begin(), recovered.segments.end());
    for (const auto& segment : segments_) segment->unsynced = false;
    last_ = synced_ = recovered.last;
    mark_ = recovered.mark;
    note_ = std::move(recovered.cut);
  }
  ~DiskWal() override;

  void append(std::uint64_t number, std::string entry) override;
  std::uint64_t sync() override;
  std::uint64_t first() const override {
    const std::lock_guard state(state_mutex_);
    return segments_.front()->first;
  }
  std::uint64_t last() const override {
    const std::lock_guard state(state_mutex_);
    return last_;
  }
  std::uint64_t synced() const override {
    const std::lock_guard state(state_mutex_);
    return synced_;
  }
  std::vector<std::string> read(std::uint64_t from, std::uint64_t through,
                                std::size_t max_bytes) const override;
  void mark(const LogMark& mark) override;
  std::optional<LogMark> last_mark() const override {
    const std::lock_guard state(state_mutex_);
    return mark_;
  }
  void truncate_after(std::uint64_t number) override;
  void purge_through(std::uint64_t number) override;
  std::string recovery_note() const override { return note_; }

 private:
  using SegmentPtr = std::shared_ptr<Segment>;

  void refuse_if_broken() const;
  void break_off(const std::string& reason);
  void rotate();
  void write_or_undo(Segment& segment, std::string_view note, std::string_view entry);
  bool read_cached(std::uint64_t from, std::uint64_t through, std::size_t max_bytes,
                   std::vector<std::string>& out) const;
  /// Where to begin reading for an entry, and how far the segment reaches.
  struct Place {
    SegmentPtr segment;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
  };
  Place place_of(std::uint64_t number) const;
  std::optional<LogMark> mark_through(std::uint64_t number) const;
  static std::uint64_t end_of(const Segment& segment, std::uint64_t number);

  WalOptions options_;
  std::string note_;

  // Taken in this order. The change mutex serialises what writes to the files; the state mutex is held for
  // moments only, never during a system call but those of truncate_after.
  std::mutex change_mutex_;
  std::mutex sync_mutex_;
  mutable std::mutex state_mutex_;

  std::deque<SegmentPtr> segments_;  // never empty; the last is appended to
  std::uint64_t last_ = 0;
  std::uint64_t synced_ = 0;
  std::optional<LogMark> mark_;
  TailCache cache_;
  bool directory_unsynced_ = false;
  std::string broken_;

  std::uint64_t noted_synced_ = 0;  // what the newest note says; guarded by the change mutex
};

DiskWal::~DiskWal() {
  // A last note lets the next start tell damage from a torn write; without it, it only knows less.
  try {
    if (broken_.empty() && synced_ > noted_synced_)
      write_or_undo(*segments_.back(), encode_note({synced_, mark_}), {});
  } catch (const std::exception&) {
    return;
  }
}

void DiskWal::refuse_if_broken() const {
  const std::lock_guard state(state_mutex_);
  if (!broken_.empty()) throw std::runtime_error(broken_);
}

void DiskWal::break_off(const std::string& reason) {
  const std::lock_guard state(state_mutex_);
  broken_ = "the WAL in " + options_.directory.string() + " takes nothing any more: " + reason +
            "; start the node again once the disk is well";
}

// Nothing of a write that failed half way may stay: the next one would stand behind a torn entry.
void DiskWal::write_or_undo(Segment& segment, std::string_view note, std::string_view entry) {
  try {
    write_pieces(segment.file, note, entry);
  } catch (const std::system_error& error) {
    try {
      segment.file.truncate(segment.size);
    } catch (const std::system_error&) {
      break_off(error.what());
    }
    throw;
  }
}

void DiskWal::rotate() {
  SegmentPtr segment = create_segment(options_.directory, last_ + 1, synced(), mark_);
  const std::lock_guard state(state_mutex_);
  segments_.push_back(std::move(segment));
  directory_unsynced_ = true;
}

void DiskWal::append(std::uint64_t number, std::string entry) {
  const std::lock_guard change(change_mutex_);
  refuse_if_broken();
  if (number != last_ + 1)
    throw std::logic_error("WAL entry " + std::to_string(number) + " does not follow " +
                           std::to_string(last_));
  const std::uint64_t now_synced = synced();
  const std::size_t bytes = entry.size();
  if (segments_.back()->size + bytes > options_.segment_bytes && !segments_.back()->index.empty()) rotate();
  Segment& segment = *segments_.back();
  std::string note;
  if (now_synced > noted_synced_) note = encode_note({now_synced, mark_});
  const auto kept = std::make_shared<const std::string>(std::move(entry));
  write_or_undo(segment, note, *kept);
  if (!note.empty()) noted_synced_ = now_synced;
  {
    const std::lock_guard state(state_mutex_);
    segment.size += note.size();
    segment.index_entry(number);
    segment.size += bytes;
    segment.unsynced = true;
    last_ = number;
    cache_.push(kept);
  }
  base::kill_point("wal.after_append");
}

std::uint64_t DiskWal::sync() {
  const std::lock_guard sync(sync_mutex_);
  std::vector<SegmentPtr> unsynced;
  std::uint64_t through = 0;
  bool directory = false;
  {
    const std::lock_guard state(state_mutex_);
    if (!broken_.empty()) throw std::runtime_error(broken_);
    through = last_;
    directory = std::exchange(directory_unsynced_, false);
    for (const SegmentPtr& segment : segments_)
      if (std::exchange(segment->unsynced, false)) unsynced.push_back(segment);
  }
  base::kill_point("wal.before_sync");
  try {
    for (const SegmentPtr& segment : unsynced) options_.sync_file(segment->file);
    if (directory) base::sync_directory(options_.directory);
  } catch (const std::exception& error) {
    break_off(error.what());
    throw;
  }
  {
    const std::lock_guard state(state_mutex_);
    synced_ = std::max(synced_, through);
  }
  base::kill_point("wal.after_sync");
  return through;
}

void DiskWal::mark(const LogMark& mark) {
  const std::lock_guard change(change_mutex_);
  refuse_if_broken();
  if (mark.through > last_)
    throw std::logic_error("a mark speaks of entry " + std::to_string(mark.through) + ", the WAL ends with " +
                           std::to_string(last_));
  const std::uint64_t now_synced = synced();
  Segment& segment = *segments_.back();
  bool written = true;
  try {
    write_or_undo(segment, encode_note({now_synced, mark}), {});
  } catch (const std::system_error&) {
    written = false;  // On a full disk the mark lives in memory only: it may be lost, never wrong.
  }
  const std::lock_guard state(state_mutex_);
  mark_ = mark;
  if (!written) return;
  noted_synced_ = now_synced;
  segment.size += kNoteBytes;
}

bool DiskWal::read_cached(std::uint64_t from, std::uint64_t through, std::size_t max_bytes,
                          std::vector<std::string>& out) const {
  std::vector<TailCache::Bytes> found;
  {
    const std::lock_guard state(state_mutex_);
    const std::uint64_t cached_from = last_ - cache_.size() + 1;
    if (from < cached_from) return false;
    std::size_t bytes = 0;
    for (std::uint64_t number = from; number <= std::min(through, last_); ++number) {
      const TailCache::Bytes& entry = cache_[number - cached_from];
      bytes += entry->size();
      if (bytes > max_bytes && !found.empty()) break;
      found.push_back(entry);
    }
  }
  out.reserve(found.size());
  for (const TailCache::Bytes& entry : found) out.push_back(*entry);
  return true;
}

DiskWal::Place DiskWal::place_of(std::uint64_t number) const {
  const std::lock_guard state(state_mutex_);
  auto segment =
      std::ranges::upper_bound(segments_, number, {}, [](const auto& each) { return each->first; });
  --segment;
  const auto& index = (*segment)->index;
  const auto point = std::ranges::upper_bound(index, number, {}, &IndexPoint::number);
  return {*segment, std::prev(point)->offset, (*segment)->size};
}

std::vector<std::string> DiskWal::read(std::uint64_t from, std::uint64_t through,
                                       std::size_t max_bytes) const {
  std::vector<std::string> out;
  if (from < first())
    throw std::out_of_range("WAL entry " + std::to_string(from) + " was purged; the oldest kept is " +
                            std::to_string(first()));
  through = std::min(through, last());
  if (from > through || read_cached(from, through, max_bytes, out)) return out;
  std::size_t bytes = 0;
  for (std::uint64_t next = from; next <= through;) {
    const Place place = place_of(next);
    SegmentReader reader(place.segment->file, place.offset, place.end);
    SegmentReader::Item item = reader.next();
    for (; next <= through; item = reader.next()) {
      if (item.kind == SegmentReader::Kind::end || item.kind == SegmentReader::Kind::damaged) break;
      if (item.kind == SegmentReader::Kind::note || item.number < next) continue;
      bytes += item.bytes.size();
      if (bytes > max_bytes && !out.empty()) return out;
      out.emplace_back(item.bytes);
      ++next;
    }
    if (item.kind != SegmentReader::Kind::damaged) continue;
    if (last() < next) return out;  // truncated meanwhile
    throw std::runtime_error("WAL segment " + place.segment->file.path().string() + " is damaged at offset " +
                             std::to_string(item.offset) + ": entry " + std::to_string(next) +
                             " is unreadable");
  }
  return out;
}

// The newest mark among the notes that speaks of no entry after `number`. Every segment begins with the mark
// of its time, so none older than the one that holds `number` need be read.
std::optional<LogMark> DiskWal::mark_through(std::uint64_t number) const {
  std::optional<LogMark> found;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (i + 1 < segments_.size() && segments_[i + 1]->first <= number) continue;
    SegmentReader reader(segments_[i]->file, kSegmentHeaderBytes, segments_[i]->size);
    for (SegmentReader::Item item = reader.next(); item.kind != SegmentReader::Kind::end;
         item = reader.next()) {
      if (item.kind == SegmentReader::Kind::damaged) break;
      const bool counts = item.kind == SegmentReader::Kind::note && item.note.mark;
      if (counts && item.note.mark->through <= number) found = item.note.mark;
    }
  }
  return found;
}

/// Where entry `number` of the segment ends.
std::uint64_t DiskWal::end_of(const Segment& segment, std::uint64_t number) {
  if (number < segment.first) return kSegmentHeaderBytes;
  const auto point = std::ranges::upper_bound(segment.index, number, {}, &IndexPoint::number);
  SegmentReader reader(segment.file, std::prev(point)->offset, segment.size);
  for (;;) {
    const SegmentReader::Item item = reader.next();
    if (item.kind == SegmentReader::Kind::end || item.kind == SegmentReader::Kind::damaged)
      throw std::runtime_error("WAL segment " + segment.file.path().string() + " is damaged at offset " +
                               std::to_string(item.offset));
    if (item.kind == SegmentReader::Kind::entry && item.number == number)
      return item.offset + item.bytes.size();
  }
}

void DiskWal::truncate_after(std::uint64_t number) {
  const std::lock_guard change(change_mutex_);
  const std::lock_guard sync(sync_mutex_);
  refuse_if_broken();
  if (number >= last_) return;
  if (number + 1 < segments_.front()->first)
    throw std::logic_error("the WAL begins with entry " + std::to_string(segments_.front()->first) +
                           ", it cannot be cut after " + std::to_string(number));
  try {
    const std::optional<LogMark> carried = mark_through(number);
    const std::lock_guard state(state_mutex_);
    // Newest first, so that a crash in between leaves no gap.
    for (; segments_.size() > 1 && segments_.back()->first > number; segments_.pop_back())
      std::filesystem::remove(segments_.back()->file.path());
    base::sync_directory(options_.directory);
    base::kill_point("wal.in_truncate");
    Segment& segment = *segments_.back();
    segment.size = end_of(segment, number);
    segment.file.truncate(segment.size);
    std::erase_if(segment.index, [number](const IndexPoint& point) { return point.number > number; });
    cache_.drop_newest(last_ - number);
    last_ = number;
    mark_ = carried;
    const std::string note = encode_note({std::min(synced_, number), mark_});
    segment.file.write_all(note);
    segment.size += note.size();
    for (const SegmentPtr& each : segments_) options_.sync_file(each->file);
    synced_ = noted_synced_ = number;
  } catch (const std::exception& error) {
    break_off(error.what());
    throw;
  }
}

void DiskWal::purge_through(std::uint64_t number) {
  // What is unlinked must not be needed to explain a torn start of the segment behind it.
  if (number > synced()) sync();
  const std::lock_guard change(change_mutex_);
  for (;;) {
    SegmentPtr oldest;
    {
      const std::lock_guard state(state_mutex_);
      if (segments_.size() < 2 || segments_[1]->first > number + 1 || segments_[1]->first > synced_ + 1)
        return;
      oldest = segments_.front();
      segments_.pop_front();
    }
    // One by one: the segments on the disk have no gap after a crash.
    std::filesystem::remove(oldest->file.path());
    base::sync_directory(options_.directory);
    base::kill_point("wal.in_purge");
  }
}

}  // namespace

std::unique_ptr<Wal> Wal::open(const WalOptions& options) {
  return std::make_unique<DiskWal>(options);
}

}  // namespace questnode::engine
