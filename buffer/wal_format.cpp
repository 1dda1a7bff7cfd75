#include "buffer/wal_format.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <stdexcept>
#include <system_error>

#include "base/crc32c.hpp"

namespace questclient::buffer {
namespace {

constexpr std::uint32_t kMagicLittleEndian = 0x377F0682;
constexpr std::uint32_t kVersion = 3007000;
/// SQLite counts here how often the file was begun anew; 0 in a new one. In one that is written over it holds
/// the boot instead: SQLite never uses the number.
constexpr std::size_t kRestartsAt = 12;
constexpr std::uint32_t kUnknownBoot = 1;

/// Never 0.
std::uint32_t this_boot() {
  try {
    const auto id = base::read_file("/proc/sys/kernel/random/boot_id");
    return id ? std::max(base::crc32c(*id), kUnknownBoot + 1) : kUnknownBoot;
  } catch (const std::system_error&) {
    return kUnknownBoot;
  }
}

}  // namespace

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return __builtin_bswap32(value);
}

void put_big_endian(std::string& bytes, std::size_t at, std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

std::uint64_t salt_in(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint64_t>(big_endian(bytes, at)) << 32 | big_endian(bytes, at + 4);
}

void put_salt(std::string& bytes, std::size_t at, std::uint64_t salt) {
  put_big_endian(bytes, at, static_cast<std::uint32_t>(salt >> 32));
  put_big_endian(bytes, at + 4, static_cast<std::uint32_t>(salt));
}

void LogChecksum::add(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint32_t words[2];
    std::memcpy(words, bytes.data() + at, sizeof words);
    first += words[0] + second;
    second += words[1] + first;
  }
}

LogChecksum LogChecksum::stored(std::string_view bytes, std::size_t at) {
  return {big_endian(bytes, at), big_endian(bytes, at + 4)};
}

LogChecksum LogFrame::computed(LogChecksum before) const {
  before.add(std::string_view(bytes).substr(0, 8));
  before.add(std::string_view(bytes).substr(kLogFrameHeaderBytes));
  return before;
}

LogFile::LogFile(const std::filesystem::path& path, std::size_t page_bytes)
    : file_(path, O_RDONLY), page_bytes_(page_bytes) {
  const std::uint64_t size = file_.size();
  frames_ = size < kLogHeaderBytes ? 0 : (size - kLogHeaderBytes) / frame_bytes();
  header_ = file_.read_at(0, kLogHeaderBytes);
}

LogFrame LogFile::read(std::uint64_t index, std::size_t bytes) const {
  LogFrame frame{file_.read_at(kLogHeaderBytes + index * frame_bytes(), bytes)};
  if (frame.bytes.size() != bytes)
    throw std::runtime_error(file_.path().string() + " was cut off while it was read");
  return frame;
}

LogFrame LogFile::frame(std::uint64_t index) const {
  return read(index, frame_bytes());
}

LogFrame LogFile::frame_header(std::uint64_t index) const {
  return read(index, kLogFrameHeaderBytes);
}

std::optional<LogChecksum> LogFile::start() const {
  if (header_.size() < kLogHeaderBytes || big_endian(header_, 0) != kMagicLittleEndian ||
      big_endian(header_, 4) != kVersion || big_endian(header_, 8) != page_bytes_)
    return std::nullopt;
  LogChecksum sum;
  sum.add(std::string_view(header_).substr(0, 24));
  if (sum != LogChecksum::stored(header_, 24)) return std::nullopt;
  return sum;
}

bool LogFile::is_recycled() const {
  return start() && big_endian(header_, kRestartsAt) != 0;
}

bool LogFile::was_begun_in_this_boot() const {
  if (!is_recycled()) return false;
  const std::uint32_t boot = big_endian(header_, kRestartsAt);
  return boot != kUnknownBoot && boot == this_boot();
}

std::uint64_t LogFile::salt() const {
  if (start()) return salt_in(header_, 16);
  std::map<std::uint64_t, int> votes;
  for (std::uint64_t index = 0; index < frames_ && index < kFramesThatTellSalt; ++index)
    ++votes[frame_header(index).salt()];
  votes.erase(0);
  std::uint64_t winner = 0;
  int most = 0;
  for (const auto& [salt, count] : votes)
    if (count > most) {
      winner = salt;
      most = count;
    }
  return winner;
}

std::string stamped_header(std::uint64_t salt, LogChecksum& sum, std::size_t page_bytes) {
  std::string header(kLogHeaderBytes, '\0');
  put_big_endian(header, 0, kMagicLittleEndian);
  put_big_endian(header, 4, kVersion);
  put_big_endian(header, 8, static_cast<std::uint32_t>(page_bytes));
  put_big_endian(header, kRestartsAt, this_boot());
  put_salt(header, 16, salt);
  sum.add(std::string_view(header).substr(0, 24));
  put_big_endian(header, 24, sum.first);
  put_big_endian(header, 28, sum.second);
  return header;
}

}  // namespace questclient::buffer
