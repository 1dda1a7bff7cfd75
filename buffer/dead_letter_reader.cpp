#include "buffer/dead_letter_reader.hpp"

#include <questclient/error.hpp>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "buffer/readable.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

constexpr int kLogChecks = 3;

/// The columns that a format lacks stand as what they would be.
const char* columns_of(std::int64_t format) {
  if (format == 1)
    return "SELECT rowid, stream, fsn, first_row, rows, payload, reason, host, time, 0, 0, 0 FROM letters ";
  if (format == 2)
    return "SELECT rowid, stream, fsn, first_row, rows, payload, reason, host, time, sealed, retry_fsn, 0"
           " FROM letters ";
  return "SELECT rowid, stream, fsn, first_row, rows, payload, reason, host, time, sealed, retry_fsn, crc"
         " FROM letters ";
}

const char* totals_of(std::int64_t format) {
  if (format > 1) return "SELECT letters, bytes FROM totals";
  return "SELECT count(*), coalesce(sum(length(payload) + length(CAST(reason AS BLOB)) +"
         " length(CAST(host AS BLOB)) + 96), 0) FROM letters";
}

}  // namespace

std::uint32_t letter_crc(const StoredLetter& stored) {
  const DeadLetter& letter = stored.letter;
  std::string bytes;
  base::ByteWriter writer(bytes);
  writer.raw(letter.stream.raw());
  writer.number(letter.fsn);
  writer.number(letter.first_row);
  writer.number(letter.rows);
  writer.number(letter.wall_nanos);
  writer.number(static_cast<std::uint8_t>(stored.sealed));
  writer.number(stored.retry_fsn);
  writer.text(letter.reason);
  writer.text(letter.host);
  return base::crc32c(letter.payload, base::crc32c(bytes));
}

// Only what is wrong each time is damage: others may write to the log, or fold it in.
void require_whole_dead_letters(const std::filesystem::path& database) {
  const std::filesystem::path log = with_suffix(database, "-wal");
  const std::uint64_t size = size_or_zero(database);
  // SQLite would delete the log beside an empty database, and with it the letters.
  if (size < kDeadLetterPageBytes && (size != 0 || size_or_zero(log) != 0))
    throw DeadLettersDamaged(database.string() + " is cut off at " + std::to_string(size) + " bytes");
  for (int check = 1; check <= kLogChecks; ++check) {
    try {
      const std::uint64_t pages = size_or_zero(database) / kDeadLetterPageBytes;
      if (!hides_commits(log, {kDeadLetterPageBytes, pages})) return;
    } catch (const std::runtime_error&) {
      if (check == kLogChecks) throw;
    }
  }
  throw DeadLettersDamaged(database.string() + ": its log breaks off before its last commit");
}

DeadLetterReader::DeadLetterReader(const std::filesystem::path& database, Log log) {
  if (log == Log::must_be_whole) require_whole_dead_letters(database);
  connect(database, Database::Mode::read_only);
}

void DeadLetterReader::connect(const std::filesystem::path& database, Database::Mode mode) {
  proving_damage([&] {
    database_ = mode == Database::Mode::read_only ? open_readable(database) : Database(database, mode);
    database_.execute("PRAGMA cell_size_check=ON");
    format_ = read_format();
  });
}

// 0: it has no tables yet.
std::int64_t DeadLetterReader::read_format() {
  const std::int64_t format = database_.number("PRAGMA user_version");
  if (format > kDeadLetterFormat)
    throw Error(ErrorCode::slot_format, Disposition::fix_and_resend,
                database_.path().string() + " has format " + std::to_string(format) +
                    ", written by a newer release than this one, which knows " +
                    std::to_string(kDeadLetterFormat) + ": use that release.");
  if (format <= 0 && database_.number("SELECT count(*) FROM sqlite_schema") != 0)
    throw DeadLettersDamaged(database_.path().string() + " has tables, but no format");
  return format;
}

DeadLetterTotals DeadLetterReader::totals() {
  if (format_ == 0) return {};
  return proving_damage([&]() -> DeadLetterTotals {
    Statement select(database_, totals_of(format_));
    if (!select.step())
      throw DeadLettersDamaged(database_.path().string() + " does not tell how many it has");
    return {static_cast<std::uint64_t>(select.number(0)), static_cast<std::uint64_t>(select.number(1))};
  });
}

std::string DeadLetterReader::select(const char* where) const {
  return std::string(columns_of(format_)) + where;
}

StoredLetter DeadLetterReader::take(const Statement& row) const {
  StoredLetter stored;
  stored.id = row.number(0);
  DeadLetter& letter = stored.letter;
  if (row.bytes(1).size() == 16) letter.stream = base::Uuid::from_raw(row.bytes(1));
  letter.fsn = static_cast<Fsn>(row.number(2));
  letter.first_row = static_cast<std::uint32_t>(row.number(3));
  letter.rows = static_cast<std::uint32_t>(row.number(4));
  letter.payload = row.bytes(5);
  letter.reason = row.bytes(6);
  letter.host = row.bytes(7);
  letter.wall_nanos = row.number(8);
  stored.sealed = row.number(9) != 0;
  stored.retry_fsn = static_cast<Fsn>(row.number(10));
  if (format_ >= 3 && row.number(11) != std::int64_t{letter_crc(stored)})
    throw DeadLettersDamaged(database_.path().string() + ": the dead letter of frame " +
                             std::to_string(letter.fsn) + ", row " + std::to_string(letter.first_row) +
                             ", fails its checksum");
  return stored;
}

std::vector<StoredLetter> DeadLetterReader::read(std::int64_t after, std::size_t limit) {
  std::vector<StoredLetter> letters;
  if (format_ == 0) return letters;
  try {
    proving_damage([&] {
      const std::string sql = select("WHERE rowid > ? ORDER BY rowid LIMIT ?");
      Statement behind(database_, sql.c_str());
      behind.bind(1, after).bind(2, static_cast<std::uint64_t>(limit));
      while (behind.step()) letters.push_back(take(behind));
    });
  } catch (const DeadLettersDamaged&) {
    if (letters.empty()) throw;
  }
  return letters;
}

std::optional<StoredLetter> DeadLetterReader::take_one(Statement& select) const {
  if (!select.step()) return std::nullopt;
  return take(select);
}

std::optional<StoredLetter> DeadLetterReader::find(const base::Uuid& stream, Fsn fsn,
                                                   std::uint32_t first_row) {
  if (format_ == 0) return std::nullopt;
  return proving_damage([&] {
    const std::string sql = select("WHERE stream = ? AND fsn = ? AND first_row = ?");
    Statement by_key(database_, sql.c_str());
    by_key.bind_blob(1, stream.raw()).bind(2, fsn).bind(3, std::int64_t{first_row});
    return take_one(by_key);
  });
}

std::optional<StoredLetter> DeadLetterReader::find(std::int64_t id) {
  if (format_ == 0) return std::nullopt;
  return proving_damage([&] {
    const std::string sql = select("WHERE rowid = ?");
    Statement by_id(database_, sql.c_str());
    by_id.bind(1, id);
    return take_one(by_id);
  });
}

std::int64_t DeadLetterReader::highest_id() {
  if (format_ == 0) return 0;
  return proving_damage(
      [&] { return database_.number("SELECT rowid FROM letters ORDER BY rowid DESC LIMIT 1"); });
}

bool DeadLetterReader::has_marks() {
  if (format_ < 2) return false;
  return proving_damage(
      [&] { return database_.number("SELECT EXISTS(SELECT 1 FROM letters WHERE retry_fsn > 0)") != 0; });
}

void DeadLetterReader::for_each(const std::function<void(const StoredLetter&)>& take) {
  std::int64_t last = 0;
  for (auto some = read(last, kLettersPerRead); !some.empty(); some = read(last, kLettersPerRead)) {
    for (const StoredLetter& stored : some) take(stored);
    last = some.back().id;
  }
}

void DeadLetterReader::check_all() {
  if (format_ == 0) return;
  const std::string name = database_.path().string();
  proving_damage([&] {
    // One look, while others write.
    database_.execute("BEGIN");
    Statement check(database_, "PRAGMA integrity_check(1)");
    if (check.step() && check.bytes(0) != "ok")
      throw DeadLettersDamaged(name + ": " + std::string(check.bytes(0)));
    std::uint64_t letters = 0;
    for_each([&](const StoredLetter&) { ++letters; });
    if (letters != totals().letters)
      throw DeadLettersDamaged(name + " has " + std::to_string(letters) + " letters, not " +
                               std::to_string(totals().letters) + " as it says");
    check.reset();
    database_.execute("COMMIT");
  });
}

}  // namespace questclient::buffer
