#include "byte_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace questclient::tool {

namespace {

constexpr int kIdleMillis = 200;

}  // namespace

FileSource::FileSource(const std::string& path) : path_(path) {
  if (path == "-") {
    path_ = "standard input";
    descriptor_ = STDIN_FILENO;
    return;
  }
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw InputError(path + ": " + std::strerror(errno));
}

FileSource::~FileSource() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

bool FileSource::wait_for_bytes() const {
  pollfd waiting[] = {{descriptor_, POLLIN, 0}, {interruption_, POLLIN, 0}};  // one below 0 is passed over
  const int ready = ::poll(waiting, 2, kIdleMillis);
  if (waiting[1].revents != 0) throw Interrupted();
  return ready > 0;
}

std::size_t FileSource::read(char* into, std::size_t size) {
  while (true) {
    if (!wait_for_bytes()) {
      if (on_idle_) on_idle_();
      continue;
    }
    const ssize_t count = ::read(descriptor_, into, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw InputError(path_ + ": " + std::strerror(errno));
  }
}

void FileSource::seek(std::uint64_t offset) {
  if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0)
    throw InputError(path_ + ": " + std::strerror(errno));
}

std::size_t TextSource::read(char* into, std::size_t size) {
  const std::size_t count = std::min({size, piece_, text_.size() - at_});
  text_.copy(into, count, at_);
  at_ += count;
  return count;
}

std::size_t RewindingSource::read(char* into, std::size_t size) {
  if (rewound_ && at_ < kept_.size()) {
    const std::size_t count = kept_.copy(into, size, at_);
    at_ += count;
    if (at_ == kept_.size()) kept_ = std::string();
    return count;
  }
  const std::size_t count = source_.read(into, size);
  if (!rewound_) kept_.append(into, count);
  return count;
}

void RewindingSource::rewind() {
  rewound_ = true;
  at_ = 0;
}

void RewindingSource::forget() {
  rewind();
  kept_ = std::string();
}

}  // namespace questclient::tool
