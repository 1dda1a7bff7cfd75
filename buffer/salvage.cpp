#include "buffer/salvage.hpp"

#include <cstdio>
#include <sstream>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "buffer/damaged_segment.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

/// Numbers in ascending order, written as "3, 7-9".
class NumberList {
 public:
  void add(Fsn number) {
    if (!runs_.empty() && runs_.back().second + 1 == number)
      runs_.back().second = number;
    else
      runs_.emplace_back(number, number);
  }
  bool empty() const { return runs_.empty(); }
  std::string to_string() const {
    std::ostringstream out;
    for (std::size_t at = 0; at < runs_.size(); ++at) {
      out << (at == 0 ? "" : ", ") << runs_[at].first;
      if (runs_[at].second != runs_[at].first) out << '-' << runs_[at].second;
    }
    return out.str();
  }

 private:
  std::vector<std::pair<Fsn, Fsn>> runs_;
};

struct Rescued {
  NumberList good, bad;
  std::optional<std::string> position_before_bad;
};

Rescued copy_good_frames(DamagedSegment& damaged, SegmentWriter& writer, Fsn first, Fsn limit) {
  constexpr std::uint64_t kBytesPerCommit = 4 << 20;
  Rescued rescued;
  std::uint64_t bytes = 0;
  NumberList missed;
  SegmentHeader header = damaged.header();
  // A position that came with refused frames must not be taken for one that was committed.
  if (limit != 0 && header.position_end > limit) header.position.reset();
  header.first = first;
  header.salvaged = true;
  writer.begin();
  writer.put_header(header);
  // The header's is newer than those beside the frames below its end, and older than the others.
  std::optional<std::string> newest = header.position_end <= first ? header.position : std::nullopt;
  const auto keep = [&](StoredFrame& frame) {
    if (frame.position) newest = frame.position;
    if (header.position && frame.frame->fsn + 1 == header.position_end) newest = header.position;
    // Where rows are lost the source must send again what came behind them: a position never runs ahead.
    if (!missed.empty()) {
      frame.position.reset();
      // Without a known end, numbers behind the last good frame may never have been used.
      rescued.bad = missed;
    }
    writer.put(frame);
    rescued.good.add(frame.frame->fsn);
    bytes += frame.frame->payload.size();
    if (bytes < kBytesPerCommit) return;
    writer.commit();
    writer.begin();
    bytes = 0;
  };
  const auto miss = [&](Fsn fsn) {
    if (missed.empty()) rescued.position_before_bad = newest;
    if (header.position_end > fsn) {
      header.position.reset();
      header.position_end = first;
    }
    missed.add(fsn);
  };
  if (damaged.visit(first, limit, keep, miss)) rescued.bad = missed;
  writer.put_header(header);
  writer.commit();
  return rescued;
}

std::string describe(const std::string& why, const Rescued& rescued, Fsn limit) {
  std::string text = why + ". ";
  text += rescued.good.empty() ? "No frame could be saved" : "Saved: frames " + rescued.good.to_string();
  if (!rescued.bad.empty()) text += "; lost: frames " + rescued.bad.to_string();
  if (limit == 0) text += "; frames behind these, if there were any, are lost";
  return text + ". The damaged file was set aside, nothing was deleted.";
}

/// Makes what was saved the segment: from here on a kill or a power cut changes nothing any more.
void commit_rescue(const SlotFolder& folder, Fsn first, const fs::path& rebuilt) {
  base::kill_point("slot.salvaged");
  if (::rename(rebuilt.c_str(), folder.rescued(first).c_str()) != 0)
    base::throw_errno("cannot rename", rebuilt);
  folder.sync();
  base::kill_point("slot.salvaged");
}

/// Returns where the damaged file lies now.
fs::path finish_rescue(const SlotFolder& folder, Fsn first) {
  const fs::path aside = folder.set_aside(folder.segment(first));
  if (::rename(folder.rescued(first).c_str(), folder.segment(first).c_str()) != 0)
    base::throw_errno("cannot rename", folder.rescued(first));
  folder.sync();
  return aside;
}

void place_rebuilt(const SlotFolder& folder, const fs::path& from) {
  if (!fs::exists(from)) return;
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path target = folder.path() / entry.path().filename();
    const bool complete = entry.path().filename().string().starts_with("seg-") &&
                          entry.path().extension() == ".db" && !fs::exists(with_suffix(entry.path(), "-wal"));
    if (!complete || fs::exists(target) || fs::exists(with_suffix(target, "-wal"))) continue;
    if (::rename(entry.path().c_str(), target.c_str()) != 0) base::throw_errno("cannot rename", entry.path());
  }
  folder.sync();
  fs::remove_all(from);
}

SlotReport::Damage finished(const SlotFolder& folder, Fsn first) {
  return {finish_rescue(folder, first).string(),
          folder.segment(first).string() +
              " was damaged, and its rescue was interrupted: it is finished, the good frames are in place. "
              "The damaged file was set aside, nothing was deleted."};
}

}  // namespace

Salvage salvage_segment(const SlotFolder& folder, Fsn first, Fsn limit, const std::string& why,
                        base::RandomSource& random, std::int64_t now, std::string_view key) {
  // A disk error may have stopped one half way, and its files are not those of the segment any more.
  if (fs::exists(folder.rescued(first))) return {finished(folder, first)};
  fs::remove_all(folder.salvage());
  fs::create_directories(folder.salvage() / "views");
  SegmentHeader fallback;
  fallback.stream = base::Uuid::random(random);
  fallback.stream_first = first;
  fallback.first = first;
  fallback.created = now;
  const fs::path rebuilt = folder.salvage() / folder.segment(first).filename();
  Rescued rescued;
  {
    DamagedSegment damaged(folder.segment(first), folder.salvage() / "views", fallback, key);
    create_segment_file(rebuilt, nullptr);
    SegmentWriter writer(rebuilt, true, key);
    rescued = copy_good_frames(damaged, writer, first, limit);
    writer.close_complete();
  }
  commit_rescue(folder, first, rebuilt);
  Salvage result;
  result.damage.file = finish_rescue(folder, first).string();
  result.damage.message = describe(why, rescued, limit);
  if (!rescued.bad.empty()) result.damage.position = rescued.position_before_bad;
  fs::remove_all(folder.salvage());
  return result;
}

std::vector<SlotReport::Damage> finish_salvage(const SlotFolder& folder) {
  std::vector<SlotReport::Damage> found;
  for (const Fsn first : folder.unfinished_rescues()) found.push_back(finished(folder, first));
  // As earlier releases left it, who set the damaged files aside first.
  place_rebuilt(folder, folder.salvage());
  return found;
}

void finish_rewrite(const SlotFolder& folder) {
  place_rebuilt(folder, folder.rewrite());
}

}  // namespace questclient::buffer
