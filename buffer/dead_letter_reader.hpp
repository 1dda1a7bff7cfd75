// The letters in one dead.db, of any format, and what proves that it is damaged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "buffer/frame_store.hpp"
#include "buffer/sqlite.hpp"

namespace questclient::buffer {

/// Of dead.db; a file with a higher one was written by a newer release and is refused. 1 had neither marks
/// nor keys, 2 no checksums. New columns stand behind the others.
inline constexpr std::int64_t kDeadLetterFormat = 3;
inline constexpr std::size_t kDeadLetterPageBytes = 4096;

/// The bytes of dead.db or of its log are proven wrong.
class DeadLettersDamaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A letter with what is stored beside it.
struct StoredLetter {
  std::int64_t id = 0;  ///< Grows with the time of burial.
  DeadLetter letter;    ///< While `sealed`, the reason stands in the payload, both unreadable.
  bool sealed = false;
  Fsn retry_fsn = 0;  ///< The frame that is to take it back into the slot; 0: nobody retries it.
};

/// CRC-32C of the letter as it is stored, without its id.
std::uint32_t letter_crc(const StoredLetter& stored);

struct DeadLetterTotals {
  std::uint64_t letters = 0;
  std::uint64_t bytes = 0;  ///< What counts against the quota.
};

/// Whoever goes through all of them reads so many at a time.
inline constexpr std::size_t kLettersPerRead = 256;

/// A connection to dead.db. One thread at a time; any number of processes.
/// Throws DeadLettersDamaged, SqliteError, Error{slot_format}.
class DeadLetterReader {
 public:
  enum class Log {
    must_be_whole,  ///< Else SQLite shows less than there is.
    as_it_is        ///< For rescue.
  };

  explicit DeadLetterReader(const std::filesystem::path& database, Log log = Log::must_be_whole);

  DeadLetterTotals totals();
  /// Up to `limit` letters behind `after`, by id, each checked. Ends before a damaged one; where the first
  /// one is damaged it throws.
  std::vector<StoredLetter> read(std::int64_t after, std::size_t limit);
  /// Every letter, by id, each checked. `take` may change and remove what it was given.
  void for_each(const std::function<void(const StoredLetter&)>& take);
  std::optional<StoredLetter> find(const base::Uuid& stream, Fsn fsn, std::uint32_t first_row);
  std::optional<StoredLetter> find(std::int64_t id);
  /// 0: there is none.
  std::int64_t highest_id();
  bool has_marks();
  /// Reads everything. Throws DeadLettersDamaged when it is not as it was written.
  void check_all();

 protected:
  DeadLetterReader() = default;
  void connect(const std::filesystem::path& database, Database::Mode mode);
  Database& database() { return database_; }
  std::int64_t format() const { return format_; }
  void set_format(std::int64_t format) { format_ = format; }

 private:
  std::int64_t read_format();
  std::string select(const char* where) const;
  StoredLetter take(const Statement& row) const;
  std::optional<StoredLetter> take_one(Statement& select) const;

  Database database_;
  std::int64_t format_ = kDeadLetterFormat;
};

/// Runs `work`; what SQLite says that proves damage becomes DeadLettersDamaged.
template <class Work>
auto proving_damage(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const SqliteError& error) {
    if (error.proves_damage()) throw DeadLettersDamaged(error.what());
    throw;
  }
}

/// Throws DeadLettersDamaged when the file is cut off or its log hides commits. Also while others write.
void require_whole_dead_letters(const std::filesystem::path& database);

}  // namespace questclient::buffer
