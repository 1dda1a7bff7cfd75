#include "buffer/slot_key.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <questclient/error.hpp>

#include "buffer/damaged_segment.hpp"
#include "buffer/dead_letters.hpp"
#include "buffer/segment.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

/// What a segment says of its key, and of what needs it.
struct KeyFindings {
  bool fits = false;
  bool is_encrypted = false;
  Fsn untrimmed = 0;
};

// nullopt: nothing was ever committed there. `limit`: where the following segment begins; 0: none follows.
std::optional<KeyFindings> look_for_key(const fs::path& database, Fsn limit, std::string_view key) {
  SegmentReader reader(database, key);
  if (!reader.header()) return std::nullopt;
  const SegmentHeader& header = *reader.header();
  KeyFindings found;
  found.fits = reader.key_fits();
  found.is_encrypted = !header.key_check.empty();
  const Fsn end = std::max(header.first, reader.highest(limit) + 1);
  found.untrimmed = end - std::min(end, header.trimmed);
  return found;
}

// It has a row of its own while an opening is under way, and after one that was killed.
std::optional<KeyFindings> look_at_unnamed(const SlotFolder& folder, std::string_view key) {
  if (size_or_zero(folder.next()) < kMinDatabaseBytes) return std::nullopt;
  try {
    return look_for_key(folder.next(), 0, key);
  } catch (const SegmentDamaged&) {
    return std::nullopt;  // It holds no frame; it is made anew.
  }
}

struct NewestFindings {
  std::optional<KeyFindings> segment;
  bool damaged = false;  ///< It, or a newer one: more frames may be there.
};

// The newest one that says anything speaks for all: what it says is trimmed holds for those before it.
NewestFindings look_at_newest(const SlotFolder& folder, std::string_view key) {
  const std::vector<Fsn> segments = folder.segments();
  NewestFindings found;
  Fsn limit = 0;
  for (auto first = segments.rbegin(); first != segments.rend() && !found.segment; limit = *first++) {
    const fs::path database = folder.database(*first);
    try {
      found.segment = look_for_key(database, limit, key);
      if (!found.segment || !found.segment->fits) require_whole_log(database);
    } catch (const SegmentDamaged&) {
      found.damaged = true;
    }
  }
  return found;
}

// After a rescue an older segment may hold the newest one.
bool has_position(const fs::path& database) {
  try {
    return SegmentReader(database).has_position();
  } catch (const SegmentDamaged&) {
    return false;
  }
}

bool has_position(const SlotFolder& folder) {
  const std::vector<Fsn> segments = folder.segments();
  return (size_or_zero(folder.next()) >= kMinDatabaseBytes && has_position(folder.next())) ||
         std::any_of(segments.begin(), segments.end(),
                     [&](Fsn first) { return has_position(folder.database(first)); });
}

void add_dead_letters(const SlotFolder& folder, std::vector<std::string>& left) {
  try {
    const std::uint64_t letters = count_dead_letters(folder.path()).letters;
    if (letters != 0) left.push_back("dead letters: " + std::to_string(letters));
  } catch (const DeadLettersDamaged&) {
    left.push_back("damaged dead letters");
  }
}

[[noreturn]] void refuse_key(const SlotFolder& folder, bool is_encrypted, bool key_given,
                             const std::vector<std::string>& left) {
  std::string what;
  for (const std::string& item : left) what += (what.empty() ? "" : ", ") + item;
  throw Error(
      ErrorCode::slot_key, Disposition::terminal,
      "The slot " + folder.path().string() +
          (!is_encrypted ? " is not encrypted, and a key was given: leave it out"
           : key_given   ? " was encrypted with another key: give that one (sf_key)"
                         : " is encrypted: give its key (sf_key)") +
          ". A slot gets another key, or none, only when nothing is left in it; in this one are left " +
          what +
          ". To change the key, drain the slot with the key that it has (questclient slot drain), retry "
          "or drop its dead letters, then open it with the other one; a position does not outlive its "
          "key: note it and give the sender another sender_id. Nothing was changed.");
}

}  // namespace

bool changes_key(const SlotFolder& folder, std::string_view key) {
  const NewestFindings newest = look_at_newest(folder, key);
  const std::optional<KeyFindings> unnamed = look_at_unnamed(folder, key);
  if (!newest.segment && !unnamed) return false;
  const KeyFindings& speaks = unnamed ? *unnamed : *newest.segment;
  if (!speaks.fits) {
    std::vector<std::string> left;
    if (speaks.untrimmed != 0)
      left.push_back("frames that are not trimmed: " + std::to_string(speaks.untrimmed));
    if (newest.damaged || fs::exists(folder.rewrite())) left.push_back("frames that a rescue may find");
    add_dead_letters(folder, left);
    if (speaks.is_encrypted && has_position(folder)) left.push_back("the source's position");
    if (!left.empty()) refuse_key(folder, speaks.is_encrypted, !key.empty(), left);
  }
  return newest.segment && !newest.segment->fits && !newest.damaged;
}

}  // namespace questclient::buffer
