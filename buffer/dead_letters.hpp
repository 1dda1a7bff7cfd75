#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "buffer/frame_store.hpp"
#include "buffer/slot.hpp"
#include "buffer/slot_folder.hpp"
#include "buffer/sqlite.hpp"

namespace questclient::buffer {

/// The rows of a slot that a server refused, in `dead.db`. One thread at a time.
class DeadLetters {
 public:
  explicit DeadLetters(const SlotFolder& folder) : folder_(folder) {}

  /// Durable on return. A dead.db that is proven damaged is set aside and reported in `damage`, and the
  /// letter goes into a new one. Throws SqliteError, std::system_error.
  void bury(const DeadLetter& letter, std::vector<SlotReport::Damage>& damage);

 private:
  void open();
  void insert(const DeadLetter& letter);

  const SlotFolder& folder_;
  std::optional<Database> database_;
};

/// All letters of a slot, by stream, number and row; also while its producer runs. Throws SqliteError.
std::vector<DeadLetter> read_dead_letters(const std::filesystem::path& slot);
/// How many.
std::uint64_t count_dead_letters(const std::filesystem::path& slot);

}  // namespace questclient::buffer
