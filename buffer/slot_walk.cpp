#include "buffer/slot_walk.hpp"

#include <algorithm>

#include <questclient/error.hpp>

#include "buffer/outside.hpp"
#include "buffer/segment_row.hpp"

namespace questclient::buffer {
namespace {

constexpr std::size_t kBytesPerRead = 4 << 20;
constexpr std::size_t kFramesPerRead = 4096;
constexpr int kLogChecks = 3;

/// A clear error when the key does not fit.
void require_key(const std::optional<SegmentHeader>& header, const std::filesystem::path& segment,
                 const std::string& key) {
  if (!header || header->key_check.empty() || key_fits(*header, key)) return;
  throw Error(ErrorCode::slot_key, Disposition::fix_and_resend,
              segment.string() + " is encrypted and " +
                  (key.empty() ? "no key was given" : "the key does not open it") +
                  ": give the key that the sender had (sf_key).");
}

[[noreturn]] void throw_key_without_use(const std::filesystem::path& segment) {
  throw Error(ErrorCode::slot_key, Disposition::fix_and_resend,
              segment.string() + " is not encrypted and a key was given: leave the key out.");
}

}  // namespace

// The log of a live slot grows while it is looked at: only what is wrong each time is damage.
void SlotWalk::check_log(Fsn first) const {
  const std::filesystem::path database = folder_.database(first);
  for (int check = 1;; ++check) {
    try {
      require_whole_log(database);
      return;
    } catch (const SegmentDamaged&) {
      if (check == kLogChecks) throw;
    } catch (const std::exception&) {
      if (size_or_zero(with_suffix(database, "-wal")) == 0) return;  // trimmed meanwhile
      throw;
    }
  }
}

// One at a time, and the newest is needed twice.
DamagedSegment& SlotWalk::rescue(Fsn first) {
  if (damaged_ && damaged_first_ == first) return *damaged_;
  damaged_.reset();
  SegmentHeader unknown;
  unknown.stream_first = unknown.first = first;
  damaged_.emplace(folder_.database(first), scratch_.emptied(), unknown, key_);
  damaged_first_ = first;
  require_key(damaged_->header(), folder_.database(first), key_);
  return *damaged_;
}

// Whether a segment with a frame was found, so that those before it know less.
bool SlotWalk::look_at(Fsn first, Fsn limit) {
  try {
    auto reader = open_segment(folder_, first, key_);
    if (!reader) return false;
    require_key(reader->header(), folder_.segment(first), key_);
    check_log(first);
    if (!reader->header()) return false;
    trimmed_ = std::max(trimmed_, reader->header()->trimmed);
    const Fsn highest = reader->highest(limit);
    newest_ = std::max(newest_, highest);
    // The newest one tells what the slot is: a plain one before that is damage.
    const bool is_plain = reader->header()->key_check.empty();
    if (is_plain && !key_.empty() && highest != 0 && highest >= trimmed_)
      throw_key_without_use(folder_.segment(first));
    return highest != 0;
  } catch (const SegmentDamaged&) {
    // A rescue would see more.
  }
  DamagedSegment& damaged = rescue(first);
  trimmed_ = std::max(trimmed_, damaged.header().trimmed);
  const Fsn highest = damaged.highest(first, limit);
  newest_ = std::max(newest_, highest);
  return highest != 0;
}

void SlotWalk::look() {
  const std::vector<Fsn> segments = folder_.segments();
  Fsn limit = 0;
  for (auto first = segments.rbegin(); first != segments.rend(); ++first) {
    newest_ = std::max(newest_, *first - 1);
    if (look_at(*first, limit)) break;
    limit = *first;
  }
  if (!segments.empty()) trimmed_ = std::max(trimmed_, segments.front());
}

SlotWalk::Findings SlotWalk::run(Fsn from, Fsn to, const std::function<void(const base::Frame&)>& take) {
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
    if (segments[at] <= to && next <= from) continue;
    parts.push_back({segments[at], std::min(next, to + 1), folder_.segment_bytes(segments[at])});
    bytes_total_ += parts.back().bytes;
  }
  for (const Part& part : parts) {
    segment_bytes_ = part.bytes;
    walk_segment(part.first, std::max(from, part.first), part.limit);
    if (!findings_.complete) return findings_;
    bytes_before_ += part.bytes;
    show_progress(bytes_before_);
  }
  note_missing(to + 1);
  return findings_;
}

void SlotWalk::walk_segment(Fsn first, Fsn from, Fsn limit) {
  Fsn at = from;
  std::string why;
  try {
    auto reader = open_segment(folder_, first, key_);
    if (!reader) return pass_over(limit);
    ++findings_.segments;
    require_key(reader->header(), folder_.segment(first), key_);
    at = walk_frames(*reader, first, from, limit);
    if (!findings_.complete) return;
    check_log(first);
    const bool gaps_are_told = reader->header() && reader->header()->salvaged;
    if (at >= limit || gaps_are_told) return;
    why = folder_.segment(first).string() + ": frame " + std::to_string(at) + " is missing";
  } catch (const SegmentDamaged& damage) {
    at = std::max(at, std::min(limit, findings_.last_fsn + 1));
    why = damage.what();
  }
  walk_damaged(first, at, limit, why);
}

// Only what was trimmed vanishes.
void SlotWalk::pass_over(Fsn limit) {
  trimmed_ = std::max(trimmed_, limit);
  expected_ = std::max(expected_, trimmed_);
}

// Returns where it ends: `limit`, or the first number that is not there. Past missing numbers only in what
// was rescued, where they are known.
Fsn SlotWalk::walk_frames(SegmentReader& reader, Fsn first, Fsn from, Fsn limit) {
  Fsn at = from;
  while (at < limit && findings_.complete) {
    const std::vector<base::FramePtr> frames = reader.read(at, limit, kBytesPerRead, kFramesPerRead);
    const bool gaps_are_told = reader.header() && reader.header()->salvaged;
    if (frames.empty() || (frames.front()->fsn != at && !gaps_are_told)) return at;
    for (const base::FramePtr& frame : frames) take_frame(*frame);
    at = frames.back()->fsn + 1;
    show_progress(bytes_before_ + segment_bytes_ * (std::min(at, limit) - first) / (limit - first));
  }
  return at;
}

void SlotWalk::walk_damaged(Fsn first, Fsn from, Fsn limit, const std::string& why) {
  SlotDamage damage{folder_.segment(first), why, 0};
  try {
    if (from < limit)
      rescue(first).visit(
          from, limit,
          [&](const StoredFrame& stored) {
            if (!findings_.complete) return;
            ++damage.frames_behind;
            take_frame(*stored.frame);
            if (damage.frames_behind % kFramesPerRead == 0) show_progress(bytes_before_);
          },
          [](Fsn) {});
  } catch (const std::exception&) {
    std::error_code unknown;
    if (!std::filesystem::exists(folder_.database(first), unknown)) return pass_over(limit);
    throw;
  }
  damage.message += ". Behind the damage " + std::to_string(damage.frames_behind) +
                    (damage.frames_behind == 1 ? " frame is" : " frames are") +
                    " good: the sender that opens the slot saves them";
  findings_.damage.push_back(std::move(damage));
}

void SlotWalk::take_frame(const base::Frame& frame) {
  note_missing(frame.fsn);
  expected_ = std::max(expected_, frame.fsn + 1);
  if (findings_.frames++ == 0) findings_.first_fsn = frame.fsn;
  findings_.last_fsn = frame.fsn;
  findings_.rows += frame.rows();
  findings_.bytes += frame.payload.size();
  if (*take_) calling_back([&] { (*take_)(frame); });
}

void SlotWalk::note_missing(Fsn end) {
  if (expected_ < end) findings_.missing.emplace_back(expected_, end - 1);
  expected_ = std::max(expected_, end);
}

void SlotWalk::show_progress(std::uint64_t bytes_done) {
  if (!progress_) return;
  const SlotProgress now{bytes_done, bytes_total_, findings_.frames, findings_.rows};
  if (!calling_back([&] { return progress_(now); })) findings_.complete = false;
}

}  // namespace questclient::buffer
