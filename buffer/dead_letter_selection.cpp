#include "buffer/dead_letter_selection.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <questclient/error.hpp>

namespace questclient::buffer {
namespace {

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size();
}

std::int64_t id_of(DeadLetterReader* letters, const std::string& key) {
  DeadLetter wanted;
  const std::size_t last = key.rfind(':');
  const std::size_t middle = last == std::string::npos || last == 0 ? last : key.rfind(':', last - 1);
  const auto stream =
      middle == std::string::npos ? std::nullopt : base::Uuid::parse(std::string_view(key).substr(0, middle));
  if (!stream || !parse_number(std::string_view(key).substr(middle + 1, last - middle - 1), wanted.fsn) ||
      !parse_number(std::string_view(key).substr(last + 1), wanted.first_row))
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "\"" + key +
                    "\" is no key of a dead letter: it looks like <stream>:<frame>:<row>, as the list of "
                    "dead letters shows it.");
  const auto found = letters == nullptr ? std::nullopt : letters->find(*stream, wanted.fsn, wanted.first_row);
  if (!found) throw_no_letter(key);
  return found->id;
}

/// Each once.
std::vector<std::int64_t> ids_of(DeadLetterReader* letters, const std::vector<std::string>& keys) {
  std::vector<std::int64_t> ids;
  for (const std::string& key : keys) {
    const std::int64_t id = id_of(letters, key);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

}  // namespace

std::string key_of(const DeadLetter& letter) {
  return letter.stream.to_string() + ":" + std::to_string(letter.fsn) + ":" +
         std::to_string(letter.first_row);
}

void throw_no_letter(const std::string& key) {
  throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
              "There is no dead letter " + key + ": list the dead letters to see their keys.");
}

void throw_letters_damaged(const std::filesystem::path& slot, const std::string& what) {
  throw Error(ErrorCode::slot_damaged, Disposition::fix_and_resend,
              "The dead letters of " + slot.string() + " are damaged: " + what +
                  ". A sender or a retry that opens the slot keeps the good ones and sets the damaged file "
                  "aside; keep that file, and check the disk.");
}

void for_each_selected(DeadLetterReader* letters, const DeadLetterSelection& which,
                       const std::function<void(const StoredLetter&)>& work) {
  const auto selected = [&](const StoredLetter& stored) {
    return which.before_wall_nanos == 0 || stored.letter.wall_nanos < which.before_wall_nanos;
  };
  if (!which.keys.empty()) {
    for (const std::int64_t id : ids_of(letters, which.keys))
      // Somebody else may have dropped it meanwhile.
      if (const auto stored = letters->find(id); stored && selected(*stored)) work(*stored);
    return;
  }
  if (letters == nullptr) return;
  letters->for_each([&](const StoredLetter& stored) {
    if (selected(stored)) work(stored);
  });
}

}  // namespace questclient::buffer
