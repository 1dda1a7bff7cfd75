#include "buffer/dead_letter_file.hpp"

#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>

#include "buffer/slot_lock.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

// What a letter costs: its texts, and about what its row and its key take beside them.
#define QUESTCLIENT_LETTER_BYTES(row) \
  "(length(" row "payload) + length(CAST(" row "reason AS BLOB)) + length(CAST(" row "host AS BLOB)) + 96)"

// The default of `crc` fits no letter: what has none counts as damaged.
constexpr const char* kLetters =
    "CREATE TABLE letters(stream BLOB NOT NULL, fsn INTEGER NOT NULL, first_row INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL, host TEXT NOT NULL,"
    " time INTEGER NOT NULL, sealed INTEGER NOT NULL DEFAULT 0, retry_fsn INTEGER NOT NULL DEFAULT 0,"
    " crc INTEGER NOT NULL DEFAULT -1, PRIMARY KEY(stream, fsn, first_row)) STRICT;";
constexpr const char* kFromFormat1 =
    "ALTER TABLE letters ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE letters ADD COLUMN retry_fsn INTEGER NOT NULL DEFAULT 0;";
constexpr const char* kFromFormat2 = "ALTER TABLE letters ADD COLUMN crc INTEGER NOT NULL DEFAULT -1;";
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
    "CREATE INDEX retried ON letters(retry_fsn) WHERE retry_fsn > 0;";
#undef QUESTCLIENT_LETTER_BYTES
constexpr const char* kFormat = "PRAGMA user_version=3;";

constexpr std::uint64_t kMaxLogBytes = 16 << 20;
constexpr int kLockAttempts = 1000;

void set_mark(Database& database, StoredLetter stored, Fsn retry_fsn) {
  stored.retry_fsn = retry_fsn;
  Statement(database, "UPDATE letters SET retry_fsn = ?, crc = ? WHERE rowid = ?")
      .bind(1, retry_fsn)
      .bind(2, std::int64_t{letter_crc(stored)})
      .bind(3, stored.id)
      .run();
}

}  // namespace

fs::path rescued_dead_letters(const SlotFolder& folder) {
  return folder.path() / "rescued-dead.db";
}

fs::path dead_letter_database(const SlotFolder& folder) {
  std::error_code unknown;
  const fs::path saved = rescued_dead_letters(folder);
  return fs::exists(saved, unknown) ? saved : folder.dead();
}

bool has_dead_letters(const SlotFolder& folder) {
  const fs::path database = dead_letter_database(folder);
  return size_or_zero(database) != 0 || size_or_zero(with_suffix(database, "-wal")) != 0;
}

void create_dead_letters(const fs::path& path, const std::function<void(Database&)>& fill) {
  create_database(path, kDeadLetterPageBytes, [&](Database& database) {
    database.execute(kLetters);
    database.execute(kTotals);
    database.execute(kFormat);
    fill(database);
  });
}

void put_letter(Database& database, const StoredLetter& stored) {
  const DeadLetter& letter = stored.letter;
  Statement insert(database,
                   "INSERT INTO letters VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(stream, fsn, first_row)"
                   " DO UPDATE SET rows = excluded.rows, payload = excluded.payload,"
                   " reason = excluded.reason, host = excluded.host, time = excluded.time,"
                   " sealed = excluded.sealed, retry_fsn = excluded.retry_fsn, crc = excluded.crc");
  insert.bind_blob(1, letter.stream.raw())
      .bind(2, letter.fsn)
      .bind(3, std::int64_t{letter.first_row})
      .bind(4, std::int64_t{letter.rows})
      .bind_blob(5, letter.payload)
      .bind_text(6, letter.reason)
      .bind_text(7, letter.host)
      .bind(8, letter.wall_nanos)
      .bind(9, std::int64_t{stored.sealed})
      .bind(10, stored.retry_fsn)
      .bind(11, std::int64_t{letter_crc(stored)})
      .run();
}

DeadLetterTurn::DeadLetterTurn(const base::File& lock) : lock_(lock) {
  if (!lock_patiently(lock_, kLockAttempts))
    base::throw_errno("another process has been changing the dead letters for 5 s; cannot lock",
                      lock_.path());
}

DeadLetterTurn::~DeadLetterTurn() {
  ::flock(lock_.descriptor(), LOCK_UN);
}

base::File DeadLetterTurn::lock_of(const SlotFolder& folder) {
  return base::File(folder.path() / "dead.lock", O_RDWR | O_CREAT);
}

DeadLetterFile::DeadLetterFile(const SlotFolder& folder, Older older)
    : folder_(folder), lock_(DeadLetterTurn::lock_of(folder)) {
  const DeadLetterTurn turn(lock_);
  if (!has_dead_letters(folder_)) {
    // Complete before it gets its name: a power cut leaves it or nothing.
    const fs::path made = folder_.path() / "dead-next.db";
    remove_database(made);
    create_dead_letters(made, [](Database&) {});
    if (::rename(made.c_str(), folder_.dead().c_str()) != 0) base::throw_errno("cannot rename", made);
  }
  require_whole_dead_letters(folder_.dead());
  open();
  proving_damage([&] {
    if (older == Older::upgrade && format() < kDeadLetterFormat) upgrade();
    fold_log();
  });
  // The log may be new.
  folder_.sync();
}

void DeadLetterFile::open() {
  connect(folder_.dead(), Database::Mode::read_write);
  proving_damage([&] {
    database().execute("PRAGMA journal_mode=WAL");
    database().execute("PRAGMA synchronous=FULL");
  });
}

void DeadLetterFile::upgrade() {
  database().execute("BEGIN IMMEDIATE");
  if (format() == 0) {
    database().execute(kLetters);
  } else {
    if (format() == 1) database().execute(kFromFormat1);
    database().execute(kFromFormat2);
    add_checksums();
  }
  if (format() <= 1) database().execute(kTotals);
  database().execute(kFormat);
  database().execute("COMMIT");
  set_format(kDeadLetterFormat);
}

void DeadLetterFile::add_checksums() {
  for_each([this](const StoredLetter& stored) { set_mark(database(), stored, stored.retry_fsn); });
}

// SQLite copies whatever the log holds. What is folded in must not stay in the log: should that be damaged
// one day, its older pages would hide what the .db has. A new connection begins a new log, not a recycled
// one. Hardly waits for a reader; what is left is folded in another time.
void DeadLetterFile::fold_log() {
  if (size_or_zero(with_suffix(folder_.dead(), "-wal")) == 0) return;
  require_whole_dead_letters(folder_.dead());
  database().execute("PRAGMA busy_timeout=100");
  database().execute("PRAGMA wal_checkpoint(TRUNCATE)");
  open();
}

void DeadLetterFile::change(const std::function<void()>& work) {
  const DeadLetterTurn turn(lock_);
  proving_damage([&] {
    database().execute("BEGIN IMMEDIATE");
    try {
      work();
      database().execute("COMMIT");
    } catch (...) {
      try {
        if (!database().idle()) database().execute("ROLLBACK");
      } catch (const SqliteError&) {
        // SQLite rolls back when the connection is closed.
      }
      throw;
    }
    if (size_or_zero(with_suffix(folder_.dead(), "-wal")) > kMaxLogBytes) fold_log();
  });
}

void DeadLetterFile::put(const StoredLetter& stored) {
  put_letter(database(), stored);
}

void DeadLetterFile::remove(std::int64_t id) {
  Statement(database(), "DELETE FROM letters WHERE rowid = ?").bind(1, id).run();
}

std::uint64_t DeadLetterFile::remove_before(std::int64_t wall_nanos) {
  const std::int64_t limit = wall_nanos == 0 ? INT64_MAX : wall_nanos;
  const std::uint64_t before = totals().letters;
  Statement(database(), "DELETE FROM letters WHERE time < ?").bind(1, limit).run();
  return before - totals().letters;
}

void DeadLetterFile::mark(std::int64_t id, Fsn retry_fsn) {
  if (const auto stored = find(id)) set_mark(database(), *stored, retry_fsn);
}

// Each is checked before it goes: a wrong mark must not remove a letter.
void DeadLetterFile::resolve_marks(Fsn end) {
  Statement marked(database(), "SELECT rowid FROM letters WHERE retry_fsn > 0 LIMIT 1");
  while (marked.step()) {
    const auto stored = find(marked.number(0));
    marked.reset();
    if (!stored)
      throw DeadLettersDamaged(folder_.dead().string() + ": a letter that is retried is not there");
    if (stored->retry_fsn < end)
      remove(stored->id);
    else
      set_mark(database(), *stored, 0);
  }
}

}  // namespace questclient::buffer
