#include "buffer/dead_letter_file.hpp"

#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>

#include <questclient/error.hpp>

#include "buffer/slot_lock.hpp"

namespace questclient::buffer {
namespace {

// What a letter costs: its texts, and about what its row and its key take beside them.
#define QUESTCLIENT_LETTER_BYTES(row) \
  "(length(" row "payload) + length(CAST(" row "reason AS BLOB)) + length(CAST(" row "host AS BLOB)) + 96)"

constexpr const char* kLetters =
    "CREATE TABLE letters(stream BLOB NOT NULL, fsn INTEGER NOT NULL, first_row INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL, host TEXT NOT NULL,"
    " time INTEGER NOT NULL, sealed INTEGER NOT NULL DEFAULT 0, retry_fsn INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(stream, fsn, first_row)) STRICT;";
constexpr const char* kFromFormat1 =
    "ALTER TABLE letters ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE letters ADD COLUMN retry_fsn INTEGER NOT NULL DEFAULT 0;";
// The totals are kept by triggers, so that they hold whoever changes the file.
constexpr const char* kTotals =
    "CREATE TABLE totals(id INTEGER PRIMARY KEY CHECK(id = 1), letters INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL) STRICT;"
    "INSERT INTO totals SELECT 1, count(*), coalesce(sum(" QUESTCLIENT_LETTER_BYTES("") "), 0) FROM letters;"
    "CREATE TRIGGER letter_added AFTER INSERT ON letters BEGIN"
    " UPDATE totals SET letters = letters + 1, bytes = bytes + " QUESTCLIENT_LETTER_BYTES("new.") "; END;"
    "CREATE TRIGGER letter_removed AFTER DELETE ON letters BEGIN"
    " UPDATE totals SET letters = letters - 1, bytes = bytes - " QUESTCLIENT_LETTER_BYTES("old.") "; END;"
    "CREATE TRIGGER letter_replaced AFTER UPDATE OF payload, reason, host ON letters BEGIN"
    " UPDATE totals SET bytes = bytes + " QUESTCLIENT_LETTER_BYTES("new.") " - "
    QUESTCLIENT_LETTER_BYTES("old.") "; END;"
    "CREATE INDEX retried ON letters(retry_fsn) WHERE retry_fsn > 0;"
    "PRAGMA user_version=2;";
constexpr const char* kTotalsOfFormat1 =
    "SELECT count(*), coalesce(sum(" QUESTCLIENT_LETTER_BYTES("") "), 0) FROM letters";
#undef QUESTCLIENT_LETTER_BYTES

constexpr const char* kColumns =
    "SELECT rowid, stream, fsn, first_row, rows, payload, reason, host, time, sealed, retry_fsn FROM letters";

constexpr std::uint64_t kMaxLogBytes = 16 << 20;
constexpr int kLockAttempts = 1000;

/// One writer at a time over all processes, checkpoints included: SQLite up to 3.51.2 can damage a file when
/// a commit and a checkpoint of two connections meet.
class Turn {
 public:
  explicit Turn(const base::File& file) : file_(file) {
    if (!lock_patiently(file_, kLockAttempts))
      base::throw_errno("another process has been changing the dead letters for 5 s; cannot lock",
                        file_.path());
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { ::flock(file_.descriptor(), LOCK_UN); }

 private:
  const base::File& file_;
};

}  // namespace

bool has_dead_letters(const SlotFolder& folder) {
  return size_or_zero(folder.dead()) != 0;
}

DeadLetterFile::DeadLetterFile(const SlotFolder& folder, Mode mode) : folder_(folder) {
  if (mode == Mode::read_only) {
    database_ = Database(folder_.dead(), Database::Mode::read_only);
    format_ = prepare();
    return;
  }
  lock_ = base::File(folder_.path() / "dead.lock", O_RDWR | O_CREAT);
  const Turn turn(lock_);
  if (!std::filesystem::exists(folder_.dead())) make_file();
  database_ = Database(folder_.dead(), Database::Mode::read_write);
  database_.execute("PRAGMA journal_mode=WAL");
  database_.execute("PRAGMA synchronous=FULL");
  const std::int64_t format = prepare();
  if (format < kDeadLetterFormat) {
    database_.execute("BEGIN IMMEDIATE");
    database_.execute(format == 0 ? kLetters : kFromFormat1);
    database_.execute(kTotals);
    database_.execute("COMMIT");
  }
  fold_log();
  // The log may be new.
  folder_.sync();
}

// Complete before it gets its name: a power cut leaves it or nothing.
void DeadLetterFile::make_file() {
  // A log alone belongs to a file that is not there any more.
  if (std::filesystem::exists(with_suffix(folder_.dead(), "-wal"))) folder_.set_aside(folder_.dead());
  const std::filesystem::path made = folder_.path() / "dead-next.db";
  remove_database(made);
  create_database(made, 0, [](Database& database) {
    database.execute(kLetters);
    database.execute(kTotals);
  });
  if (::rename(made.c_str(), folder_.dead().c_str()) != 0) base::throw_errno("cannot rename", made);
}

// Returns the format that the file has now; 0: it has no tables yet.
std::int64_t DeadLetterFile::prepare() {
  const std::int64_t format = database_.number("PRAGMA user_version");
  if (format > kDeadLetterFormat)
    throw Error(ErrorCode::slot_format, Disposition::fix_and_resend,
                folder_.dead().string() + " has format " + std::to_string(format) +
                    ", written by a newer release than this one, which knows " +
                    std::to_string(kDeadLetterFormat) + ": use that release.");
  return format;
}

// Never waits for a reader; what is left is folded in another time.
void DeadLetterFile::fold_log() {
  database_.execute("PRAGMA wal_checkpoint(PASSIVE)");
}

DeadLetterTotals DeadLetterFile::totals() {
  if (format_ == 0) return {};
  Statement select(database_, format_ == 1 ? kTotalsOfFormat1 : "SELECT letters, bytes FROM totals");
  if (!select.step()) return {};
  return {static_cast<std::uint64_t>(select.number(0)), static_cast<std::uint64_t>(select.number(1))};
}

StoredLetter DeadLetterFile::take(const Statement& row) {
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
  return stored;
}

std::vector<StoredLetter> DeadLetterFile::read(std::int64_t after, std::size_t limit) {
  std::vector<StoredLetter> letters;
  if (format_ == 0) return letters;
  static const std::string kToday = std::string(kColumns) + " WHERE rowid > ? ORDER BY rowid LIMIT ?";
  Statement select(database_,
                   format_ == 1
                       ? "SELECT rowid, stream, fsn, first_row, rows, payload, reason, host, time, 0, 0"
                         " FROM letters WHERE rowid > ? ORDER BY rowid LIMIT ?"
                       : kToday.c_str());
  select.bind(1, after).bind(2, static_cast<std::uint64_t>(limit));
  while (select.step()) letters.push_back(take(select));
  return letters;
}

std::optional<StoredLetter> DeadLetterFile::find(const base::Uuid& stream, Fsn fsn, std::uint32_t first_row) {
  static const std::string kByKey = std::string(kColumns) + " WHERE stream = ? AND fsn = ? AND first_row = ?";
  Statement select(database_, kByKey.c_str());
  select.bind_blob(1, stream.raw()).bind(2, fsn).bind(3, std::int64_t{first_row});
  if (!select.step()) return std::nullopt;
  return take(select);
}

bool DeadLetterFile::has_marks() {
  return format_ == kDeadLetterFormat &&
         database_.number("SELECT EXISTS(SELECT 1 FROM letters WHERE retry_fsn > 0)") != 0;
}

void DeadLetterFile::change(const std::function<void()>& work) {
  const Turn turn(lock_);
  database_.execute("BEGIN IMMEDIATE");
  try {
    work();
    database_.execute("COMMIT");
  } catch (...) {
    try {
      if (!database_.idle()) database_.execute("ROLLBACK");
    } catch (const SqliteError&) {
      // SQLite rolls back when the connection is closed.
    }
    throw;
  }
  if (size_or_zero(with_suffix(folder_.dead(), "-wal")) > kMaxLogBytes) fold_log();
}

void DeadLetterFile::put(const StoredLetter& stored) {
  const DeadLetter& letter = stored.letter;
  Statement insert(database_,
                   "INSERT INTO letters VALUES(?,?,?,?,?,?,?,?,?,0) ON CONFLICT(stream, fsn, first_row)"
                   " DO UPDATE SET rows = excluded.rows, payload = excluded.payload,"
                   " reason = excluded.reason, host = excluded.host, time = excluded.time,"
                   " sealed = excluded.sealed, retry_fsn = 0");
  insert.bind_blob(1, letter.stream.raw())
      .bind(2, letter.fsn)
      .bind(3, std::int64_t{letter.first_row})
      .bind(4, std::int64_t{letter.rows})
      .bind_blob(5, letter.payload)
      .bind_text(6, letter.reason)
      .bind_text(7, letter.host)
      .bind(8, letter.wall_nanos)
      .bind(9, std::int64_t{stored.sealed})
      .run();
}

void DeadLetterFile::remove(std::int64_t id) {
  Statement(database_, "DELETE FROM letters WHERE rowid = ?").bind(1, id).run();
}

std::uint64_t DeadLetterFile::remove_before(std::int64_t wall_nanos) {
  const std::int64_t limit = wall_nanos == 0 ? INT64_MAX : wall_nanos;
  const std::uint64_t before = totals().letters;
  Statement(database_, "DELETE FROM letters WHERE time < ?").bind(1, limit).run();
  return before - totals().letters;
}

void DeadLetterFile::mark(std::int64_t id, Fsn retry_fsn) {
  Statement(database_, "UPDATE letters SET retry_fsn = ? WHERE rowid = ?")
      .bind(1, retry_fsn)
      .bind(2, id)
      .run();
}

void DeadLetterFile::resolve_marks(Fsn end) {
  Statement(database_, "DELETE FROM letters WHERE retry_fsn > 0 AND retry_fsn < ?").bind(1, end).run();
  Statement(database_, "UPDATE letters SET retry_fsn = 0 WHERE retry_fsn > 0").run();
}

}  // namespace questclient::buffer
