#include "buffer/salvage.hpp"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <sstream>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "buffer/frame_codec.hpp"
#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

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

/// Whether the file begins as ours do; pages behind the header may still be wrong.
bool header_looks_right(const fs::path& database) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (size_or_zero(database) < kMinDatabaseBytes) return false;
  const base::File file(database, O_RDONLY);
  const std::string head = file.read_at(0, 24);
  // Page size 8192; write-ahead log; no bytes reserved; the fixed payload fractions.
  return head.starts_with(kMagic) &&
         head.substr(16, 8) == std::string_view("\x20\x00\x02\x02\x00\x40\x20\x20", 8);
}

/// A database in which SQLite shows all pages that the damaged segment still has.
SegmentReader make_view(const SlotFolder& folder, Fsn first, const SegmentHeader& fallback) {
  const fs::path view = folder.salvage() / "view.db";
  const fs::path original = folder.segment(first);
  const fs::path log = with_suffix(original, "-wal");
  const auto build = [&](bool from_original) {
    remove_database(view);
    if (from_original)
      fs::copy_file(original, view);
    else
      create_segment_file(view, nullptr);
    if (fs::exists(log)) restamp_wal(log, with_suffix(view, "-wal"));
    return SegmentReader(view, fallback);
  };
  if (header_looks_right(original)) {
    try {
      return build(true);
    } catch (const SegmentDamaged&) {
      // The log alone holds every page that matters, unless someone has checkpointed it.
    }
  }
  return build(false);
}

struct Rescued {
  NumberList good, bad;
  Fsn highest = 0;
};

Fsn last_to_try(SegmentReader& view, Fsn limit) {
  if (limit != 0) return limit - 1;
  try {
    const Fsn highest = view.highest();
    return view.probe(highest) != nullptr ? highest : 0;
  } catch (const SegmentDamaged&) {
    return 0;
  }
}

Rescued copy_good_frames(SegmentReader& view, SegmentWriter& writer, Fsn first, Fsn limit) {
  constexpr std::uint64_t kBytesPerCommit = 4 << 20;
  Rescued rescued;
  const Fsn last = last_to_try(view, limit);
  std::uint64_t bytes = 0;
  NumberList missed;
  Fsn misses = 0;
  SegmentHeader header = *view.header();
  header.first = first;
  header.salvaged = true;
  writer.begin();
  writer.put_header(header);
  for (Fsn fsn = first; last != 0 ? fsn <= last : misses < kMaxMissesInARow; ++fsn) {
    const auto frame = view.probe(fsn);
    if (frame == nullptr) {
      ++misses;
      if (last != 0)
        rescued.bad.add(fsn);
      else
        missed.add(fsn);
      continue;
    }
    // Without a known end, numbers behind the last good frame may never have been used.
    if (last == 0) rescued.bad = missed;
    misses = 0;
    std::string lengths = encode_row_lengths(frame->row_lengths);
    const std::uint32_t crc = content_crc(frame->payload, lengths);
    writer.put({frame, std::move(lengths), crc});
    rescued.good.add(fsn);
    rescued.highest = fsn;
    bytes += frame->payload.size();
    if (bytes < kBytesPerCommit) continue;
    writer.commit();
    writer.begin();
    bytes = 0;
  }
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
                        base::RandomSource& random, std::int64_t now) {
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
    SegmentReader view = make_view(folder, first, fallback);
    create_segment_file(rebuilt, nullptr);
    SegmentWriter writer(rebuilt, true);
    rescued = copy_good_frames(view, writer, first, limit);
    writer.close_complete();
  }
  remove_database(folder.salvage() / "view.db");
  base::sync_directory(folder.salvage());
  base::kill_point("slot.salvaged");
  Salvage result;
  result.highest = rescued.highest;
  result.damage.file = folder.set_aside(folder.segment(first)).string();
  result.damage.message = describe(why, rescued, limit);
  finish_salvage(folder);
  return result;
}

void finish_salvage(const SlotFolder& folder) {
  if (!fs::exists(folder.salvage())) return;
  for (const auto& entry : fs::directory_iterator(folder.salvage())) {
    const fs::path target = folder.path() / entry.path().filename();
    const bool rescued = entry.path().filename().string().starts_with("seg-") &&
                         entry.path().extension() == ".db" && !fs::exists(with_suffix(entry.path(), "-wal"));
    if (!rescued || fs::exists(target) || fs::exists(with_suffix(target, "-wal"))) continue;
    if (::rename(entry.path().c_str(), target.c_str()) != 0) base::throw_errno("cannot rename", entry.path());
  }
  folder.sync();
  fs::remove_all(folder.salvage());
}

}  // namespace questclient::buffer
