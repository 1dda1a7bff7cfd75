#include "buffer/slot_folder.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>
#include <system_error>

#include "base/file.hpp"
#include "base/kill_point.hpp"

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSegmentPrefix = "seg-";
constexpr std::string_view kTrimmedPrefix = "trimmed-";
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

fs::path SlotFolder::segment(base::Fsn first) const {
  return path_ / numbered(kSegmentPrefix, first);
}

std::vector<base::Fsn> SlotFolder::segments() const {
  std::set<base::Fsn> found;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (const auto first = number_in(name, kSegmentPrefix, ".db")) found.insert(*first);
    if (const auto first = number_in(name, kSegmentPrefix, ".db-wal")) found.insert(*first);
  }
  return {found.begin(), found.end()};
}

std::uint64_t SlotFolder::segment_bytes(base::Fsn first) const {
  return size_or_zero(segment(first)) + size_or_zero(with_suffix(segment(first), "-wal"));
}

void SlotFolder::remove_segment(base::Fsn first) const {
  base::kill_point("slot.before_unlink");
  const fs::path trimmed = path_ / numbered(kTrimmedPrefix, first);
  move_if_there(segment(first), trimmed);
  base::kill_point("slot.before_unlink");
  fs::remove(with_suffix(segment(first), "-wal"));
  fs::remove(with_suffix(segment(first), "-shm"));
  fs::remove(trimmed);
}

void SlotFolder::finish_removals() const {
  std::vector<base::Fsn> unfinished;
  for (const auto& entry : fs::directory_iterator(path_))
    if (const auto first = number_in(entry.path().filename().string(), kTrimmedPrefix, ".db"))
      unfinished.push_back(*first);
  for (const base::Fsn first : unfinished) {
    // Only the files beside a missing .db belong to the removal; a .db of that name is another segment.
    if (!fs::exists(segment(first))) {
      fs::remove(with_suffix(segment(first), "-wal"));
      fs::remove(with_suffix(segment(first), "-shm"));
    }
    fs::remove(path_ / numbered(kTrimmedPrefix, first));
  }
}

fs::path SlotFolder::set_aside(const fs::path& database) const {
  fs::create_directories(quarantine());
  fs::path target = quarantine() / database.filename();
  for (int copy = 2; fs::exists(target) || fs::exists(with_suffix(target, "-wal")); ++copy)
    target = quarantine() / (database.stem().string() + "." + std::to_string(copy) + ".db");
  // The log last: as long as one of the two stands in the slot, the next opening repeats the rescue.
  move_if_there(database, target);
  move_if_there(with_suffix(database, "-wal"), with_suffix(target, "-wal"));
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

}  // namespace questclient::buffer
