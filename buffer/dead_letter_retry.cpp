// Dead letters back into the slot.
#include <limits>
#include <memory>

#include <questclient/error.hpp>
#include <questclient/slot.hpp>

#include "base/clock.hpp"
#include "base/kill_point.hpp"
#include "base/random.hpp"
#include "buffer/dead_letter_file.hpp"
#include "buffer/dead_letter_rescue.hpp"
#include "buffer/dead_letter_selection.hpp"
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
      result_.kept.push_back(buffer::key_of(letter));
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
                                             const base::Clock& clock, base::RandomSource& random,
                                             buffer::SlotReport& report) {
  const fs::path slot = fs::absolute(path).lexically_normal();
  buffer::SlotOptions options;
  options.sf_dir = (slot.filename().empty() ? slot.parent_path() : slot).parent_path().string();
  options.sender_id = (slot.filename().empty() ? slot.parent_path() : slot).filename().string();
  options.durability = SlotDurability::append;
  options.append_deadline = std::chrono::milliseconds(0);
  // The sender's quota is not known here, and the rows take as much room as letters.
  options.max_total_bytes = std::numeric_limits<std::int64_t>::max();
  options.key = key;
  return buffer::Slot::open(options, clock, random, report);
}

/// Lets the user look at what was saved before anything is moved.
void require_sound(const fs::path& path, const std::vector<buffer::SlotReport::Damage>& damage) {
  if (damage.empty()) return;
  std::string text;
  for (const auto& found : damage) text += " " + found.message + " It lies at " + found.file + " now.";
  throw Error(ErrorCode::slot_damaged, Disposition::fix_and_resend,
              "The slot " + path.string() + " was damaged." + text +
                  " No letter was moved: look at the dead letters (questclient slot dead list), then try "
                  "again.");
}

/// Every letter, before the first one is moved: a damaged one would become a wrong row. The rescue needs the
/// slot's lock and no connection.
void check_letters(const fs::path& path, std::unique_ptr<buffer::Slot>& slot) {
  const SlotFolder folder(path);
  std::string why;
  try {
    buffer::DeadLetterReader(folder.dead()).check_all();
    return;
  } catch (const buffer::DeadLettersDamaged& damaged) {
    why = damaged.what();
  }
  slot.reset();
  const buffer::SlotLock lock(path);
  require_sound(path, {buffer::rescue_dead_letters(folder, why)});
}

}  // namespace

DeadLetterRetry retry_dead_letters(const fs::path& path, const DeadLetterSelection& which,
                                   const std::string& key) {
  return buffer::looking_into(path, [&] {
    DeadLetterRetry result;
    const base::SystemClock clock;
    base::SystemRandom random;
    const SlotFolder folder(path);
    buffer::SlotReport report;
    // Opening comes first: it takes the lock, and finishes an earlier retry that was interrupted.
    auto slot = open_for_retry(path, key, clock, random, report);
    require_sound(path, report.damage);
    if (!buffer::has_dead_letters(folder)) {
      buffer::for_each_selected(nullptr, which, {});
      return result;
    }
    check_letters(path, slot);
    DeadLetterFile file(folder, DeadLetterFile::Older::upgrade);
    Retry retry(*slot, file, result);
    buffer::for_each_selected(&file, which, [&](const StoredLetter& stored) {
      // Where there is a key, the slot did not write it: its rows could be anybody's.
      if (!key.empty() && !stored.sealed)
        result.kept.push_back(buffer::key_of(stored.letter));
      else
        retry.add(stored.id, buffer::opened_letter(stored, key));
    });
    retry.flush();
    return result;
  });
}

}  // namespace questclient
