// Which dead letters a person means.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <questclient/slot.hpp>

#include "buffer/dead_letter_reader.hpp"

namespace questclient::buffer {

/// "<stream>:<fsn>:<first row>"
std::string key_of(const DeadLetter& letter);

[[noreturn]] void throw_no_letter(const std::string& key);
[[noreturn]] void throw_letters_damaged(const std::filesystem::path& slot, const std::string& what);

/// Calls `work` once for each letter that is selected, oldest first or in the order of the keys; it may
/// change or remove the letter that it is given. All keys are looked up before: one that no letter has throws
/// Error{invalid_value}. `letters` nullptr: there are none.
void for_each_selected(DeadLetterReader* letters, const DeadLetterSelection& which,
                       const std::function<void(const StoredLetter&)>& work);

}  // namespace questclient::buffer
