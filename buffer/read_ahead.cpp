#include "buffer/read_ahead.hpp"

#include <algorithm>
#include <exception>
#include <fcntl.h>

namespace questclient::buffer {
namespace {

/// Who reads less than this is not draining a segment.
constexpr std::uint64_t kWarmUpBytes = 256 << 10;
/// Asked for at a time, when half of the last one is used up: about a segment, so that the disk is busy all
/// the time (with 8 MiB draining from a disk was a fifth slower).
constexpr std::uint64_t kWindowBytes = 64 << 20;

}  // namespace

void ReadAhead::wanted(std::uint64_t offset, std::uint64_t amount) noexcept {
  read_ += amount;
  if (read_ < kWarmUpBytes || offset + kWindowBytes / 2 < asked_for_) return;
  try {
    if (!file_.is_open()) file_ = base::File(path_, O_RDONLY);
  } catch (const std::exception&) {
    read_ = 0;
    return;
  }
  const std::uint64_t from = std::max(asked_for_, offset);
  ::posix_fadvise(file_.descriptor(), static_cast<off_t>(from), kWindowBytes, POSIX_FADV_WILLNEED);
  asked_for_ = from + kWindowBytes;
}

}  // namespace questclient::buffer
