#include "buffer/wal_check.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "buffer/segment.hpp"

namespace questclient::buffer {
namespace {

// The format is described in SQLite's fileformat2.html, section 4.1; all numbers are big-endian.
constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameBytes = kLogFrameHeaderBytes + kPageBytes;
constexpr std::uint32_t kMagicLittleEndian = 0x377F0682;
constexpr std::uint32_t kVersion = 3007000;
constexpr std::uint32_t kPagesWithoutLog = 16;
constexpr std::size_t kPageCountAt = 28;  // in page 1

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return __builtin_bswap32(value);
}

void put_big_endian(std::string& bytes, std::size_t at, std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  bool operator==(const Checksum&) const = default;

  /// REQUIRES: a multiple of eight bytes.
  void add(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      std::uint32_t words[2];
      std::memcpy(words, bytes.data() + at, sizeof words);
      first += words[0] + second;
      second += words[1] + first;
    }
  }
  static Checksum stored(std::string_view bytes, std::size_t at) {
    return {big_endian(bytes, at), big_endian(bytes, at + 4)};
  }
};

struct WalFrame {
  std::string bytes;

  std::uint32_t page() const { return big_endian(bytes, 0); }
  bool commits() const { return big_endian(bytes, 4) != 0; }
  std::uint64_t salt() const {
    return static_cast<std::uint64_t>(big_endian(bytes, 8)) << 32 | big_endian(bytes, 12);
  }
  Checksum stored() const { return Checksum::stored(bytes, 16); }
  Checksum computed(Checksum before) const {
    before.add(std::string_view(bytes).substr(0, 8));
    before.add(std::string_view(bytes).substr(kLogFrameHeaderBytes));
    return before;
  }
};

class WalFile {
 public:
  explicit WalFile(const std::filesystem::path& path) : file_(path, O_RDONLY) {
    const std::uint64_t size = file_.size();
    frames_ = size < kHeaderBytes ? 0 : (size - kHeaderBytes) / kFrameBytes;
    header_ = file_.read_at(0, kHeaderBytes);
  }

  std::uint64_t frames() const { return frames_; }
  WalFrame frame(std::uint64_t index) const {
    return {file_.read_at(kHeaderBytes + index * kFrameBytes, kFrameBytes)};
  }
  /// The checksum that the first frame goes on from; nullopt when the header is wrong.
  std::optional<Checksum> start() const {
    if (header_.size() < kHeaderBytes || big_endian(header_, 0) != kMagicLittleEndian ||
        big_endian(header_, 4) != kVersion || big_endian(header_, 8) != kPageBytes)
      return std::nullopt;
    Checksum sum;
    sum.add(std::string_view(header_).substr(0, 24));
    if (sum != Checksum::stored(header_, 24)) return std::nullopt;
    return sum;
  }
  std::uint64_t header_salt() const {
    return static_cast<std::uint64_t>(big_endian(header_, 16)) << 32 | big_endian(header_, 20);
  }
  /// The salt that the frames of this log carry, even where the header is wrong.
  std::uint64_t salt() const {
    if (start()) return header_salt();
    std::map<std::uint64_t, int> votes;
    for (std::uint64_t index = 0; index < frames_ && index < 16; ++index) ++votes[frame(index).salt()];
    std::uint64_t winner = 0;
    int most = 0;
    for (const auto& [salt, count] : votes)
      if (count > most) {
        winner = salt;
        most = count;
      }
    return winner;
  }

 private:
  base::File file_;
  std::string header_;
  std::uint64_t frames_ = 0;
};

// A log holds the newest version of every page of its database, so no page number exceeds its frames by much.
bool plausible(const WalFrame& frame, const WalFile& file) {
  return frame.page() >= 1 && frame.page() <= file.frames() + kPagesWithoutLog;
}

std::uint64_t size_or_none(const std::filesystem::path& path) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  return absent ? 0 : size;
}

/// Leaves in `sum` what the first frame goes on from.
std::string stamped_header(std::uint64_t salt, Checksum& sum) {
  std::string header(kHeaderBytes, '\0');
  put_big_endian(header, 0, kMagicLittleEndian);
  put_big_endian(header, 4, kVersion);
  put_big_endian(header, 8, kPageBytes);
  put_big_endian(header, 16, static_cast<std::uint32_t>(salt >> 32));
  put_big_endian(header, 20, static_cast<std::uint32_t>(salt));
  sum.add(std::string_view(header).substr(0, 24));
  put_big_endian(header, 24, sum.first);
  put_big_endian(header, 28, sum.second);
  return header;
}

}  // namespace

bool hides_commits(const std::filesystem::path& wal) {
  if (!std::filesystem::exists(wal)) return false;
  const WalFile file(wal);
  const std::uint64_t salt = file.salt();
  std::optional<Checksum> sum = file.start();
  for (std::uint64_t index = 0; index < file.frames(); ++index) {
    const WalFrame frame = file.frame(index);
    if (sum) {
      const Checksum computed = frame.computed(*sum);
      if (frame.salt() == salt && computed == frame.stored()) {
        sum = computed;
        continue;
      }
      sum.reset();
    }
    // The salt tells it from what a failed transaction of another kind of file could have left here.
    if (frame.commits() && frame.salt() == salt && plausible(frame, file)) return true;
  }
  return false;
}

void restamp_wal(const std::filesystem::path& from, const std::filesystem::path& to, std::string& first_page,
                 std::uint32_t pages) {
  if (size_or_none(from) < kHeaderBytes + kFrameBytes) {
    put_big_endian(first_page, kPageCountAt, pages);
    return;
  }
  const WalFile file(from);
  std::uint64_t end = 0;
  const std::uint64_t salt = file.salt();
  for (std::uint64_t index = 0; index < file.frames(); ++index) {
    const WalFrame frame = file.frame(index);
    if (!plausible(frame, file)) continue;
    pages = std::max(pages, frame.page());
    if (frame.commits() && frame.salt() == salt) end = index + 1;
  }
  put_big_endian(first_page, kPageCountAt, pages);
  Checksum sum;
  base::File out(to, O_WRONLY | O_CREAT | O_TRUNC);
  out.write_all(stamped_header(salt, sum));
  for (std::uint64_t index = 0; index < end; ++index) {
    WalFrame frame = file.frame(index);
    if (!plausible(frame, file)) continue;
    if (frame.page() == 1) frame.bytes.replace(kLogFrameHeaderBytes, kPageBytes, first_page);
    // The very last one must end a transaction, else SQLite does not look at any.
    if (frame.commits() || index + 1 == end) put_big_endian(frame.bytes, 4, pages);
    put_big_endian(frame.bytes, 8, static_cast<std::uint32_t>(salt >> 32));
    put_big_endian(frame.bytes, 12, static_cast<std::uint32_t>(salt));
    sum = frame.computed(sum);
    put_big_endian(frame.bytes, 16, sum.first);
    put_big_endian(frame.bytes, 20, sum.second);
    out.write_all(frame.bytes);
  }
}

}  // namespace questclient::buffer
