#include "buffer/dead_letters.hpp"

#include <utility>

#include <questclient/error.hpp>

#include "base/bytes.hpp"
#include "buffer/cipher.hpp"
#include "buffer/dead_letter_rescue.hpp"

namespace questclient::buffer {
namespace {

// A sealed letter belongs to its key: it cannot be passed off as another one.
std::string associated_with(const DeadLetter& letter) {
  std::string bytes = "dead letter";
  base::ByteWriter writer(bytes);
  writer.raw(letter.stream.raw());
  writer.number(letter.fsn);
  writer.number(letter.first_row);
  writer.number(letter.rows);
  return bytes;
}

}  // namespace

// The server's words quote values of the row, so they are hidden with it.
StoredLetter sealed_letter(const DeadLetter& letter, const std::string& key) {
  StoredLetter stored;
  stored.letter = letter;
  if (key.empty()) return stored;
  std::string plain;
  base::ByteWriter writer(plain);
  writer.text(letter.reason);
  writer.raw(letter.payload);
  stored.letter.reason.clear();
  stored.letter.payload = seal(key, associated_with(letter), plain);
  stored.sealed = true;
  return stored;
}

DeadLetter opened_letter(const StoredLetter& stored, const std::string& key) {
  DeadLetter letter = stored.letter;
  if (!stored.sealed) return letter;
  const auto plain =
      key.empty() ? std::nullopt : open_sealed(key, associated_with(letter), stored.letter.payload);
  if (!plain)
    throw Error(ErrorCode::slot_key, Disposition::fix_and_resend,
                "The dead letter of frame " + std::to_string(letter.fsn) + ", row " +
                    std::to_string(letter.first_row) + ", is encrypted and " +
                    (key.empty() ? "no key was given" : "the key does not open it") +
                    ": give the key that the sender had (sf_key).");
  base::ByteReader reader(*plain);
  letter.reason = reader.text();
  letter.payload = reader.rest();
  return letter;
}

void DeadLetters::open() {
  if (!file_) file_.emplace(folder_, DeadLetterFile::Older::upgrade);
}

void DeadLetters::repairing(std::vector<SlotReport::Damage>& damage, const std::function<void()>& work) {
  try {
    work();
  } catch (const DeadLettersDamaged& damaged) {
    file_.reset();
    damage.push_back(rescue_dead_letters(folder_, damaged.what()));
    work();
  } catch (const SqliteError&) {
    // The connection may be of no more use: SQLite opens for reading what it may not open for writing now.
    file_.reset();
    throw;
  }
}

void DeadLetters::note(const DeadLetterTotals& totals) noexcept {
  count_.store(totals.letters, std::memory_order_relaxed);
  bytes_.store(totals.bytes, std::memory_order_relaxed);
}

void DeadLetters::recover(Fsn end, std::vector<SlotReport::Damage>& damage) {
  if (auto finished = finish_dead_letter_rescue(folder_)) damage.push_back(std::move(*finished));
  if (!has_dead_letters(folder_)) return;
  repairing(damage, [&] {
    bool marked = false;
    {
      DeadLetterReader looked_at(folder_.dead());
      marked = looked_at.has_marks();
      note(looked_at.totals());
    }
    if (!marked) return;
    open();
    file_->change([&] { file_->resolve_marks(end); });
    note(file_->totals());
  });
}

void DeadLetters::insert(const DeadLetter& letter) {
  const StoredLetter stored = sealed_letter(letter, key_);
  DeadLetterTotals after;
  file_->change([&] {
    const DeadLetterTotals before = file_->totals();
    file_->put(stored);
    after = file_->totals();
    note(before);
    // A letter that replaces its own earlier copy is never refused.
    if (after.bytes > max_bytes_ && after.bytes > before.bytes)
      throw Error(ErrorCode::dead_letters_full, Disposition::retrying,
                  "The dead letters of " + folder_.path().string() + " take " + std::to_string(before.bytes) +
                      " bytes, the next one does not fit into their quota of " + std::to_string(max_bytes_) +
                      ": sending holds, nothing is lost. Export letters and drop them (questclient slot dead "
                      "export, dead drop), or raise sf_max_dead_letter_bytes.");
  });
  note(after);
}

void DeadLetters::bury(const DeadLetter& letter, std::vector<SlotReport::Damage>& damage) {
  repairing(damage, [&] {
    open();
    insert(letter);
  });
}

void DeadLetters::refresh() noexcept {
  try {
    if (file_)
      note(file_->totals());
    else if (has_dead_letters(folder_))
      note(DeadLetterReader(folder_.dead()).totals());
  } catch (const std::exception&) {
    // The next bury meets what is wrong and reports it.
  }
}

std::vector<DeadLetter> read_dead_letters(const std::filesystem::path& slot, const std::string& key) {
  std::vector<DeadLetter> letters;
  const SlotFolder folder(slot);
  if (!has_dead_letters(folder)) return letters;
  DeadLetterReader(dead_letter_database(folder)).for_each([&](const StoredLetter& stored) {
    letters.push_back(opened_letter(stored, key));
  });
  return letters;
}

DeadLetterTotals count_dead_letters(const std::filesystem::path& slot) {
  const SlotFolder folder(slot);
  if (!has_dead_letters(folder)) return {};
  return DeadLetterReader(dead_letter_database(folder)).totals();
}

}  // namespace questclient::buffer
