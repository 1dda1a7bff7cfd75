#include "buffer/dead_letter_rescue.hpp"

#include <cstdio>
#include <functional>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "buffer/damaged_view.hpp"
#include "buffer/dead_letter_file.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

/// Where even the highest number cannot be read, so many are tried behind the last one.
constexpr std::int64_t kTriedBehind = 4096;

struct Rescued {
  std::uint64_t saved = 0;
  std::uint64_t expected = 0;  ///< As the newest view says that can tell; 0: none can.
  bool from_older = false;     ///< Some come from views that may show what was removed since.
};

std::int64_t highest_of(DeadLetterReader& view, std::int64_t last) {
  try {
    return view.highest_id();
  } catch (const DeadLettersDamaged&) {
    return last + kTriedBehind;
  }
}

/// The next good letter behind what cannot be read behind `last`.
std::optional<StoredLetter> probe_behind(DeadLetterReader& view, std::int64_t last) {
  const std::int64_t highest = highest_of(view, last);
  for (std::int64_t id = last + 1; id <= highest; ++id) {
    try {
      if (auto stored = view.find(id)) return stored;
    } catch (const DeadLettersDamaged&) {
      // This one is lost here.
    }
  }
  return std::nullopt;
}

/// Gives every good letter. Whether there was no bad one.
bool visit(DeadLetterReader& view, const std::function<void(const StoredLetter&)>& good) {
  bool whole = true;
  for (std::int64_t last = 0;;) {
    std::vector<StoredLetter> some;
    try {
      some = view.read(last, kLettersPerRead);
    } catch (const DeadLettersDamaged&) {
      whole = false;
      if (auto next = probe_behind(view, last)) some.push_back(std::move(*next));
    }
    if (some.empty()) return whole;
    for (const StoredLetter& stored : some) good(stored);
    last = some.back().id;
  }
}

/// Adds what this view has and those before it had not. Whether it shows all that there are.
bool copy_letters(DeadLetterReader& view, Database& to, bool is_newest, Rescued& rescued) {
  Statement known(to, "SELECT 1 FROM letters WHERE stream = ? AND fsn = ? AND first_row = ?");
  std::uint64_t seen = 0;
  const bool whole = visit(view, [&](const StoredLetter& stored) {
    ++seen;
    known.bind_blob(1, stored.letter.stream.raw())
        .bind(2, stored.letter.fsn)
        .bind(3, std::int64_t{stored.letter.first_row});
    const bool is_known = known.step();
    known.reset();
    if (is_known) return;
    put_letter(to, stored);
    ++rescued.saved;
    rescued.from_older = rescued.from_older || !is_newest;
  });
  const std::uint64_t total = view.totals().letters;
  if (rescued.expected == 0) rescued.expected = total;
  return whole && seen == total;
}

/// Makes the file `to` with the good letters of `database`, of which nothing is changed. `scratch`: an empty
/// folder for copies.
Rescued copy_good_letters(const fs::path& database, const fs::path& scratch, const fs::path& to) {
  Rescued rescued;
  const bool has_database = size_or_zero(database) >= kDeadLetterPageBytes;
  create_dead_letters(to, [&](Database& copy) {
    for (const Way way : {Way::restamped, Way::restamped_log, Way::as_sqlite_sees_it, Way::without_log}) {
      if (way != Way::restamped_log && !has_database) continue;
      const fs::path view = scratch / "view.db";
      remove_database(view);
      try {
        create_dead_letters(view, [](Database&) {});
        make_view(database, view, way, kDeadLetterPageBytes);
        DeadLetterReader reader(view, DeadLetterReader::Log::as_it_is);
        const bool is_newest = way == Way::restamped || way == Way::restamped_log;
        if (copy_letters(reader, copy, is_newest, rescued)) break;
      } catch (const DeadLettersDamaged&) {
        // Another way may show more.
      }
    }
  });
  return rescued;
}

std::string describe(const std::string& why, const Rescued& rescued) {
  std::string text = why + ". Dead letters saved: " + std::to_string(rescued.saved);
  if (rescued.expected > rescued.saved) text += ", lost: " + std::to_string(rescued.expected - rescued.saved);
  if (rescued.from_older)
    text += "; those that were dropped or retried lately may be among them, so look before a retry";
  return text;
}

/// Where the damaged file lies now.
fs::path finish(const SlotFolder& folder) {
  const fs::path aside = folder.set_aside(folder.dead());
  const fs::path rescued = rescued_dead_letters(folder);
  if (::rename(rescued.c_str(), folder.dead().c_str()) != 0) base::throw_errno("cannot rename", rescued);
  folder.sync();
  return aside;
}

fs::path salvage_of(const SlotFolder& folder) {
  return folder.path() / "dead-salvage";
}

}  // namespace

SlotReport::Damage rescue_dead_letters(const SlotFolder& folder, const std::string& why) {
  const base::File lock = DeadLetterTurn::lock_of(folder);
  const DeadLetterTurn turn(lock);
  // A disk error may have stopped one half way, and dead.db is not the damaged one any more.
  if (auto finished = finish_dead_letter_rescue(folder)) return *finished;
  const fs::path salvage = salvage_of(folder);
  fs::create_directories(salvage);
  const fs::path rebuilt = salvage / "dead.db";
  const Rescued rescued = copy_good_letters(folder.dead(), salvage, rebuilt);
  base::kill_point("dead.rescued");
  if (::rename(rebuilt.c_str(), rescued_dead_letters(folder).c_str()) != 0)
    base::throw_errno("cannot rename", rebuilt);
  folder.sync();
  base::kill_point("dead.rescued");
  SlotReport::Damage damage;
  damage.file = finish(folder).string();
  damage.message = describe(why, rescued) + ". The damaged file was set aside, nothing was deleted.";
  fs::remove_all(salvage);
  return damage;
}

std::optional<SlotReport::Damage> finish_dead_letter_rescue(const SlotFolder& folder) {
  fs::remove_all(salvage_of(folder));
  if (!fs::exists(rescued_dead_letters(folder))) return std::nullopt;
  return SlotReport::Damage{
      finish(folder).string(),
      folder.dead().string() +
          " was damaged, and its rescue was interrupted: it is finished, the good dead letters are in place. "
          "The damaged file was set aside, nothing was deleted."};
}

DeadLettersOutside::DeadLettersOutside(const SlotFolder& folder) {
  if (!has_dead_letters(folder)) return;
  const fs::path database = dead_letter_database(folder);
  try {
    letters_ = std::make_unique<DeadLetterReader>(database);
    letters_->check_all();
  } catch (const DeadLettersDamaged& damaged) {
    letters_.reset();
    const fs::path& scratch = scratch_.emptied();
    const fs::path copy = scratch / "dead.db";
    damage_ = describe(damaged.what(), copy_good_letters(database, scratch, copy));
    letters_ = std::make_unique<DeadLetterReader>(copy);
  }
}

}  // namespace questclient::buffer
