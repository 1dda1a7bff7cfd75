#include "buffer/disk_slot.hpp"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>

#include <questclient/error.hpp>

#include "base/file.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMinSegmentBytes = 64 << 10;
/// The quota holds at least this many segments, so that trimming makes room before everything is sent.
constexpr std::uint64_t kSegmentsPerQuota = 4;

fs::path made_folder(const SlotOptions& options) {
  const std::string& id = options.sender_id;
  if (id.empty() || id == "." || id == ".." || id.find('/') != std::string::npos)
    throw Error(ErrorCode::config, Disposition::fix_and_resend,
                "sender_id \"" + id + "\" cannot name a folder: use letters, digits, '-' and '_'.");
  return as_slot_io("The slot's folder cannot be made", Disposition::terminal, [&] {
    // Absolute: the process may change its directory.
    const fs::path folder = fs::absolute(options.sf_dir) / id;
    make_folders(folder);
    return folder;
  });
}

}  // namespace

DiskSlot::DiskSlot(const SlotOptions& options, const base::Clock& clock, base::RandomSource& random,
                   SlotReport& report)
    : options_(options),
      segment_bytes_(std::max(kMinSegmentBytes, std::min(options.max_segment_bytes,
                                                         options.max_total_bytes / kSegmentsPerQuota))),
      clock_(clock),
      folder_(made_folder(options)),
      lock_(folder_.path()),
      random_(random.next()),
      ring_(options.max_memory_bytes),
      dead_(folder_, options.max_dead_letter_bytes, options.key) {
  open(random, report);
  maintenance_ = std::thread([this] { maintain(); });
}

void DiskSlot::open(base::RandomSource& random, SlotReport& report) {
  SlotFindings findings = look_into_slot(folder_, random, clock_.wall_nanos(), options_.key, report);
  end_ = findings.end;
  position_ = std::move(findings.position);
  rows_total_ = findings.rows;
  for (auto at = findings.segments.begin(); at != findings.segments.end(); ++at) {
    const auto next = std::next(at);
    const Fsn limit = next == findings.segments.end() ? end_ : next->first;
    segments_[at->first] = Segment{++last_id_, at->second, limit, std::nullopt, false};
    segments_total_ += at->second;
  }
  trimmed_ = std::min(findings.trimmed, end_);
  const Fsn oldest = segments_.empty() ? end_ : segments_.begin()->first;
  trimmed_ = std::max(trimmed_, oldest);
  report.frames_recovered = end_ - trimmed_;
  trimmed_written_ = trimmed_;
  stream_ = base::Uuid::random(random);
  stream_first_ = end_;
  // The new segment's own row is on the disk before an empty one, which may be all that knows the numbers,
  // is removed.
  const SegmentHeader header = header_for(end_, trimmed_);
  create_segment_file(folder_.next(), &header, options_.key);
  folder_.remove_segments(findings.needless);
  start_segment(end_);
  std::error_code none;
  fs::remove(folder_.stats(), none);
  folder_.sync();
  dead_.recover(end_, report.damage);
  const Lock lock(mutex_);
  note_carried(segments_.rbegin()->first, segments_.rbegin()->second.id);
  doom_trimmed();
  count_trimmed_rows();
  watch_filling();
}

// The oldest segment is the first that is read: it stays open for that. What is wrong with it, the reader
// finds.
void DiskSlot::count_trimmed_rows() {
  rows_trimmed_ = rows_total_;
  if (trimmed_ == end_) return;
  const auto& [first, segment] = *segments_.begin();
  try {
    SegmentReader reader(folder_.segment(first), options_.key);
    const std::uint64_t before = reader.header() ? reader.header()->rows_before : 0;
    rows_trimmed_ = std::min(rows_total_, before + reader.rows_below(trimmed_));
    ahead_.emplace(segment.id, std::move(reader));
  } catch (const std::exception&) {
    rows_trimmed_ = 0;
  }
}

DiskSlot::~DiskSlot() {
  end_appends();
  close();
}

void DiskSlot::end_appends() {
  if (!maintenance_.joinable()) return;
  {
    const Lock lock(mutex_);
    stopping_ = true;
    give_up_at_ = Steady::now() + options_.append_deadline;
  }
  work_.notify_all();
  maintenance_.join();
}

void DiskSlot::close() noexcept {
  // What could not be recorded is sent twice, what could not be removed is removed at the next opening.
  const auto attempt = [](const auto& work) {
    try {
      work();
    } catch (const std::exception&) {
    }
  };
  attempt([this] {
    if (options_.durability == SlotDurability::memory) return;
    Lock lock(mutex_);
    make_durable(lock, end_);
  });
  attempt([this] {
    if (doubt_) start_after_doubt();
  });
  // Without this, the next opening would send again what lies in the last segment.
  attempt([this] {
    if (writer_ && writer_->header_written() && trimmed_ > trimmed_written_) writer_->put_trimmed(trimmed_);
  });
  attempt([this] { remove_database(folder_.next()); });
  folder_.remove_spare();
  attempt([this] { fs::remove(folder_.stats()); });
}

// Frames that were refused may stand in the sealed segment; the next opening would take them for good ones.
void DiskSlot::start_after_doubt() {
  const SegmentHeader header = header_for(end_, trimmed_);
  create_segment_file(folder_.next(), &header, options_.key);
  start_segment(end_);
}

std::optional<std::string> DiskSlot::position() const {
  const Lock lock(mutex_);
  return position_;
}

void DiskSlot::on_event(std::function<void(const SlotEvent&)> callback) {
  Lock lock(mutex_);
  news_.on_event(lock, std::move(callback));
}

void DiskSlot::publish_stats(std::string_view json) {
  const std::lock_guard<std::mutex> writing(stats_file_mutex_);
  const fs::path temporary = with_suffix(folder_.stats(), ".tmp");
  try {
    lock_.require_held();
    base::File(temporary, O_WRONLY | O_CREAT | O_TRUNC).write_all(json);
    fs::rename(temporary, folder_.stats());
  } catch (const std::exception&) {
    // For people who look on; the next one may be shown again.
  }
  // The slot tool may have taken letters out.
  const std::unique_lock<std::mutex> dead(dead_mutex_, std::try_to_lock);
  if (dead) dead_.refresh();
}

void DiskSlot::on_appended(std::function<void()> callback) {
  const Lock lock(mutex_);
  news_.on_appended(std::move(callback));
}

Fsn DiskSlot::end() const {
  const Lock lock(mutex_);
  return end_;
}

SlotStats DiskSlot::stats() const {
  const Lock lock(mutex_);
  SlotStats stats = counted_;
  stats.first = trimmed_;
  stats.end = end_;
  stats.frames = end_ - trimmed_;
  stats.rows = rows_total_ - std::min(rows_total_, rows_trimmed_);
  stats.bytes = segments_total_ + doomed_bytes_;
  stats.memory_bytes = ring_.bytes();
  stats.oldest_wall_nanos = oldest_wall_nanos();
  stats.dead_letters = dead_.count();
  stats.dead_letter_bytes = dead_.bytes();
  return stats;
}

std::vector<SlotReport::Damage> DiskSlot::take_damage() {
  const Lock lock(mutex_);
  return std::exchange(damage_, {});
}

void DiskSlot::bury(const DeadLetter& letter) {
  as_slot_io("The dead letter cannot be kept", Disposition::retrying, [&] {
    const std::lock_guard<std::mutex> dead(dead_mutex_);
    std::vector<SlotReport::Damage> found;
    DeadLetter stamped = letter;
    if (stamped.wall_nanos == 0) stamped.wall_nanos = clock_.wall_nanos();
    dead_.bury(stamped, found);
    const Lock lock(mutex_);
    damage_.insert(damage_.end(), found.begin(), found.end());
  });
}

}  // namespace questclient::buffer
