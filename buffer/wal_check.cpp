#include "buffer/wal_check.hpp"

#include <algorithm>
#include <fcntl.h>
#include <vector>

#include "buffer/slot_folder.hpp"
#include "buffer/wal_format.hpp"

namespace questclient::buffer {
namespace {

constexpr std::size_t kPageCountAt = 28;  // in page 1

// A page is one of the database without its log, or was new in the log.
bool plausible(const LogFrame& frame, const LogFile& file, std::uint64_t pages) {
  return frame.page() >= 1 && frame.page() <= file.frames() + pages;
}

/// Which frames are of this use of the file: those with its salt, and those with a damaged one, which are
/// known by their checksum. That goes on from the frame before and does not cover the salt.
std::vector<bool> frames_in_use(const LogFile& file, std::uint64_t salt, std::uint64_t pages) {
  std::vector<bool> in_use(file.frames(), false);
  bool before_is_known = file.start().has_value();
  LogChecksum before = file.start().value_or(LogChecksum{});
  for (std::uint64_t index = 0; index < file.frames(); ++index) {
    const LogFrame header = file.frame_header(index);
    const auto goes_on = [&] {
      const LogFrame frame = file.frame(index);
      return before_is_known && frame.computed(before) == frame.stored();
    };
    in_use[index] = plausible(header, file, pages) && (header.salt() == salt || goes_on());
    before_is_known = in_use[index];
    before = header.stored();
  }
  return in_use;
}

}  // namespace

LogEnd end_of_log(const std::filesystem::path& wal, const LoggedDatabase& of) {
  if (!std::filesystem::exists(wal)) return LogEnd::sound;
  const LogFile file(wal, of.page_bytes);
  const std::uint64_t salt = file.salt();
  bool is_sound = file.start().has_value();  // up to here
  LogChecksum sum = file.start().value_or(LogChecksum{});
  // Where a file is written over, a power cut may keep any part of the newest transaction, its end as well. A
  // kill cannot: what it cuts off is the end.
  const bool may_be_torn = file.is_recycled() && !file.was_begun_in_this_boot();
  LogEnd end = LogEnd::sound;
  for (std::uint64_t index = 0; index < file.frames(); ++index) {
    if (is_sound) {
      const LogFrame frame = file.frame(index);
      const LogChecksum computed = frame.computed(sum);
      if (frame.salt() == salt && computed == frame.stored()) {
        sum = computed;
        continue;
      }
      is_sound = false;
    }
    const LogFrame header = file.frame_header(index);
    const bool commits = header.commits() && header.salt() == salt && plausible(header, file, of.pages);
    if (commits && (!may_be_torn || end == LogEnd::torn)) return LogEnd::hides_commits;
    if (commits) end = LogEnd::torn;
  }
  return end;
}

bool is_unused_log(const std::filesystem::path& wal) {
  if (size_or_zero(wal) == 0) return true;
  const LogFile file(wal);
  if (!file.start()) return false;
  const std::uint64_t salt = file.salt();
  for (std::uint64_t index = 0; index < file.frames(); ++index)
    if (file.frame_header(index).salt() == salt) return false;
  return true;
}

void restamp_wal(const std::filesystem::path& from, const std::filesystem::path& to, std::string& first_page,
                 std::uint32_t pages) {
  const std::size_t page_bytes = first_page.size();
  if (size_or_zero(from) < kLogHeaderBytes + kLogFrameHeaderBytes + page_bytes) {
    put_big_endian(first_page, kPageCountAt, pages);
    return;
  }
  const LogFile file(from, page_bytes);
  const std::uint64_t salt = file.salt();
  const std::uint64_t without_log = std::max<std::uint64_t>(pages, LoggedDatabase{}.pages);
  const std::vector<bool> in_use = frames_in_use(file, salt, without_log);
  std::uint64_t end = 0;
  for (std::uint64_t index = 0; index < file.frames(); ++index) {
    if (!in_use[index]) continue;
    const LogFrame header = file.frame_header(index);
    pages = std::max(pages, header.page());
    if (header.commits() && header.salt() == salt) end = index + 1;
  }
  put_big_endian(first_page, kPageCountAt, pages);
  LogChecksum sum;
  base::File out(to, O_WRONLY | O_CREAT | O_TRUNC);
  out.write_all(stamped_header(salt, sum, page_bytes));
  for (std::uint64_t index = 0; index < end; ++index) {
    if (!in_use[index]) continue;
    LogFrame frame = file.frame(index);
    if (frame.page() == 1) frame.bytes.replace(kLogFrameHeaderBytes, page_bytes, first_page);
    // The very last one must end a transaction, else SQLite does not look at any.
    if (frame.commits() || index + 1 == end) put_big_endian(frame.bytes, 4, pages);
    put_salt(frame.bytes, 8, salt);
    sum = frame.computed(sum);
    put_big_endian(frame.bytes, 16, sum.first);
    put_big_endian(frame.bytes, 20, sum.second);
    out.write_all(frame.bytes);
  }
}

}  // namespace questclient::buffer
