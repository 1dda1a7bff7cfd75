// Which dead letters a command line speaks of, and what they have in common.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <questclient/slot.hpp>

#include "cli/arguments.hpp"

namespace questclient::tool {

/// What is wrong with the row, without the server's preamble and the number of the line, which differs from
/// request to request.
std::string kind_of_reason(std::string_view reason);

/// The table that the first row of ILP goes to, without its escapes.
std::string table_of(std::string_view rows);

/// Of --older-than, --reason, --host, --table and KEY. Everything that is given must hold.
class LetterChoice {
 public:
  static void declare(cli::Command& command);
  /// Throws cli::UsageError.
  explicit LetterChoice(const cli::ParsedArguments& arguments);

  /// Something is given.
  bool narrows() const;
  /// As read_dead_letters(). Throws also Error{slot_key}: what a letter says must be known, and is encrypted.
  std::uint64_t read(const std::filesystem::path& slot, const std::string& key,
                     const std::function<void(const DeadLetterInfo&)>& take) const;

  struct Chosen {
    std::uint64_t letters = 0;
    /// REQUIRES: there are letters. Without keys it stands for all that are old enough.
    DeadLetterSelection which;
  };
  /// For functions that change letters.
  Chosen choose(const std::filesystem::path& slot, const std::string& key) const;

 private:
  bool asks_for_text() const { return !reason_.empty() || !host_.empty() || !table_.empty(); }
  bool fits(const DeadLetterInfo& letter) const;

  DeadLetterSelection which_;
  std::string reason_, host_, table_;
};

/// Throws Error{slot_key}: the letter is encrypted and no key was given.
void require_readable(const DeadLetterInfo& letter);

}  // namespace questclient::tool
