#include "buffer/slot_walk.hpp"

#include <algorithm>

#include <questclient/error.hpp>

#include "buffer/outside.hpp"
#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

constexpr std::size_t kBytesPerRead = 4 << 20;
constexpr std::size_t kFramesPerRead = 4096;
/// The log of a live slot grows while it is looked at: only what is wrong each time is damage.
constexpr int kLogChecks = 3;

}  // namespace

void require_key(const SegmentReader& reader, const std::filesystem::path& segment, const std::string& key) {
  if (!reader.header() || reader.header()->key_check.empty() || reader.key_fits()) return;
  throw Error(ErrorCode::slot_key, Disposition::fix_and_resend,
              segment.string() + " is encrypted and " +
                  (key.empty() ? "no key was given" : "the key does not open it") +
                  ": give the key that the sender had (sf_key).");
}

void SlotWalk::look() {
  const std::vector<Fsn> segments = folder_.segments();
  Fsn limit = 0;
  for (auto first = segments.rbegin(); first != segments.rend(); ++first) {
    newest_ = std::max(newest_, *first - 1);
    try {
      auto reader = open_segment(folder_, *first, key_);
      if (reader && reader->header()) {
        trimmed_ = std::max(trimmed_, reader->header()->trimmed);
        newest_ = std::max(newest_, reader->highest(limit));
        // Those before it know less.
        if (reader->highest(limit) != 0) break;
      }
    } catch (const SegmentDamaged&) {
      // Found again, and reported, when the frames are read.
    }
    limit = *first;
  }
  if (!segments.empty()) trimmed_ = std::max(trimmed_, segments.front());
}

SlotWalk::Findings SlotWalk::run(Fsn from, Fsn to, bool check_logs,
                                 const std::function<void(const base::Frame&)>& take) {
  findings_ = {};
  take_ = &take;
  bytes_before_ = bytes_total_ = 0;
  const std::vector<Fsn> segments = folder_.segments();
  // Some may have been trimmed since look().
  if (!segments.empty()) trimmed_ = std::max(trimmed_, segments.front());
  expected_ = std::max(from, trimmed_);
  struct Part {
    Fsn first, limit;
    std::uint64_t bytes;
  };
  std::vector<Part> parts;
  for (std::size_t at = 0; at < segments.size(); ++at) {
    const Fsn next = at + 1 < segments.size() ? segments[at + 1] : to + 1;
    // The newest segment is opened even when it is empty: its file may be damaged.
    const bool wanted = segments[at] <= to ? next > from : check_logs;
    if (!wanted) continue;
    parts.push_back({segments[at], std::min(next, to + 1), folder_.segment_bytes(segments[at])});
    bytes_total_ += parts.back().bytes;
  }
  for (const Part& part : parts) {
    segment_bytes_ = part.bytes;
    if (check_logs) check_log(part.first);
    walk_segment(part.first, std::max(from, part.first), part.limit);
    if (!findings_.complete) return findings_;
    bytes_before_ += part.bytes;
    show_progress(bytes_before_);
  }
  note_missing(to + 1);
  return findings_;
}

void SlotWalk::check_log(Fsn first) {
  const std::filesystem::path log = with_suffix(folder_.segment(first), "-wal");
  for (int check = 0; check < kLogChecks; ++check) {
    try {
      if (!hides_commits(log)) return;
    } catch (const std::exception&) {
      if (size_or_zero(log) == 0) return;  // trimmed meanwhile
      throw;
    }
  }
  note_damage(first, folder_.segment(first).string() +
                         ": its log breaks off before its last commit. Frames behind the break are not seen "
                         "here; a sender that "
                         "opens the slot saves the good ones");
}

void SlotWalk::walk_segment(Fsn first, Fsn from, Fsn limit) {
  try {
    auto reader = open_segment(folder_, first, key_);
    if (!reader) {
      // Only what was trimmed vanishes.
      trimmed_ = std::max(trimmed_, limit);
      expected_ = std::max(expected_, trimmed_);
      return;
    }
    ++findings_.segments;
    require_key(*reader, folder_.segment(first), key_);
    walk_frames(*reader, first, from, limit);
  } catch (const SegmentDamaged& damage) {
    note_damage(first, damage.what());
  }
}

void SlotWalk::walk_frames(SegmentReader& reader, Fsn first, Fsn from, Fsn limit) {
  for (Fsn at = from; at < limit;) {
    try {
      const std::vector<base::FramePtr> frames = reader.read(at, limit, kBytesPerRead, kFramesPerRead);
      if (frames.empty()) return;
      take_frames(frames);
      at = frames.back()->fsn + 1;
    } catch (const SegmentDamaged& damage) {
      note_damage(first, damage.what());
      ++at;
    }
    show_progress(bytes_before_ + segment_bytes_ * (std::min(at, limit) - from) / (limit - from));
    if (!findings_.complete) return;
  }
}

void SlotWalk::take_frames(const std::vector<base::FramePtr>& frames) {
  for (const base::FramePtr& frame : frames) {
    note_missing(frame->fsn);
    expected_ = std::max(expected_, frame->fsn + 1);
    if (findings_.frames++ == 0) findings_.first_fsn = frame->fsn;
    findings_.last_fsn = frame->fsn;
    findings_.rows += frame->rows();
    findings_.bytes += frame->payload.size();
    if (*take_) calling_back([&] { (*take_)(*frame); });
  }
}

void SlotWalk::note_missing(Fsn end) {
  if (expected_ < end) findings_.missing.emplace_back(expected_, end - 1);
  expected_ = std::max(expected_, end);
}

// The first of a file says enough: the numbers that are missing tell the extent.
void SlotWalk::note_damage(Fsn first, const std::string& message) {
  const std::filesystem::path file = folder_.segment(first);
  if (findings_.damage.empty() || findings_.damage.back().file != file)
    findings_.damage.push_back({file, message});
}

void SlotWalk::show_progress(std::uint64_t bytes_done) {
  if (!progress_) return;
  const SlotProgress now{bytes_done, bytes_total_, findings_.frames, findings_.rows};
  if (!calling_back([&] { return progress_(now); })) findings_.complete = false;
}

}  // namespace questclient::buffer
