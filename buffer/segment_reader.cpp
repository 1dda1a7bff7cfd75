#include <questclient/error.hpp>

#include "base/bytes.hpp"
#include "buffer/cipher.hpp"
#include "buffer/frame_codec.hpp"
#include "buffer/readable.hpp"
#include "buffer/segment_row.hpp"
#include "buffer/slot_folder.hpp"

namespace questclient::buffer {
namespace {

[[noreturn]] void rethrow_as_damage(const SqliteError& error) {
  if (error.proves_damage()) throw SegmentDamaged(error.what());
  throw error;
}

std::uint64_t sum_of(const std::vector<std::uint32_t>& lengths) {
  std::uint64_t total = 0;
  for (const std::uint32_t length : lengths) total += length;
  return total;
}

/// Where there is a key, a segment without one was not written by this slot: it would pass for rows of it.
/// Only what was drained before the slot got its key is plain, and nobody reads that again.
void refuse_plain(const std::optional<SegmentHeader>& header, std::string_view key,
                  const std::filesystem::path& path) {
  if (key.empty() || !header || !header->key_check.empty()) return;
  throw SegmentDamaged(path.string() + " is not encrypted, but its slot is");
}

}  // namespace

SegmentReader::SegmentReader(const std::filesystem::path& path, std::string_view key) : key_(key) {
  open(path);
  try {
    header_ = read_header_row(database_, format_, key_);
  } catch (const SqliteError& error) {
    rethrow_as_damage(error);
  }
}

SegmentReader::SegmentReader(const std::filesystem::path& path, const SegmentHeader& fallback,
                             std::string_view key)
    : key_(key) {
  open(path);
  try {
    header_ = read_header_row(database_, format_, key_);
  } catch (const std::runtime_error&) {
    header_.reset();
  }
  if (!header_) header_ = fallback;
}

void SegmentReader::open(const std::filesystem::path& path) {
  // SQLite would delete the log beside an empty database, and with it the frames.
  const std::uint64_t size = size_or_zero(path);
  if (size < kMinDatabaseBytes)
    throw SegmentDamaged(path.string() + " is cut off at " + std::to_string(size) + " bytes");
  try {
    database_ = open_readable(path);
    database_.execute("PRAGMA cache_size=-256");
    database_.execute("PRAGMA mmap_size=0");
    database_.execute("PRAGMA cell_size_check=ON");
    format_ = read_format(database_);
    range_ =
        Statement(database_, format_ >= 2 ? "SELECT fsn, rows, crc, created, row_lengths, payload, position"
                                            " FROM frames WHERE fsn >= ? AND fsn < ? ORDER BY fsn"
                                          : "SELECT fsn, rows, crc, created, row_lengths, payload, NULL"
                                            " FROM frames WHERE fsn >= ? AND fsn < ? ORDER BY fsn");
  } catch (const SqliteError& error) {
    rethrow_as_damage(error);
  }
}

bool SegmentReader::key_fits() const {
  return !header_ || buffer::key_fits(*header_, key_);
}

std::int64_t SegmentReader::ask(const char* sql, Fsn argument) {
  try {
    Statement select(database_, sql);
    select.bind(1, argument);
    return select.step() ? select.number(0) : 0;
  } catch (const SqliteError& error) {
    rethrow_as_damage(error);
  }
}

Fsn SegmentReader::lowest() {
  return static_cast<Fsn>(ask("SELECT min(fsn) FROM frames WHERE fsn >= ?", 0));
}

Fsn SegmentReader::highest(Fsn limit) {
  constexpr Fsn kHighestPossible = INT64_MAX;
  return static_cast<Fsn>(
      ask("SELECT max(fsn) FROM frames WHERE fsn <= ?", limit == 0 ? kHighestPossible : limit - 1));
}

std::uint64_t SegmentReader::rows_below(Fsn fsn) {
  return static_cast<std::uint64_t>(ask("SELECT sum(rows) FROM frames WHERE fsn < ?", fsn));
}

std::int64_t SegmentReader::created_of(Fsn fsn) {
  return ask("SELECT created FROM frames WHERE fsn >= ? ORDER BY fsn LIMIT 1", fsn);
}

std::optional<std::string> SegmentReader::position(Fsn limit) {
  if (!header_ || format_ < 2) return std::nullopt;
  // A position without rows was refused together with the frames at and behind the limit.
  const bool carried = limit == 0 || header_->position_end <= limit;
  try {
    Statement select(database_,
                     "SELECT fsn FROM frames WHERE fsn >= ? AND fsn < ? AND position IS NOT NULL"
                     " ORDER BY fsn DESC LIMIT 1");
    select.bind(1, carried ? header_->position_end : Fsn{0}).bind(2, limit == 0 ? Fsn{INT64_MAX} : limit);
    if (!select.step()) return carried ? header_->position : std::nullopt;
    range_.reset();
    range_.bind(1, select.number(0)).bind(2, select.number(0) + 1);
    if (!range_.step()) return std::nullopt;
    StoredFrame frame = take(range_);
    range_.reset();
    return frame.position;
  } catch (const SqliteError& error) {
    rethrow_as_damage(error);
  }
}

bool SegmentReader::has_position() {
  return format_ >= 2 && ask("SELECT EXISTS(SELECT 1 FROM segment WHERE position IS NOT NULL) OR"
                             " EXISTS(SELECT 1 FROM frames WHERE fsn >= ? AND position IS NOT NULL)",
                             0) != 0;
}

std::string SegmentReader::opened(std::string_view sealed, const std::string& associated) const {
  if (!key_.empty())
    if (auto plain = open_sealed(key_, associated, sealed)) return std::move(*plain);
  if (key_.empty() || !key_fits())
    throw Error(ErrorCode::slot_key, Disposition::terminal,
                database_.path().string() + " is encrypted and " +
                    (key_.empty() ? "no key was given" : "the key is another one") +
                    ": give the key that it was written with.");
  throw SegmentDamaged(database_.path().string() + ": what is encrypted there was changed");
}

StoredFrame SegmentReader::take(const Statement& row) const {
  StoredFrame stored;
  stored.frame = std::make_shared<base::Frame>();
  base::Frame& frame = *stored.frame;
  frame.fsn = static_cast<Fsn>(row.number(0));
  frame.flushed_wall_nanos = row.number(3);
  if (!row.is_null(6)) stored.position = std::string(row.bytes(6));
  std::string_view lengths = row.bytes(4);
  std::string_view payload = row.bytes(5);
  stored.content_crc = content_crc(payload, lengths);
  const auto fail = [&](const char* what) {
    throw SegmentDamaged(database_.path().string() + ": frame " + std::to_string(frame.fsn) + what);
  };
  if (row.number(2) !=
      std::int64_t{frame_crc(stored.content_crc, frame.fsn, frame.flushed_wall_nanos, stored.position)})
    fail(" fails its checksum");
  if (!header_)
    throw SegmentDamaged(database_.path().string() + " holds frames but not the name of their stream");
  frame.stream = header_->stream;
  frame.stream_first = header_->stream_first;
  // A plain frame has at least one row length.
  const bool is_sealed = lengths.empty();
  if (is_sealed == header_->key_check.empty())
    fail(is_sealed ? " is encrypted, but its segment is not" : " is not encrypted, but its segment is");
  std::string plain;
  if (is_sealed) {
    plain =
        opened(payload, frame_association(frame.stream, frame.fsn, frame.flushed_wall_nanos, row.number(1)));
    if (stored.position)
      stored.position = opened(*stored.position, position_association(frame.stream, frame.fsn));
    base::ByteReader reader(plain);
    try {
      lengths = reader.text();
    } catch (const base::MalformedBytes&) {
      fail(" has no row lengths");
    }
    payload = reader.rest();
    stored.content_crc = content_crc(payload, lengths);
  }
  auto decoded = decode_row_lengths(lengths);
  if (!decoded || sum_of(*decoded) != payload.size() ||
      row.number(1) != static_cast<std::int64_t>(decoded->size()))
    fail(" has other rows than its lengths say");
  stored.row_lengths = lengths;
  frame.payload = payload;
  frame.row_lengths = std::move(*decoded);
  return stored;
}

std::vector<StoredFrame> SegmentReader::read_stored(Fsn from, Fsn limit, std::size_t max_bytes,
                                                    std::size_t max_frames) {
  std::vector<StoredFrame> frames;
  std::size_t bytes = 0;
  const auto add = [&](StoredFrame stored) {
    bytes += stored.frame->payload.size();
    frames.push_back(std::move(stored));
  };
  try {
    // The header of a segment that was empty when it was opened comes with its first frames.
    if (!header_) header_ = read_header_row(database_, format_, key_);
    refuse_plain(header_, key_, database_.path());
    if (ahead_ && ahead_->frame->fsn == from && from < limit) add(std::move(*ahead_));
    ahead_.reset();
    range_.reset();
    range_.bind(1, frames.empty() ? from : from + 1).bind(2, limit);
    while ((frames.empty() || frames.size() < max_frames) && range_.step()) {
      StoredFrame next = take(range_);
      const base::Frame& frame = *next.frame;
      if (!frames.empty() &&
          (bytes + frame.payload.size() > max_bytes || frame.fsn != frames.back().frame->fsn + 1)) {
        ahead_ = std::move(next);
        break;
      }
      add(std::move(next));
    }
    range_.reset();
    return frames;
  } catch (const SqliteError& error) {
    range_.reset();
    if (frames.empty()) rethrow_as_damage(error);
    return frames;
  } catch (const SegmentDamaged&) {
    range_.reset();
    // What was read before is good; the next read meets the damage first.
    if (frames.empty()) throw;
    return frames;
  } catch (const Error&) {
    range_.reset();
    throw;
  }
}

std::vector<base::FramePtr> SegmentReader::read(Fsn from, Fsn limit, std::size_t max_bytes,
                                                std::size_t max_frames) {
  std::vector<base::FramePtr> frames;
  for (StoredFrame& stored : read_stored(from, limit, max_bytes, max_frames))
    frames.push_back(std::move(stored.frame));
  return frames;
}

std::optional<StoredFrame> SegmentReader::probe_stored(Fsn fsn) noexcept {
  try {
    refuse_plain(header_, key_, database_.path());
    range_.reset();
    range_.bind(1, fsn).bind(2, fsn + 1);
    std::optional<StoredFrame> frame;
    if (range_.step()) frame = take(range_);
    range_.reset();
    return frame;
  } catch (const std::exception&) {
    range_.reset();
    return std::nullopt;
  }
}

std::shared_ptr<base::Frame> SegmentReader::probe(Fsn fsn) noexcept {
  auto stored = probe_stored(fsn);
  return stored ? std::move(stored->frame) : nullptr;
}

}  // namespace questclient::buffer
