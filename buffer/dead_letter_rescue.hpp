// Saves the good letters of a damaged dead.db; segments have salvage.hpp.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "buffer/dead_letter_reader.hpp"
#include "buffer/scratch_folder.hpp"
#include "buffer/slot.hpp"
#include "buffer/slot_folder.hpp"

namespace questclient::buffer {

/// Puts a new dead.db with the good letters in the place of the damaged one, which goes to quarantine/.
/// Killed at any instant it is repeated, or finished by finish_dead_letter_rescue(); a power cut takes no
/// more than a kill. REQUIRES: this process holds the slot and has no connection to dead.db. Throws
/// SqliteError, std::system_error, Error{slot_format}: then the damaged file is still in place, or a
/// repetition finishes what was begun.
SlotReport::Damage rescue_dead_letters(const SlotFolder& folder, const std::string& why);

/// After a kill: puts a finished rescue in place and reports it, throws away an unfinished one.
std::optional<SlotReport::Damage> finish_dead_letter_rescue(const SlotFolder& folder);

/// The dead letters of a slot, seen from outside; also while its producer runs. Where they are damaged: a
/// copy of the letters that a rescue saves, made with the same code. Throws SqliteError, std::system_error,
/// Error{slot_format}.
class DeadLettersOutside {
 public:
  explicit DeadLettersOutside(const SlotFolder& folder);

  /// nullptr: there are none.
  DeadLetterReader* letters() const { return letters_.get(); }
  /// Why it is a copy; empty: it is not.
  const std::string& damage() const { return damage_; }

 private:
  ScratchFolder scratch_;
  std::unique_ptr<DeadLetterReader> letters_;
  std::string damage_;
};

}  // namespace questclient::buffer
