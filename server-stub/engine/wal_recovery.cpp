#include "engine/wal_recovery.hpp"

#include <algorithm>
#include <fcntl.h>
#include <stdexcept>

#include "engine/wal_format.hpp"

namespace questnode::engine {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

struct FoundFile {
  std::filesystem::path path;
  std::uint64_t first = 0;
};

std::vector<FoundFile> list_segments(const std::filesystem::path& directory) {
  std::vector<FoundFile> found;
  for (const auto& item : std::filesystem::directory_iterator(directory)) {
    const auto first = parse_segment_file_name(item.path().filename().string());
    if (first) found.push_back({item.path(), *first});
  }
  std::ranges::sort(found, {}, &FoundFile::first);
  return found;
}

[[noreturn]] void refuse(const std::filesystem::path& path, std::uint64_t offset, const std::string& what) {
  throw std::runtime_error("WAL segment " + path.string() + " is damaged at offset " +
                           std::to_string(offset) + ": " + what +
                           ". Restore the file from a copy, or move the WAL directory aside so that the node "
                           "fetches the log from the object store");
}

/// A sector that never reached the disk reads as zeros up to its end.
bool has_unwritten_sector(std::string_view bytes, std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t edge = (begin / kSectorBytes + 1) * kSectorBytes; edge <= end; edge += kSectorBytes) {
    const std::uint64_t from = std::max(begin, edge - kSectorBytes);
    const std::string_view sector = bytes.substr(from, edge - from);
    if (std::ranges::all_of(sector, [](char byte) { return byte == 0; })) return true;
  }
  return false;
}

/// What can be found out about the bytes behind a damaged place.
struct Behind {
  std::uint64_t claimed_synced = 0;     ///< Highest number that anything behind says was synced.
  std::optional<std::uint64_t> intact;  ///< Where the first intact entry or note begins.
};

/// `from`: offset of the damaged place in `bytes`.
Behind look_behind(std::string_view bytes, std::uint64_t from) {
  Behind behind;
  for (std::uint64_t at = from; at < bytes.size();) {
    const std::string_view rest = bytes.substr(at);
    if (const auto note = decode_note(rest)) {
      behind.claimed_synced = std::max(behind.claimed_synced, note->synced);
      if (!behind.intact) behind.intact = at;
      at += kNoteBytes;
    } else if (const auto frame = peek_entry(rest)) {
      if (!behind.intact) behind.intact = at;
      at += frame->length;
    } else {
      ++at;
    }
  }
  return behind;
}

class Recovery {
 public:
  explicit Recovery(std::filesystem::path directory)
      : directory_(std::move(directory)), files_(list_segments(directory_)) {}

  RecoveredWal run() {
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (!read_segment(i)) break;
    if (result_.segments.empty()) {
      const std::uint64_t first = files_.empty() ? 1 : files_.front().first;
      result_.last = first - 1;
      result_.segments.push_back(create_segment(directory_, first, result_.last, std::nullopt));
    }
    // What a killed process had only in the page cache is answered for from now on.
    for (const auto& segment : result_.segments) segment->file.sync_data();
    base::sync_directory(directory_);
    return std::move(result_);
  }

 private:
  /// False: the log ends in this file, the files behind it are gone.
  bool read_segment(std::size_t i) {
    const FoundFile& found = files_[i];
    auto segment = std::make_shared<Segment>();
    segment->file = base::File(found.path, O_RDWR | O_APPEND);
    segment->first = found.first;
    if (!read_header(i, *segment)) return false;
    const std::uint64_t size = segment->file.size();
    segment->size = kSegmentHeaderBytes;
    SegmentReader reader(segment->file, segment->size, size);
    for (;;) {
      const SegmentReader::Item item = reader.next();
      if (item.kind == SegmentReader::Kind::end) break;
      if (item.kind == SegmentReader::Kind::damaged) {
        decide(i, segment->file, item.offset);
        drop_files_after(i);
        segment->file.truncate(item.offset);
        result_.segments.push_back(std::move(segment));
        return false;
      }
      take(item, *segment);
    }
    result_.segments.push_back(std::move(segment));
    return true;
  }

  bool read_header(std::size_t i, const Segment& segment) {
    const std::filesystem::path& path = files_[i].path;
    std::optional<SegmentHeader> header;
    try {
      header = decode_segment_header(segment.file.read_at(0, kSegmentHeaderBytes));
    } catch (const std::runtime_error& newer) {
      throw std::runtime_error("WAL segment " + path.string() + " has " + newer.what());
    }
    if (!header) {
      decide(i, segment.file, 0);
      drop_files_after(i);
      std::filesystem::remove(path);
      return false;
    }
    if (header->first != files_[i].first)
      refuse(path, 0, "its header says that it begins with entry " + std::to_string(header->first));
    if (!result_.segments.empty() && header->first != result_.last + 1)
      refuse(path, 0,
             "it begins with entry " + std::to_string(header->first) + ", but the segment before ends with " +
                 std::to_string(result_.last) + ": a segment is missing");
    if (result_.segments.empty()) result_.last = header->first - 1;
    return true;
  }

  void take(const SegmentReader::Item& item, Segment& segment) {
    if (item.kind == SegmentReader::Kind::note) {
      if (item.note.mark) result_.mark = item.note.mark;
      segment.size = item.offset + kNoteBytes;
      return;
    }
    if (item.number != result_.last + 1)
      refuse(segment.file.path(), item.offset,
             "entry " + std::to_string(item.number) + " stands where " + std::to_string(result_.last + 1) +
                 " belongs");
    segment.index_entry(item.number);
    segment.size = item.offset + item.bytes.size();
    result_.last = item.number;
  }

  /// Returns if a power cut explains the damage (README.md, W3); throws otherwise.
  void decide(std::size_t i, const base::File& file, std::uint64_t offset) {
    const std::string bytes = file.read_at(0, file.size());
    // At offset 0 it is the header that is damaged: no entry is known to begin there.
    const Behind behind = look_behind(bytes, offset);
    const std::uint64_t lost = result_.segments.empty() && offset == 0 ? files_[i].first : result_.last + 1;
    std::uint64_t claimed = behind.claimed_synced;
    for (std::size_t later = i + 1; later < files_.size(); ++later)
      claimed = std::max(claimed, claimed_in(files_[later].path));
    if (claimed >= lost)
      refuse(file.path(), offset, "entry " + std::to_string(lost) + " is unreadable, though it was synced");
    if (behind.intact && !has_unwritten_sector(bytes, offset, *behind.intact))
      refuse(file.path(), offset,
             "entry " + std::to_string(lost) + " is unreadable, but intact data follows");
    result_.cut = file.path().filename().string() + ": cut off " + std::to_string(bytes.size() - offset) +
                  " bytes at offset " + std::to_string(offset) + ", behind entry " +
                  std::to_string(lost - 1) + ": the last write before a power cut or crash, never synced";
    if (i + 1 < files_.size())
      result_.cut += "; removed " + std::to_string(files_.size() - i - 1) + " segments behind it";
  }

  static std::uint64_t claimed_in(const std::filesystem::path& path) {
    const std::string bytes = base::read_file(path).value_or("");
    const auto header = decode_segment_header(bytes);
    return std::max(header ? header->synced : 0, look_behind(bytes, 0).claimed_synced);
  }

  // Newest first, so that a crash in between leaves no gap.
  void drop_files_after(std::size_t i) {
    for (std::size_t later = files_.size() - 1; later > i; --later)
      std::filesystem::remove(files_[later].path);
    base::sync_directory(directory_);
  }

  std::filesystem::path directory_;
  std::vector<FoundFile> files_;
  RecoveredWal result_;
};

}  // namespace

RecoveredWal recover_wal(const std::filesystem::path& directory) {
  return Recovery(directory).run();
}

std::shared_ptr<Segment> create_segment(const std::filesystem::path& directory, std::uint64_t first,
                                        std::uint64_t synced, const std::optional<LogMark>& mark) {
  auto segment = std::make_shared<Segment>();
  // O_TRUNC: a creation that failed half way, for want of space, is begun again.
  segment->file = base::File(directory / segment_file_name(first), O_RDWR | O_APPEND | O_CREAT | O_TRUNC);
  segment->first = first;
  std::string bytes = encode_segment_header({first, synced});
  if (mark) bytes += encode_note({synced, mark});
  segment->file.write_all(bytes);
  segment->size = bytes.size();
  segment->unsynced = true;
  return segment;
}

}  // namespace questnode::engine
