#include "failing_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

namespace questclient::buffer {
namespace {

namespace fs = std::filesystem;
using Kind = DiskCall::Kind;

bool is_log(const std::string& path) {
  return path.find("seg-") != std::string::npos && path.ends_with("-wal");
}

bool is(Operation operation, const DiskCall& call) {
  switch (operation) {
    case Operation::write:
      return call.kind == Kind::write || call.kind == Kind::truncate;
    case Operation::short_write:
      return call.kind == Kind::write && call.amount > 1;
    case Operation::sync:
      return call.kind == Kind::sync || call.kind == Kind::sync_data;
    case Operation::open:
      return call.kind == Kind::open || call.kind == Kind::make_directory;
    case Operation::rename:
      return call.kind == Kind::rename;
    case Operation::remove:
      return call.kind == Kind::remove;
  }
  return false;
}

}  // namespace

FailingDisk::FailingDisk(fs::path root, DiskListener* next) : root_(std::move(root)), next_(next) {
  listen_to_disk(this, root_);
}

FailingDisk::~FailingDisk() {
  listen_to_disk(next_, root_);
}

void FailingDisk::fail(Operation operation, int after, int error, int times, bool only_logs) {
  const std::lock_guard<std::mutex> lock(mutex_);
  operation_ = operation;
  after_ = after;
  error_ = error;
  left_ = times;
  only_logs_ = only_logs;
}

void FailingDisk::heal() {
  const std::lock_guard<std::mutex> lock(mutex_);
  left_ = 0;
  room_ = UINT64_MAX;
}

std::optional<FailingDisk::Fault> FailingDisk::hits(const DiskCall& call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (left_ == 0 || !is(operation_, call) || (only_logs_ && !is_log(call.path))) return std::nullopt;
  if (after_ > 0) {
    --after_;
    return std::nullopt;
  }
  --left_;
  fired_ = true;
  return Fault{operation_, error_};
}

std::uint64_t FailingDisk::held() const {
  std::uint64_t bytes = 0;
  std::error_code vanished;
  for (auto entry = fs::recursive_directory_iterator(root_, vanished);
       !vanished && entry != fs::recursive_directory_iterator(); entry.increment(vanished)) {
    std::error_code gone;
    const auto size = fs::file_size(entry->path(), gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

std::size_t FailingDisk::fitting(const DiskCall& call) const {
  const std::uint64_t room = room_;
  if (room == UINT64_MAX) return call.amount;
  std::error_code gone;
  const std::uint64_t size = fs::file_size(call.path, gone);
  if (gone) return call.amount;
  const std::uint64_t end = std::min(call.offset, size) + call.amount;
  const std::uint64_t growth = end > size ? end - size : 0;
  const std::uint64_t now = held();
  const std::uint64_t allowed = std::min(growth, room > now ? room - now : 0);
  return call.amount - std::min<std::uint64_t>(call.amount, growth - allowed);
}

// A replaced file of the same path is another one.
void FailingDisk::watch_sync(const std::string& path, bool fails) {
  struct stat status {};
  if (!is_log(path) || ::stat(path.c_str(), &status) != 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::pair<std::uint64_t, std::uint64_t> inode(status.st_dev, status.st_ino);
  if (failed_syncs_.contains(inode)) ++syncs_after_failure_;
  if (fails) failed_syncs_.insert(inode);
}

long FailingDisk::go_on(const DiskCall& call, const std::function<long(std::size_t)>& go) {
  return next_ == nullptr ? go(call.amount) : next_->handle(call, go);
}

long FailingDisk::handle(const DiskCall& call, const std::function<long(std::size_t)>& go) {
  const std::optional<Fault> fault = hits(call);
  if (is(Operation::sync, call)) watch_sync(call.path, fault.has_value());
  if (fault && fault->operation == Operation::short_write) return go(call.amount / 2);
  if (fault) {
    errno = fault->error;
    return -1;
  }
  if (call.kind != Kind::write) return go_on(call, go);
  const std::size_t part = fitting(call);
  if (part == 0 && call.amount != 0) {
    errno = ENOSPC;
    return -1;
  }
  return part == call.amount ? go_on(call, go) : go(part);
}

}  // namespace questclient::buffer
