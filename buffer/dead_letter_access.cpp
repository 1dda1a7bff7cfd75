// Dead letters for people: read, drop, retry.
#include <charconv>
#include <memory>

#include <questclient/error.hpp>
#include <questclient/slot.hpp>

#include "base/clock.hpp"
#include "base/kill_point.hpp"
#include "base/random.hpp"
#include "buffer/dead_letters.hpp"
#include "buffer/outside.hpp"
#include "buffer/slot.hpp"
#include "buffer/slot_lock.hpp"

namespace questclient {
namespace {

namespace fs = std::filesystem;
using buffer::DeadLetter;
using buffer::DeadLetterFile;
using buffer::SlotFolder;
using buffer::StoredLetter;

/// A frame of retried letters takes about this much, and at most so many letters.
constexpr std::size_t kFrameBytes = 256 << 10;
constexpr std::size_t kFrameLetters = 1000;

std::string key_of(const DeadLetter& letter) {
  return letter.stream.to_string() + ":" + std::to_string(letter.fsn) + ":" +
         std::to_string(letter.first_row);
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size();
}

StoredLetter find_letter(DeadLetterFile* file, const std::string& key) {
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
  auto found = file == nullptr ? std::nullopt : file->find(*stream, wanted.fsn, wanted.first_row);
  if (!found)
    throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend,
                "There is no dead letter " + key + ": list the dead letters to see their keys.");
  return std::move(*found);
}

/// Calls `work` for each letter that is selected, oldest first or in the order of the keys. `work` may change
/// the letter that it is given.
void for_each(DeadLetterFile* file, const DeadLetterSelection& which,
              const std::function<void(const StoredLetter&)>& work) {
  const auto selected = [&](const StoredLetter& stored) {
    return which.before_wall_nanos == 0 || stored.letter.wall_nanos < which.before_wall_nanos;
  };
  if (!which.keys.empty()) {
    for (const std::string& key : which.keys)
      if (const StoredLetter stored = find_letter(file, key); selected(stored)) work(stored);
    return;
  }
  if (file == nullptr) return;
  std::int64_t last = 0;
  for (;;) {
    const std::vector<StoredLetter> some = file->read(last, buffer::kLettersPerRead);
    if (some.empty()) return;
    for (const StoredLetter& stored : some)
      if (selected(stored)) work(stored);
    last = some.back().id;
  }
}

std::unique_ptr<DeadLetterFile> open_letters(const fs::path& path, DeadLetterFile::Mode mode) {
  const SlotFolder folder(path);
  if (!buffer::has_dead_letters(folder)) return nullptr;
  return std::make_unique<DeadLetterFile>(folder, mode);
}

DeadLetterInfo info_of(const StoredLetter& stored, const std::string& key) {
  DeadLetterInfo info;
  info.unreadable = stored.sealed && key.empty();
  const DeadLetter letter = info.unreadable ? stored.letter : buffer::opened_letter(stored, key);
  info.key = key_of(letter);
  info.stream = letter.stream.to_string();
  info.fsn = letter.fsn;
  info.first_row = letter.first_row;
  info.rows = letter.rows;
  info.host = letter.host;
  info.wall_nanos = letter.wall_nanos;
  info.retry_fsn = stored.retry_fsn;
  if (info.unreadable) return info;
  info.reason = letter.reason;
  info.payload = letter.payload;
  return info;
}

/// Letters that go into one frame.
struct RetryBatch {
  std::vector<std::int64_t> ids;
  std::string payload;
  std::vector<std::uint32_t> row_lengths;
};

/// False: where the letter's rows end cannot be told without parsing them.
bool add_rows(const DeadLetter& letter, RetryBatch& batch) {
  std::vector<std::uint32_t> lengths;
  if (letter.rows == 1) {
    lengths.push_back(static_cast<std::uint32_t>(letter.payload.size()));
  } else {
    for (std::size_t at = 0; at < letter.payload.size();) {
      const std::size_t end = letter.payload.find('\n', at);
      if (end == std::string::npos) return false;
      lengths.push_back(static_cast<std::uint32_t>(end + 1 - at));
      at = end + 1;
    }
    if (lengths.size() != letter.rows) return false;
  }
  batch.payload += letter.payload;
  batch.row_lengths.insert(batch.row_lengths.end(), lengths.begin(), lengths.end());
  return true;
}

/// Moves batches of letters into an open slot; see README.md, the last invariant, for why nothing is doubled.
class Retry {
 public:
  Retry(buffer::Slot& slot, DeadLetterFile& file, DeadLetterRetry& result)
      : slot_(slot), file_(file), result_(result) {}

  void add(std::int64_t id, const DeadLetter& letter) {
    if (!add_rows(letter, batch_)) {
      result_.kept.push_back(key_of(letter));
      return;
    }
    batch_.ids.push_back(id);
    if (batch_.payload.size() >= kFrameBytes || batch_.ids.size() >= kFrameLetters) flush();
  }

  void flush() {
    if (batch_.ids.empty()) return;
    const Fsn fsn = slot_.end();
    file_.change([&] {
      for (const std::int64_t id : batch_.ids) file_.mark(id, fsn);
    });
    base::kill_point("dead.marked");
    // What fails here leaves the mark: whether the frame stands is decided by the next opening alone.
    slot_.append(batch_.payload, batch_.row_lengths);
    base::kill_point("dead.appended");
    file_.change([&] {
      for (const std::int64_t id : batch_.ids) file_.remove(id);
    });
    result_.letters += batch_.ids.size();
    result_.rows += batch_.row_lengths.size();
    if (result_.first_fsn == 0) result_.first_fsn = fsn;
    result_.last_fsn = fsn;
    batch_ = {};
  }

 private:
  buffer::Slot& slot_;
  DeadLetterFile& file_;
  DeadLetterRetry& result_;
  RetryBatch batch_;
};

std::unique_ptr<buffer::Slot> open_for_retry(const fs::path& path, const std::string& key,
                                             const base::Clock& clock, base::RandomSource& random) {
  const fs::path slot = fs::absolute(path).lexically_normal();
  buffer::SlotOptions options;
  options.sf_dir = (slot.filename().empty() ? slot.parent_path() : slot).parent_path().string();
  options.sender_id = (slot.filename().empty() ? slot.parent_path() : slot).filename().string();
  options.durability = SlotDurability::append;
  options.append_deadline = std::chrono::milliseconds(0);
  options.key = key;
  buffer::SlotReport report;
  return buffer::Slot::open(options, clock, random, report);
}

}  // namespace

std::uint64_t read_dead_letters(const fs::path& path, const DeadLetterSelection& which,
                                const std::string& key,
                                const std::function<void(const DeadLetterInfo&)>& take) {
  return buffer::looking_into(path, [&] {
    std::uint64_t letters = 0;
    const auto file = open_letters(path, DeadLetterFile::Mode::read_only);
    for_each(file.get(), which, [&](const StoredLetter& stored) {
      const DeadLetterInfo info = info_of(stored, key);
      buffer::calling_back([&] { take(info); });
      ++letters;
    });
    return letters;
  });
}

std::uint64_t drop_dead_letters(const fs::path& path, const DeadLetterSelection& which) {
  return buffer::looking_into(path, [&] {
    const auto file = open_letters(path, DeadLetterFile::Mode::read_write);
    std::uint64_t dropped = 0;
    if (file == nullptr) {
      for_each(nullptr, which, {});
      return dropped;
    }
    // In one transaction with the look: a sender may bury meanwhile, and numbers of rows are used again.
    file->change([&] {
      if (which.keys.empty()) {
        dropped = file->remove_before(which.before_wall_nanos);
        return;
      }
      for_each(file.get(), which, [&](const StoredLetter& stored) {
        file->remove(stored.id);
        ++dropped;
      });
    });
    return dropped;
  });
}

DeadLetterRetry retry_dead_letters(const fs::path& path, const DeadLetterSelection& which,
                                   const std::string& key) {
  return buffer::looking_into(path, [&] {
    DeadLetterRetry result;
    const base::SystemClock clock;
    base::SystemRandom random;
    // Opening comes first: it takes the lock, and finishes an earlier retry that was interrupted.
    const auto slot = open_for_retry(path, key, clock, random);
    const auto file = open_letters(path, DeadLetterFile::Mode::read_write);
    if (file == nullptr) {
      for_each(nullptr, which, {});
      return result;
    }
    Retry retry(*slot, *file, result);
    for_each(file.get(), which,
             [&](const StoredLetter& stored) { retry.add(stored.id, buffer::opened_letter(stored, key)); });
    retry.flush();
    return result;
  });
}

}  // namespace questclient
