#include "buffer/salvage.hpp"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <sstream>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPageBytes = 8192;
constexpr Fsn kMaxMissesInARow = 4096;

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

/// Ways to look at a damaged segment. Each shows frames that another one may not: where a page was damaged,
/// an older version of it may be good, and the other way round.
enum class Way {
  restamped,      ///< Every page of the log counts. The .db matters where someone has checkpointed it, and
                  ///< for a segment's row that was written before any frame.
  restamped_log,  ///< The same on fresh tables: the .db may be anything.
  as_sqlite_sees_it,  ///< Nothing behind the first bad checksum counts.
};

SegmentReader make_view(const SlotFolder& folder, Fsn first, const SegmentHeader& fallback, Way way,
                        std::string_view key) {
  const fs::path view = folder.salvage() / ("view-" + std::to_string(static_cast<int>(way)) + ".db");
  const fs::path original = folder.segment(first);
  const fs::path log = with_suffix(original, "-wal");
  create_segment_file(view, nullptr);
  std::string first_page = base::File(view, O_RDONLY).read_at(0, kPageBytes);
  if (way != Way::restamped_log) fs::copy_file(original, view, fs::copy_options::overwrite_existing);
  if (way == Way::as_sqlite_sees_it) {
    if (fs::exists(log)) fs::copy_file(log, with_suffix(view, "-wal"));
  } else {
    restamp_wal(log, with_suffix(view, "-wal"), first_page,
                static_cast<std::uint32_t>(size_or_zero(view) / kPageBytes));
    base::File(view, O_WRONLY).write_all(first_page);
  }
  return SegmentReader(view, fallback, key);
}

class Views {
 public:
  Views(const SlotFolder& folder, Fsn first, const SegmentHeader& fallback, std::string_view key)
      : header_(fallback) {
    const bool has_database = size_or_zero(folder.segment(first)) >= kMinDatabaseBytes;
    for (const Way way : {Way::restamped, Way::restamped_log, Way::as_sqlite_sees_it}) {
      if (way != Way::restamped_log && !has_database) continue;
      try {
        views_.push_back(make_view(folder, first, fallback, way, key));
        if (header_ == fallback) header_ = *views_.back().header();
      } catch (const SegmentDamaged&) {
        // Another way may show more.
      }
    }
  }

  const SegmentHeader& header() const { return header_; }
  std::optional<StoredFrame> probe(Fsn fsn) {
    for (SegmentReader& view : views_)
      if (auto frame = view.probe_stored(fsn)) return frame;
    return std::nullopt;
  }
  /// 0: unknown.
  Fsn highest() {
    Fsn highest = 0;
    for (SegmentReader& view : views_) {
      try {
        const Fsn claimed = view.highest();
        if (view.probe(claimed) != nullptr) highest = std::max(highest, claimed);
      } catch (const SegmentDamaged&) {
        // This one cannot tell.
      }
    }
    return highest;
  }

 private:
  std::vector<SegmentReader> views_;
  SegmentHeader header_;
};

struct Rescued {
  NumberList good, bad;
  Fsn highest = 0;
};

Rescued copy_good_frames(Views& views, SegmentWriter& writer, Fsn first, Fsn limit) {
  constexpr std::uint64_t kBytesPerCommit = 4 << 20;
  Rescued rescued;
  const Fsn last = limit != 0 ? limit - 1 : views.highest();
  std::uint64_t bytes = 0;
  NumberList missed;
  Fsn misses = 0;
  SegmentHeader header = views.header();
  // A position that came with refused frames must not be taken for one that was committed.
  if (limit != 0 && header.position_end > limit) header.position.reset();
  header.first = first;
  header.salvaged = true;
  writer.begin();
  writer.put_header(header);
  for (Fsn fsn = first; last != 0 ? fsn <= last : misses < kMaxMissesInARow; ++fsn) {
    auto frame = views.probe(fsn);
    if (!frame) {
      if (header.position_end > fsn) {
        header.position.reset();
        header.position_end = first;
      }
      ++misses;
      if (last != 0)
        rescued.bad.add(fsn);
      else
        missed.add(fsn);
      continue;
    }
    // Where rows are lost the source must send again what came behind them: a position never runs ahead.
    if (misses != 0 || !rescued.bad.empty() || !missed.empty()) frame->position.reset();
    // Without a known end, numbers behind the last good frame may never have been used.
    if (last == 0) rescued.bad = missed;
    misses = 0;
    writer.put(*frame);
    rescued.good.add(fsn);
    rescued.highest = fsn;
    bytes += frame->frame->payload.size();
    if (bytes < kBytesPerCommit) continue;
    writer.commit();
    writer.begin();
    bytes = 0;
  }
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

}  // namespace

Salvage salvage_segment(const SlotFolder& folder, Fsn first, Fsn limit, const std::string& why,
                        base::RandomSource& random, std::int64_t now, std::string_view key) {
  fs::remove_all(folder.salvage());
  fs::create_directories(folder.salvage());
  SegmentHeader fallback;
  fallback.stream = base::Uuid::random(random);
  fallback.stream_first = first;
  fallback.first = first;
  fallback.created = now;
  const fs::path rebuilt = folder.salvage() / folder.segment(first).filename();
  Rescued rescued;
  {
    Views views(folder, first, fallback, key);
    create_segment_file(rebuilt, nullptr);
    SegmentWriter writer(rebuilt, true, key);
    rescued = copy_good_frames(views, writer, first, limit);
    writer.close_complete();
  }
  base::sync_directory(folder.salvage());
  base::kill_point("slot.salvaged");
  Salvage result;
  result.highest = rescued.highest;
  result.damage.file = folder.set_aside(folder.segment(first)).string();
  result.damage.message = describe(why, rescued, limit);
  finish_salvage(folder);
  return result;
}

namespace {

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

}  // namespace

void finish_salvage(const SlotFolder& folder) {
  place_rebuilt(folder, folder.salvage());
}

void finish_rewrite(const SlotFolder& folder) {
  place_rebuilt(folder, folder.rewrite());
}

}  // namespace questclient::buffer
