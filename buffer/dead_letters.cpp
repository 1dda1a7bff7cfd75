#include "buffer/dead_letters.hpp"

namespace questclient::buffer {
namespace {

constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS letters(stream BLOB NOT NULL, fsn INTEGER NOT NULL,"
    " first_row INTEGER NOT NULL, rows INTEGER NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL,"
    " host TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY(stream, fsn, first_row)) STRICT;"
    "PRAGMA user_version=1;";

}  // namespace

void DeadLetters::open() {
  if (database_) return;
  const bool is_new = !std::filesystem::exists(folder_.dead());
  // An empty file with a log is what a cut-off leaves; SQLite would delete the log.
  if (!is_new && size_or_zero(folder_.dead()) == 0 && size_or_zero(with_suffix(folder_.dead(), "-wal")) != 0)
    folder_.set_aside(folder_.dead());
  Database database(folder_.dead(), Database::Mode::create);
  database.execute("PRAGMA journal_mode=WAL");
  database.execute("PRAGMA synchronous=FULL");
  database.execute(kTable);
  // The log is folded in once per process, here, where this is the only connection that writes.
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  if (is_new) folder_.sync();
  database_ = std::move(database);
}

void DeadLetters::insert(const DeadLetter& letter) {
  Statement statement(*database_, "INSERT OR REPLACE INTO letters VALUES(?,?,?,?,?,?,?,?)");
  statement.bind_blob(1, letter.stream.raw())
      .bind(2, letter.fsn)
      .bind(3, std::int64_t{letter.first_row})
      .bind(4, std::int64_t{letter.rows})
      .bind_blob(5, letter.payload)
      .bind_text(6, letter.reason)
      .bind_text(7, letter.host)
      .bind(8, letter.wall_nanos)
      .run();
}

void DeadLetters::bury(const DeadLetter& letter, std::vector<SlotReport::Damage>& damage) {
  try {
    open();
    insert(letter);
  } catch (const SqliteError& error) {
    database_.reset();
    if (!error.proves_damage()) throw;
    damage.push_back({folder_.set_aside(folder_.dead()).string(),
                      std::string(error.what()) + ". The dead letters in it can be read only by hand."});
    open();
    insert(letter);
  }
}

std::vector<DeadLetter> read_dead_letters(const std::filesystem::path& slot) {
  std::vector<DeadLetter> letters;
  const SlotFolder folder(slot);
  if (size_or_zero(folder.dead()) == 0) return letters;
  Database database(folder.dead(), Database::Mode::read_only);
  Statement select(database,
                   "SELECT stream, fsn, first_row, rows, payload, reason, host, time FROM letters"
                   " ORDER BY stream, fsn, first_row");
  while (select.step()) {
    DeadLetter letter;
    if (select.bytes(0).size() == 16) letter.stream = base::Uuid::from_raw(select.bytes(0));
    letter.fsn = static_cast<Fsn>(select.number(1));
    letter.first_row = static_cast<std::uint32_t>(select.number(2));
    letter.rows = static_cast<std::uint32_t>(select.number(3));
    letter.payload = select.bytes(4);
    letter.reason = select.bytes(5);
    letter.host = select.bytes(6);
    letter.wall_nanos = select.number(7);
    letters.push_back(std::move(letter));
  }
  return letters;
}

std::uint64_t count_dead_letters(const std::filesystem::path& slot) {
  const SlotFolder folder(slot);
  if (size_or_zero(folder.dead()) == 0) return 0;
  Database database(folder.dead(), Database::Mode::read_only);
  return static_cast<std::uint64_t>(database.number("SELECT count(*) FROM letters"));
}

}  // namespace questclient::buffer
