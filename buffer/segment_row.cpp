#include "buffer/segment_row.hpp"

#include <questclient/error.hpp>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "buffer/cipher.hpp"

namespace questclient::buffer {
namespace {

// Columns of later formats stand last: SQLite reads a row that lacks them as if they were NULL.
constexpr const char* kTables =
    "CREATE TABLE frames(fsn INTEGER PRIMARY KEY, rows INTEGER NOT NULL, crc INTEGER NOT NULL,"
    " created INTEGER NOT NULL, row_lengths BLOB NOT NULL, payload BLOB NOT NULL, position BLOB) STRICT;"
    "CREATE TABLE segment(id INTEGER PRIMARY KEY CHECK(id = 1), format INTEGER NOT NULL,"
    " stream BLOB NOT NULL, stream_first INTEGER NOT NULL, first INTEGER NOT NULL,"
    " trimmed INTEGER NOT NULL, rows_before INTEGER NOT NULL, salvaged INTEGER NOT NULL,"
    " created INTEGER NOT NULL, crc INTEGER NOT NULL, position BLOB, position_end INTEGER,"
    " key_check BLOB) STRICT;"
    "PRAGMA user_version=2;";

/// As it is stored.
struct StoredPosition {
  std::optional<std::string> bytes;
};

std::uint32_t header_crc(const SegmentHeader& header, std::int64_t format, const StoredPosition& position) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.number(format);
  writer.raw(header.stream.raw());
  for (const std::uint64_t number : {header.stream_first, header.first, header.trimmed, header.rows_before})
    writer.number(number);
  writer.number(static_cast<std::uint8_t>(header.salvaged));
  writer.number(header.created);
  if (format >= 2) {
    writer.number(static_cast<std::uint8_t>(position.bytes.has_value()));
    writer.text(position.bytes.value_or(""));
    writer.number(header.position_end);
    writer.text(header.key_check);
  }
  return base::crc32c(bytes);
}

std::string association(std::string_view what, const base::Uuid& stream, Fsn number) {
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.text(what);
  writer.number(std::int64_t{2});  // the format that brought encryption
  writer.raw(stream.raw());
  writer.number(number);
  return bytes;
}

std::string key_association(const SegmentHeader& header) {
  return association("key check", header.stream, header.first);
}
std::string carried_association(const SegmentHeader& header) {
  return association("carried position", header.stream, header.position_end);
}

// No checksum covers PRAGMA user_version. The row's covers the format.
bool has_row_of_a_known_format(Database& database) {
  try {
    const std::int64_t format = database.number("SELECT format FROM segment WHERE id = 1");
    return format >= 1 && format <= kSegmentFormat && read_header_row(database, format, {});
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

void create_tables(Database& database) {
  database.execute(kTables);
}

std::string frame_association(const base::Uuid& stream, Fsn fsn, std::int64_t created, std::int64_t rows) {
  std::string bytes = association("frame", stream, fsn);
  base::ByteWriter writer(bytes);
  writer.number(created);
  writer.number(rows);
  return bytes;
}

std::string position_association(const base::Uuid& stream, Fsn fsn) {
  return association("position", stream, fsn);
}

bool key_fits(const SegmentHeader& header, std::string_view key) {
  if (header.key_check.empty() || key.empty()) return header.key_check.empty() && key.empty();
  return open_sealed(key, key_association(header), header.key_check).has_value();
}

void put_header_row(Database& database, const SegmentHeader& header, std::string_view key) {
  SegmentHeader stored = header;
  StoredPosition position{header.position};
  stored.key_check.clear();
  if (!key.empty()) {
    stored.key_check = seal(key, key_association(header), "");
    if (header.position) position.bytes = seal(key, carried_association(header), *header.position);
  }
  Statement insert(database, "INSERT OR REPLACE INTO segment VALUES(1,?,?,?,?,?,?,?,?,?,?,?,?)");
  insert.bind(1, kSegmentFormat)
      .bind_blob(2, stored.stream.raw())
      .bind(3, stored.stream_first)
      .bind(4, stored.first)
      .bind(5, stored.trimmed)
      .bind(6, stored.rows_before)
      .bind(7, std::int64_t{stored.salvaged})
      .bind(8, stored.created)
      .bind(9, std::int64_t{header_crc(stored, kSegmentFormat, position)})
      .bind(11, stored.position_end);
  if (position.bytes) insert.bind_blob(10, *position.bytes);
  if (!stored.key_check.empty()) insert.bind_blob(12, stored.key_check);
  insert.run();
}

std::optional<SegmentHeader> read_header_row(Database& database, std::int64_t format, std::string_view key) {
  const std::string name = database.path().string();
  Statement select(database,
                   format >= 2
                       ? "SELECT stream, stream_first, first, trimmed, rows_before, salvaged, created, crc,"
                         " position, position_end, key_check, format FROM segment WHERE id = 1"
                       : "SELECT stream, stream_first, first, trimmed, rows_before, salvaged, created, crc,"
                         " NULL, 0, NULL, format FROM segment WHERE id = 1");
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
  StoredPosition position;
  if (!select.is_null(8)) position.bytes = std::string(select.bytes(8));
  header.position_end = static_cast<Fsn>(select.number(9));
  header.key_check = select.bytes(10);
  if (select.number(7) != std::int64_t{header_crc(header, select.number(11), position)})
    throw SegmentDamaged(name + ": the segment's own row fails its checksum");
  if (!position.bytes) return header;
  if (header.key_check.empty())
    header.position = position.bytes;
  else if (!key.empty())
    header.position = open_sealed(key, carried_association(header), *position.bytes);
  return header;
}

std::int64_t read_format(Database& database) {
  const std::int64_t format = database.number("PRAGMA user_version");
  if (format <= kSegmentFormat) return format;
  if (has_row_of_a_known_format(database))
    throw SegmentDamaged(database.path().string() + " says format " + std::to_string(format) +
                         ", its own row another one");
  throw Error(ErrorCode::slot_format, Disposition::terminal,
              database.path().string() + " has format " + std::to_string(format) +
                  ", written by a newer release than this one, which knows formats up to " +
                  std::to_string(kSegmentFormat) + ": use that release. Nothing was changed.");
}

}  // namespace questclient::buffer
