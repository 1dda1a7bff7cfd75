#include "buffer/segment.hpp"

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "buffer/frame_codec.hpp"
#include "buffer/slot_folder.hpp"

namespace questclient::buffer {
namespace {

constexpr const char* kTables =
    "CREATE TABLE frames(fsn INTEGER PRIMARY KEY, rows INTEGER NOT NULL, crc INTEGER NOT NULL,"
    " created INTEGER NOT NULL, row_lengths BLOB NOT NULL, payload BLOB NOT NULL) STRICT;"
    "CREATE TABLE segment(id INTEGER PRIMARY KEY CHECK(id = 1), format INTEGER NOT NULL,"
    " stream BLOB NOT NULL, stream_first INTEGER NOT NULL, first INTEGER NOT NULL,"
    " trimmed INTEGER NOT NULL, rows_before INTEGER NOT NULL, salvaged INTEGER NOT NULL,"
    " created INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;"
    "PRAGMA user_version=1;";

std::uint32_t header_crc(const SegmentHeader& header) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.number(kSegmentFormat);
  writer.raw(header.stream.raw());
  for (const std::uint64_t number : {header.stream_first, header.first, header.trimmed, header.rows_before})
    writer.number(number);
  writer.number(static_cast<std::uint8_t>(header.salvaged));
  writer.number(header.created);
  return base::crc32c(bytes);
}

void put_header_row(Database& database, const SegmentHeader& header) {
  Statement insert(database, "INSERT OR REPLACE INTO segment VALUES(1,?,?,?,?,?,?,?,?,?)");
  insert.bind(1, kSegmentFormat)
      .bind_blob(2, header.stream.raw())
      .bind(3, header.stream_first)
      .bind(4, header.first)
      .bind(5, header.trimmed)
      .bind(6, header.rows_before)
      .bind(7, std::int64_t{header.salvaged})
      .bind(8, header.created)
      .bind(9, std::int64_t{header_crc(header)})
      .run();
}

std::optional<SegmentHeader> read_header(Database& database) {
  const std::string name = database.path().string();
  const std::int64_t format = database.number("PRAGMA user_version");
  if (format > kSegmentFormat)
    throw SqliteError(0, name + " has format " + std::to_string(format) +
                             ", written by a newer release than this one: use that release");
  Statement select(database,
                   "SELECT stream, stream_first, first, trimmed, rows_before, salvaged, created, crc"
                   " FROM segment WHERE id = 1");
  if (!select.step()) return std::nullopt;
  if (select.bytes(0).size() != 16) throw SegmentDamaged(name + ": the stream's name is not a uuid");
  SegmentHeader header;
  header.stream = base::Uuid::from_raw(select.bytes(0));
  header.stream_first = static_cast<Fsn>(select.number(1));
  header.first = static_cast<Fsn>(select.number(2));
  header.trimmed = static_cast<Fsn>(select.number(3));
  header.rows_before = static_cast<std::uint64_t>(select.number(4));
  header.salvaged = select.number(5) != 0;
  header.created = select.number(6);
  if (select.number(7) != std::int64_t{header_crc(header)})
    throw SegmentDamaged(name + ": the segment's own row fails its checksum");
  return header;
}

[[noreturn]] void rethrow_as_damage(const SqliteError& error) {
  if (error.proves_damage()) throw SegmentDamaged(error.what());
  throw error;
}

}  // namespace

void create_segment_file(const std::filesystem::path& path, const SegmentHeader* header) {
  remove_database(path);
  Database database(path, Database::Mode::create);
  database.execute("PRAGMA page_size=8192");
  database.execute("PRAGMA journal_mode=WAL");
  database.execute("PRAGMA synchronous=FULL");
  database.execute("BEGIN");
  database.execute(kTables);
  if (header != nullptr) put_header_row(database, *header);
  database.execute("COMMIT");
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  database.checkpoint_on_close();
}

SegmentWriter::SegmentWriter(const std::filesystem::path& path, bool synced)
    : database_(path, Database::Mode::read_write) {
  database_.execute(synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  database_.execute("PRAGMA cache_size=-2048");
  database_.execute("PRAGMA mmap_size=0");
  database_.execute("PRAGMA secure_delete=OFF");
  header_ = read_header(database_);
  header_written_ = header_.has_value();
  begin_ = Statement(database_, "BEGIN IMMEDIATE");
  insert_ = Statement(database_, "INSERT INTO frames VALUES(?,?,?,?,?,?)");
  commit_ = Statement(database_, "COMMIT");
}

void SegmentWriter::begin() {
  begin_.run();
}

void SegmentWriter::put_header(const SegmentHeader& header) {
  put_header_row(database_, header);
  header_ = header;
}

void SegmentWriter::put(const StoredFrame& stored) {
  const base::Frame& frame = *stored.frame;
  const std::uint32_t crc = frame_crc(stored.content_crc, frame.fsn, frame.flushed_wall_nanos);
  insert_.bind(1, frame.fsn)
      .bind(2, std::int64_t{frame.rows()})
      .bind(3, std::int64_t{crc})
      .bind(4, frame.flushed_wall_nanos)
      .bind_blob(5, stored.row_lengths)
      .bind_blob(6, frame.payload)
      .run();
}

void SegmentWriter::commit() {
  commit_.run();
  header_written_ = header_.has_value();
}

bool SegmentWriter::roll_back() noexcept {
  try {
    if (!database_.idle()) database_.execute("ROLLBACK");
    if (!header_written_) header_.reset();
    return database_.idle();
  } catch (const SqliteError&) {
    return false;
  }
}

void SegmentWriter::put_trimmed(Fsn trimmed) {
  SegmentHeader changed = *header_;
  changed.trimmed = trimmed;
  put_header_row(database_, changed);
  header_ = changed;
}

std::uint64_t SegmentWriter::bytes() const {
  return size_or_zero(database_.path()) + size_or_zero(with_suffix(database_.path(), "-wal"));
}

void SegmentWriter::close_complete() {
  begin_ = Statement();
  insert_ = Statement();
  commit_ = Statement();
  database_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  database_.checkpoint_on_close();
  database_.close();
}

SegmentReader::SegmentReader(const std::filesystem::path& path) {
  open(path);
  try {
    header_ = read_header(database_);
  } catch (const SqliteError& error) {
    rethrow_as_damage(error);
  }
}

SegmentReader::SegmentReader(const std::filesystem::path& path, const SegmentHeader& fallback) {
  open(path);
  try {
    header_ = read_header(database_);
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
    database_ = Database(path, Database::Mode::read_only);
    database_.execute("PRAGMA cache_size=-256");
    database_.execute("PRAGMA mmap_size=0");
    database_.execute("PRAGMA cell_size_check=ON");
    range_ = Statement(database_,
                       "SELECT fsn, rows, crc, created, row_lengths, payload FROM frames"
                       " WHERE fsn >= ? AND fsn < ? ORDER BY fsn");
  } catch (const SqliteError& error) {
    rethrow_as_damage(error);
  }
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

std::shared_ptr<base::Frame> SegmentReader::take(const Statement& row) const {
  auto frame = std::make_shared<base::Frame>();
  frame->fsn = static_cast<Fsn>(row.number(0));
  frame->flushed_wall_nanos = row.number(3);
  const std::string_view lengths = row.bytes(4);
  const std::string_view payload = row.bytes(5);
  const std::uint32_t crc = frame_crc(content_crc(payload, lengths), frame->fsn, frame->flushed_wall_nanos);
  auto decoded = decode_row_lengths(lengths);
  std::uint64_t total = 0;
  if (decoded)
    for (const std::uint32_t length : *decoded) total += length;
  if (row.number(2) != std::int64_t{crc} || !decoded || total != payload.size() ||
      row.number(1) != static_cast<std::int64_t>(decoded->size()))
    throw SegmentDamaged(database_.path().string() + ": frame " + std::to_string(frame->fsn) +
                         " fails its checksum");
  if (!header_)
    throw SegmentDamaged(database_.path().string() + " holds frames but not the name of their stream");
  frame->stream = header_->stream;
  frame->stream_first = header_->stream_first;
  frame->payload = payload;
  frame->row_lengths = std::move(*decoded);
  return frame;
}

std::vector<base::FramePtr> SegmentReader::read(Fsn from, Fsn limit, std::size_t max_bytes,
                                                std::size_t max_frames) {
  std::vector<base::FramePtr> frames;
  std::size_t bytes = 0;
  try {
    // The header of a segment that was empty when it was opened comes with its first frames.
    if (!header_) header_ = read_header(database_);
    range_.reset();
    range_.bind(1, from).bind(2, limit);
    while ((frames.empty() || frames.size() < max_frames) && range_.step()) {
      const std::size_t size = range_.bytes(5).size();
      const auto fsn = static_cast<Fsn>(range_.number(0));
      if (!frames.empty() && (bytes + size > max_bytes || fsn != frames.back()->fsn + 1)) break;
      frames.push_back(take(range_));
      bytes += size;
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
  }
}

std::shared_ptr<base::Frame> SegmentReader::probe(Fsn fsn) noexcept {
  try {
    range_.reset();
    range_.bind(1, fsn).bind(2, fsn + 1);
    std::shared_ptr<base::Frame> frame = range_.step() ? take(range_) : nullptr;
    range_.reset();
    return frame;
  } catch (const std::exception&) {
    range_.reset();
    return nullptr;
  }
}

}  // namespace questclient::buffer
