// Dead letters for people: read and drop.
#include <algorithm>

#include <questclient/error.hpp>
#include <questclient/slot.hpp>

#include "buffer/dead_letter_rescue.hpp"
#include "buffer/dead_letter_selection.hpp"
#include "buffer/dead_letters.hpp"
#include "buffer/outside.hpp"

namespace questclient {
namespace {

namespace fs = std::filesystem;
using buffer::DeadLetter;
using buffer::DeadLetterFile;
using buffer::SlotFolder;
using buffer::StoredLetter;

DeadLetterInfo info_of(const StoredLetter& stored, const std::string& key) {
  DeadLetterInfo info;
  info.unreadable = stored.sealed && key.empty();
  const DeadLetter letter = info.unreadable ? stored.letter : buffer::opened_letter(stored, key);
  info.key = buffer::key_of(letter);
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

/// What the next frame of the slot will be numbered, as its files say.
Fsn next_number(const SlotFolder& folder) {
  const std::vector<Fsn> segments = folder.segments();
  Fsn end = 0;
  Fsn limit = 0;
  for (auto first = segments.rbegin(); first != segments.rend(); limit = *first++) {
    end = std::max(end, *first);
    try {
      auto reader = buffer::open_segment(folder, *first, {});
      if (!reader || !reader->header()) continue;
      const Fsn highest = reader->highest(limit);
      end = std::max({end, reader->header()->trimmed, highest + 1});
      if (highest != 0) break;
    } catch (const buffer::SegmentDamaged&) {
      continue;  // An older one tells less, but not nothing.
    }
  }
  return end;
}

/// Whether the rows of a letter are in the slot again: a retry was interrupted behind its append, and the
/// next opening removes the letter.
class Retried {
 public:
  explicit Retried(const SlotFolder& folder) : folder_(folder) {}

  bool stands(Fsn retry_fsn) {
    if (retry_fsn == 0) return false;
    // A retry that goes on may have appended it meanwhile.
    if (retry_fsn >= end_ && retry_fsn != asked_) {
      end_ = next_number(folder_);
      asked_ = retry_fsn;
    }
    return retry_fsn < end_;
  }

 private:
  const SlotFolder& folder_;
  Fsn end_ = 0;
  Fsn asked_ = 0;  ///< The last one that did not stand.
};

}  // namespace

std::uint64_t read_dead_letters(const fs::path& path, const DeadLetterSelection& which,
                                const std::string& key,
                                const std::function<void(const DeadLetterInfo&)>& take) {
  return buffer::looking_into(path, [&] {
    const SlotFolder folder(path);
    const buffer::DeadLettersOutside outside(folder);
    Retried retried(folder);
    std::uint64_t letters = 0;
    buffer::for_each_selected(outside.letters(), which, [&](const StoredLetter& stored) {
      if (retried.stands(stored.retry_fsn)) {
        if (!which.keys.empty()) buffer::throw_no_letter(buffer::key_of(stored.letter));
        return;
      }
      const DeadLetterInfo info = info_of(stored, key);
      buffer::calling_back([&] { take(info); });
      ++letters;
    });
    if (!outside.damage().empty()) buffer::throw_letters_damaged(path, outside.damage());
    return letters;
  });
}

std::uint64_t drop_dead_letters(const fs::path& path, const DeadLetterSelection& which) {
  return buffer::looking_into(path, [&]() -> std::uint64_t {
    const SlotFolder folder(path);
    if (!buffer::has_dead_letters(folder)) {
      buffer::for_each_selected(nullptr, which, {});
      return 0;
    }
    try {
      DeadLetterFile file(folder, DeadLetterFile::Older::leave);
      std::uint64_t dropped = 0;
      // In one transaction with the look: a sender may bury meanwhile, and numbers of rows are used again.
      file.change([&] {
        if (which.keys.empty()) {
          dropped = file.remove_before(which.before_wall_nanos);
          return;
        }
        buffer::for_each_selected(&file, which, [&](const StoredLetter& stored) {
          file.remove(stored.id);
          ++dropped;
        });
      });
      return dropped;
    } catch (const buffer::DeadLettersDamaged& damaged) {
      buffer::throw_letters_damaged(path, damaged.what());
    }
  });
}

}  // namespace questclient
