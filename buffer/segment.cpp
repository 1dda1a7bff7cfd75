#include "buffer/segment.hpp"

#include "base/bytes.hpp"
#include "buffer/cipher.hpp"
#include "buffer/frame_codec.hpp"
#include "buffer/segment_row.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/wal_vfs.hpp"

namespace questclient::buffer {

void create_segment_file(const std::filesystem::path& path, const SegmentHeader* header,
                         std::string_view key) {
  remove_database(path);
  create_database(path, kPageBytes, [&](Database& database) {
    create_tables(database);
    if (header != nullptr) put_header_row(database, *header, key);
  });
}

SegmentWriter::SegmentWriter(const std::filesystem::path& path, bool synced, std::string_view key)
    : database_(path, Database::Mode::read_write), key_(key) {
  // SQLite syncs nothing then, not even a log's header in front of its first frame: who syncs the log syncs
  // it.
  database_.execute(synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
  database_.execute("PRAGMA cache_size=-2048");
  database_.execute("PRAGMA mmap_size=0");
  database_.execute("PRAGMA secure_delete=OFF");
  header_ = read_header_row(database_, read_format(database_), key_);
  committed_header_ = header_;
  begin_ = Statement(database_, "BEGIN IMMEDIATE");
  insert_ = Statement(database_, "INSERT INTO frames VALUES(?,?,?,?,?,?,?)");
  commit_ = Statement(database_, "COMMIT");
  database_bytes_ = size_or_zero(path);
}

void SegmentWriter::begin() {
  begin_.run();
}

void SegmentWriter::put_header(const SegmentHeader& header) {
  put_header_row(database_, header, key_);
  header_ = header;
  if (database_.idle()) committed_header_ = header_;
}

void SegmentWriter::put(const StoredFrame& stored) {
  const base::Frame& frame = *stored.frame;
  insert_.bind(1, frame.fsn).bind(2, std::int64_t{frame.rows()}).bind(4, frame.flushed_wall_nanos);
  std::optional<std::string> position = stored.position;
  if (key_.empty()) {
    insert_
        .bind(3, std::int64_t{frame_crc(stored.content_crc, frame.fsn, frame.flushed_wall_nanos, position)})
        .bind_blob(5, stored.row_lengths)
        .bind_blob(6, frame.payload);
    position ? insert_.bind_blob(7, *position) : insert_.bind_null(7);
    insert_.run();
    return;
  }
  std::string plain;
  plain.reserve(stored.row_lengths.size() + frame.payload.size() + 4);
  base::ByteWriter writer(plain);
  writer.text(stored.row_lengths);
  writer.raw(frame.payload);
  const std::string sealed =
      seal(key_, frame_association(frame.stream, frame.fsn, frame.flushed_wall_nanos, frame.rows()), plain);
  if (position) position = seal(key_, position_association(frame.stream, frame.fsn), *position);
  insert_
      .bind(3,
            std::int64_t{frame_crc(content_crc(sealed, ""), frame.fsn, frame.flushed_wall_nanos, position)})
      .bind_blob(5, "")
      .bind_blob(6, sealed);
  position ? insert_.bind_blob(7, *position) : insert_.bind_null(7);
  insert_.run();
}

void SegmentWriter::commit() {
  commit_.run();
  committed_header_ = header_;
}

bool SegmentWriter::roll_back() noexcept {
  try {
    if (!database_.idle()) database_.execute("ROLLBACK");
    header_ = committed_header_;
    return database_.idle();
  } catch (const SqliteError&) {
    return false;
  }
}

void SegmentWriter::put_trimmed(Fsn trimmed) {
  SegmentHeader changed = *header_;
  changed.trimmed = trimmed;
  put_header(changed);
}

void SegmentWriter::put_position(std::string_view position, Fsn position_end) {
  SegmentHeader changed = *header_;
  changed.position = position;
  changed.position_end = position_end;
  put_header(changed);
}

std::uint64_t SegmentWriter::bytes() const {
  return database_bytes_ + log_bytes(database_.handle());
}

void SegmentWriter::close_complete() {
  begin_ = Statement();
  insert_ = Statement();
  commit_ = Statement();
  database_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  database_.checkpoint_on_close();
  database_.close();
}

}  // namespace questclient::buffer
