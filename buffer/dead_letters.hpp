#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "buffer/dead_letter_file.hpp"
#include "buffer/slot.hpp"
#include "buffer/slot_folder.hpp"

namespace questclient::buffer {

/// The rows of a slot that a server refused, for the process that holds the slot. One thread at a time, but
/// for count() and bytes(). A dead.db that is proven damaged is rescued and reported in `damage`. Throws
/// DeadLettersDamaged (not even the rescued one can be read), SqliteError, std::system_error,
/// Error{slot_format}.
class DeadLetters {
 public:
  /// `key`: of SlotOptions; letters are stored encrypted with it. Opens nothing yet.
  explicit DeadLetters(const SlotFolder& folder,
                       std::uint64_t max_bytes = SlotOptions{}.max_dead_letter_bytes, std::string key = {})
      : folder_(folder), max_bytes_(max_bytes), key_(std::move(key)) {}

  /// Finishes a retry that a kill interrupted, and counts. To be called while the slot is opened, before its
  /// first append. `end`: what the next frame is numbered. Costs nothing that grows with the letters, but for
  /// what their log holds.
  void recover(Fsn end, std::vector<SlotReport::Damage>& damage);

  /// Durable on return. Throws also Error{dead_letters_full}: nothing was kept.
  void bury(const DeadLetter& letter, std::vector<SlotReport::Damage>& damage);

  /// Counts anew what a person with the slot tool may have changed; a failure leaves the old numbers.
  void refresh() noexcept;
  /// As of the last recover, bury or refresh. Any thread; never blocks.
  std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  void open();
  void insert(const DeadLetter& letter);
  /// Again after a rescue.
  void repairing(std::vector<SlotReport::Damage>& damage, const std::function<void()>& work);
  void note(const DeadLetterTotals& totals) noexcept;

  const SlotFolder& folder_;
  const std::uint64_t max_bytes_;
  const std::string key_;
  std::optional<DeadLetterFile> file_;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

/// The letter as it is stored: encrypted where there is a key.
StoredLetter sealed_letter(const DeadLetter& letter, const std::string& key);
/// What sealed_letter was given. Throws Error{slot_key}: another key, or none.
DeadLetter opened_letter(const StoredLetter& stored, const std::string& key);

/// All letters of a slot in the order of their burial; also while its producer runs. Throws
/// DeadLettersDamaged, SqliteError, Error{slot_format, slot_key}.
std::vector<DeadLetter> read_dead_letters(const std::filesystem::path& slot, const std::string& key = {});
/// Their number and bytes, as far as they can be told without reading them. Throws as that does.
DeadLetterTotals count_dead_letters(const std::filesystem::path& slot);

}  // namespace questclient::buffer
