#include "buffer/slot_folder.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <set>
#include <system_error>

#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "buffer/sqlite_file.hpp"
#include "buffer/wal_check.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSegmentPrefix = "seg-";
constexpr std::string_view kTrimmedPrefix = "trimmed-";
constexpr std::string_view kSpentPrefix = "spent-";
constexpr std::string_view kRescuedPrefix = "rescued-";
constexpr std::size_t kDigits = 20;

/// The number in "<prefix><20 digits><suffix>".
std::optional<base::Fsn> number_in(std::string_view name, std::string_view prefix, std::string_view suffix) {
  if (name.size() != prefix.size() + kDigits + suffix.size() || !name.starts_with(prefix) ||
      !name.ends_with(suffix))
    return std::nullopt;
  const std::string_view digits = name.substr(prefix.size(), kDigits);
  base::Fsn number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc() || end != digits.data() + digits.size() || number == 0) return std::nullopt;
  return number;
}

std::string numbered(std::string_view prefix, base::Fsn number) {
  std::string digits = std::to_string(number);
  return std::string(prefix) + std::string(kDigits - digits.size(), '0') + digits + ".db";
}

std::vector<base::Fsn> numbers_of(const fs::path& folder, std::string_view prefix) {
  std::vector<base::Fsn> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (const auto first = number_in(entry.path().filename().string(), prefix, ".db"))
      found.push_back(*first);
  std::sort(found.begin(), found.end());
  return found;
}

void remove_log(const fs::path& database) {
  fs::remove(with_suffix(database, "-wal"));
  fs::remove(with_suffix(database, "-shm"));
}

void move_if_there(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) base::throw_errno("cannot rename", from);
}

}  // namespace

fs::path with_suffix(const fs::path& path, const char* suffix) {
  return path.string() + suffix;
}

std::uint64_t size_or_zero(const fs::path& path) {
  std::error_code failure;
  const auto size = fs::file_size(path, failure);
  return failure ? 0 : size;
}

void remove_database(const fs::path& path) {
  for (const char* suffix : {"-wal", "-shm", ""}) fs::remove(with_suffix(path, suffix));
}

bool make_folders(const fs::path& folder) {
  std::vector<fs::path> missing;
  for (fs::path at = fs::absolute(folder); !fs::exists(at); at = at.parent_path()) missing.push_back(at);
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    fs::create_directory(*at);
    base::sync_directory(at->parent_path());
  }
  return !missing.empty();
}

fs::path SlotFolder::segment(base::Fsn first) const {
  return path_ / numbered(kSegmentPrefix, first);
}

fs::path SlotFolder::log(base::Fsn first) const {
  return with_suffix(segment(first), "-wal");
}

fs::path SlotFolder::rescued(base::Fsn first) const {
  return path_ / numbered(kRescuedPrefix, first);
}

fs::path SlotFolder::database(base::Fsn first) const {
  std::error_code unknown;
  const fs::path saved = rescued(first);
  return fs::exists(saved, unknown) ? saved : segment(first);
}

bool SlotFolder::is_being_removed(base::Fsn first) const {
  std::error_code unknown;
  return fs::exists(path_ / numbered(kTrimmedPrefix, first), unknown) ||
         fs::exists(path_ / numbered(kSpentPrefix, first), unknown);
}

std::vector<base::Fsn> SlotFolder::all_segments() const {
  std::set<base::Fsn> found;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (const auto first = number_in(name, kSegmentPrefix, ".db")) found.insert(*first);
    if (const auto first = number_in(name, kSegmentPrefix, ".db-wal")) found.insert(*first);
    if (const auto first = number_in(name, kRescuedPrefix, ".db")) found.insert(*first);
  }
  return {found.begin(), found.end()};
}

std::vector<base::Fsn> SlotFolder::segments() const {
  // Before the segments: one that is removed meanwhile is in one of the two.
  const std::vector<base::Fsn> spent = numbers_of(path_, kSpentPrefix);
  std::vector<base::Fsn> found = all_segments();
  if (!spent.empty()) std::erase_if(found, [&](base::Fsn first) { return first <= spent.back(); });
  return found;
}

std::vector<base::Fsn> SlotFolder::unfinished_rescues() const {
  return numbers_of(path_, kRescuedPrefix);
}

std::uint64_t SlotFolder::segment_bytes(base::Fsn first) const {
  return size_or_zero(segment(first)) + size_or_zero(log(first)) +
         size_or_zero(with_suffix(segment(first), "-shm"));
}

void SlotFolder::remove_segments(const std::vector<base::Fsn>& segments) const {
  // What takes their place is there, and must not be lost while they go.
  if (!segments.empty()) sync();
  remove(segments, kTrimmedPrefix);
}

void SlotFolder::remove_spent(const std::vector<base::Fsn>& segments,
                              const std::optional<Recycling>& recycling) const {
  remove(segments, kSpentPrefix, recycling);
}

void SlotFolder::remove(const std::vector<base::Fsn>& segments, std::string_view prefix,
                        const std::optional<Recycling>& recycling) const {
  if (segments.empty()) return;
  base::kill_point("slot.before_unlink");
  for (const base::Fsn first : segments) {
    fs::remove(rescued(first));
    move_if_there(segment(first), path_ / numbered(prefix, first));
  }
  base::kill_point("slot.before_unlink");
  finish_removal(segments, prefix, recycling);
}

// The disk may do these steps in any order unless it is told.
void SlotFolder::finish_removal(const std::vector<base::Fsn>& segments, std::string_view prefix,
                                const std::optional<Recycling>& recycling) const {
  if (segments.empty()) return;
  sync();
  for (const base::Fsn first : segments) {
    // Only the files beside a missing .db belong to the removal; a .db of that name is another segment.
    if (fs::exists(segment(first))) continue;
    if (recycling) keep_log(log(first), path_ / numbered(prefix, first), *recycling);
    remove_log(segment(first));
  }
  sync();
  for (const base::Fsn first : segments) fs::remove(path_ / numbered(prefix, first));
}

// Who looks on from outside may go on to read a log that was unlinked, not one that is written over.
void SlotFolder::keep_log(const fs::path& log, const fs::path& database, const Recycling& recycling) const {
  const std::uint64_t bytes = size_or_zero(log);
  if (bytes < recycling.min_bytes || bytes > recycling.max_bytes || fs::exists(spare())) return;
  if (!SqliteFile(database, SqliteFile::Purpose::lock_database).nobody_has_it()) return;
  restart_log(log, recycling);
  base::kill_point("slot.log_emptied");
  move_if_there(log, spare());
  base::kill_point("slot.log_emptied");
}

void SlotFolder::use_spare(base::Fsn first) const {
  move_if_there(spare(), log(first));
}

void SlotFolder::remove_spare() const noexcept {
  std::error_code unimportant;
  fs::remove(spare(), unimportant);
}

void SlotFolder::finish_removals() const {
  fs::remove(spare());
  finish_removal(numbers_of(path_, kTrimmedPrefix), kTrimmedPrefix);
  const std::vector<base::Fsn> spent = numbers_of(path_, kSpentPrefix);
  std::vector<base::Fsn> older = spent.empty() ? spent : all_segments();
  std::erase_if(older, [&](base::Fsn first) {
    return first >= spent.back() || std::binary_search(spent.begin(), spent.end(), first);
  });
  remove_spent(older);
  finish_removal(spent, kSpentPrefix);
  // A segment that was begun: the power failed before its name was on the disk.
  for (const base::Fsn first : all_segments()) {
    const fs::path database = segment(first);
    if (!fs::exists(database) && !fs::exists(rescued(first)) && is_unused_log(log(first)))
      remove_log(database);
  }
}

fs::path SlotFolder::set_aside(const fs::path& database) const {
  const fs::path log = with_suffix(database, "-wal");
  if (make_folders(quarantine())) sync();
  fs::path target = quarantine() / database.filename();
  const auto taken = [](const fs::path& from, const fs::path& to) {
    return fs::exists(from) && fs::exists(to);
  };
  for (int copy = 2; taken(database, target) || taken(log, with_suffix(target, "-wal")); ++copy)
    target = quarantine() / (database.stem().string() + "." + std::to_string(copy) + ".db");
  move_if_there(database, target);
  move_if_there(log, with_suffix(target, "-wal"));
  fs::remove(with_suffix(database, "-shm"));
  base::sync_directory(quarantine());
  sync();
  return target;
}

std::uint64_t SlotFolder::quarantined() const {
  std::error_code failure;
  std::uint64_t files = 0;
  for (const auto& entry : fs::directory_iterator(quarantine(), failure))
    if (entry.path().extension() == ".db") ++files;
  return files;
}

void SlotFolder::sync() const {
  base::sync_directory(path_);
}

// No lock of SQLite's lies on a log, so closing it here drops none.
void SlotFolder::fetch_ahead(base::Fsn first) const noexcept {
  try {
    const base::File file(log(first), O_RDONLY);
    ::posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_WILLNEED);
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace questclient::buffer
