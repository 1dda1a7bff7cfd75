// dead.db: the letters of a slot, their format and the one way to change them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "buffer/frame_store.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/sqlite.hpp"

namespace questclient::buffer {

/// Of dead.db; a file with a higher one was written by a newer release and is refused.
inline constexpr std::int64_t kDeadLetterFormat = 2;

/// A letter with what is stored beside it.
struct StoredLetter {
  std::int64_t id = 0;  ///< Grows with the time of burial.
  DeadLetter letter;    ///< While `sealed`, the reason stands in the payload, both unreadable.
  bool sealed = false;
  Fsn retry_fsn = 0;  ///< The frame that is to take it back into the slot; 0: nobody retries it.
};

struct DeadLetterTotals {
  std::uint64_t letters = 0;
  std::uint64_t bytes = 0;  ///< What counts against the quota.
};

/// Who goes through all of them reads so many at a time.
inline constexpr std::size_t kLettersPerRead = 256;

/// A connection to dead.db. One thread at a time; any number of processes.
/// Throws SqliteError, std::system_error, Error{slot_format}.
class DeadLetterFile {
 public:
  enum class Mode { read_only, read_write };

  /// `read_write` creates the file and brings an older one to today's format.
  DeadLetterFile(const SlotFolder& folder, Mode mode);

  DeadLetterTotals totals();
  /// Up to `limit` letters behind `after`, by id.
  std::vector<StoredLetter> read(std::int64_t after, std::size_t limit);
  std::optional<StoredLetter> find(const base::Uuid& stream, Fsn fsn, std::uint32_t first_row);
  bool has_marks();

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
  void make_file();
  std::int64_t prepare();
  void fold_log();
  static StoredLetter take(const Statement& row);

  const SlotFolder folder_;
  base::File lock_;
  Database database_;
  std::int64_t format_ = kDeadLetterFormat;
};

/// Whether the slot has a dead.db that may hold letters.
bool has_dead_letters(const SlotFolder& folder);

}  // namespace questclient::buffer
