// dead.db: how the letters of a slot are stored, and the one way to change them.
#pragma once

#include <functional>

#include "base/file.hpp"
#include "buffer/dead_letter_reader.hpp"
#include "buffer/slot_folder.hpp"

namespace questclient::buffer {

/// What was saved of a damaged dead.db, complete: from its appearance on it is dead.db.
std::filesystem::path rescued_dead_letters(const SlotFolder& folder);
/// The .db that speaks for the dead letters.
std::filesystem::path dead_letter_database(const SlotFolder& folder);
/// Whether the slot has dead letters, or had some.
bool has_dead_letters(const SlotFolder& folder);

/// Makes a complete file, as create_database does, with what `fill` puts in.
void create_dead_letters(const std::filesystem::path& path, const std::function<void(Database&)>& fill);
/// A letter with the same key is replaced.
void put_letter(Database& database, const StoredLetter& stored);

/// One writer at a time over all processes, checkpoints included: SQLite up to 3.51.2 can damage a file when
/// a commit and a checkpoint of two connections meet.
class DeadLetterTurn {
 public:
  /// Waits 5 s, then throws std::system_error.
  explicit DeadLetterTurn(const base::File& lock);
  DeadLetterTurn(const DeadLetterTurn&) = delete;
  DeadLetterTurn& operator=(const DeadLetterTurn&) = delete;
  ~DeadLetterTurn();

  static base::File lock_of(const SlotFolder& folder);

 private:
  const base::File& lock_;
};

/// A connection that may change dead.db. One thread at a time; any number of processes.
/// Throws DeadLettersDamaged, SqliteError, std::system_error, Error{slot_format}.
class DeadLetterFile : public DeadLetterReader {
 public:
  enum class Older {
    upgrade,  ///< Brings an older file to today's format. For who holds the slot: no older release writes to
              ///< it.
    leave
  };

  /// Creates the file where there is none.
  DeadLetterFile(const SlotFolder& folder, Older older);

  /// Runs `work` as one transaction that is on the disk on return. Writers of all processes come one after
  /// the other. What `work` throws rolls everything back.
  void change(const std::function<void()>& work);
  // Within change():
  void put(const StoredLetter& stored);
  void remove(std::int64_t id);
  /// Letters buried before that time; 0: all. Returns how many.
  std::uint64_t remove_before(std::int64_t wall_nanos);
  void mark(std::int64_t id, Fsn retry_fsn);
  /// Letters marked with a number below `end` are in the slot again: removed. The others lose their mark.
  void resolve_marks(Fsn end);

 private:
  void open();
  void upgrade();
  void add_checksums();
  void fold_log();

  const SlotFolder folder_;
  base::File lock_;
};

}  // namespace questclient::buffer
