#include "base/file.hpp"
#include "buffer/salvage.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBytesPerCommit = 4 << 20;

void copy_frames(SegmentReader& source, SegmentWriter& target, Fsn from, Fsn limit, const fs::path& name) {
  while (from < limit) {
    const auto frames = source.read_stored(from, limit, kBytesPerCommit, SIZE_MAX);
    const bool gap = frames.empty() || frames.front().frame->fsn != from;
    if (gap && !source.header()->salvaged)
      throw SegmentDamaged(name.string() + ": frame " + std::to_string(from) + " is missing");
    if (frames.empty()) return;
    for (const StoredFrame& frame : frames) target.put(frame);
    target.commit();
    target.begin();
    from = frames.back().frame->fsn + 1;
  }
}

}  // namespace

void copy_segment(const SlotFolder& folder, Fsn first, Fsn limit, std::string_view key) {
  const fs::path original = folder.segment(first);
  const fs::path copy = folder.rewrite() / original.filename();
  fs::remove_all(folder.rewrite());
  fs::create_directories(folder.rewrite());
  {
    SegmentReader source(original, key);
    if (!source.header()) throw SegmentDamaged(original.string() + ": the segment's own row is missing");
    SegmentHeader header = *source.header();
    // A position without rows was refused together with the frames at and behind the limit.
    if (header.position_end > limit) {
      header.position = source.position(limit);
      header.position_end = limit;
    }
    create_segment_file(copy, nullptr, key);
    SegmentWriter target(copy, true, key);
    target.begin();
    target.put_header(header);
    copy_frames(source, target, first, limit, original);
    target.commit();
    target.close_complete();
  }
  base::sync_directory(folder.rewrite());
  folder.sync();
}

}  // namespace questclient::buffer
