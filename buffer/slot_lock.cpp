#include "buffer/slot_lock.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include <questclient/error.hpp>

#include "buffer/fork_guard.hpp"

namespace questclient::buffer {
namespace {

// Someone who asks who holds the slot takes the lock for an instant; that must not fail an opening.
constexpr int kAttempts = 20;

std::optional<long> pid_in(const base::File& file) {
  const std::string text = file.read_at(0, 32);
  long pid = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (failure != std::errc() || pid <= 0) return std::nullopt;
  return pid;
}

}  // namespace

bool lock_patiently(const base::File& file, int attempts) {
  constexpr std::chrono::milliseconds kBetweenAttempts{5};
  for (int attempt = 1; ::flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || attempt == attempts) return false;
    std::this_thread::sleep_for(kBetweenAttempts);
  }
  return true;
}

SlotLock::SlotLock(const std::filesystem::path& slot) : file_(slot / ".lock", O_RDWR | O_CREAT) {
  if (!lock_patiently(file_, kAttempts)) {
    if (errno != EWOULDBLOCK && errno != EINTR) base::throw_errno("cannot lock", file_.path());
    const auto pid = pid_in(file_);
    throw Error(ErrorCode::slot_locked, Disposition::fix_and_resend,
                "The slot " + slot.string() + " is in use by process " +
                    (pid ? std::to_string(*pid) : std::string("(unknown)")) +
                    ": stop that process, or give this sender another sender_id.");
  }
  close_in_children(file_.descriptor());
  file_.truncate(0);
  file_.write_all(std::to_string(::getpid()) + "\n");
}

SlotLock::~SlotLock() {
  forget_in_children(file_.descriptor());
  // A stale pid would do no harm, the lock decides; an empty file just reads better.
  if (file_.is_open() && ::ftruncate(file_.descriptor(), 0) != 0) return;
}

std::optional<long> SlotLock::holder(const std::filesystem::path& slot) {
  std::error_code failure;
  if (!std::filesystem::exists(slot / ".lock", failure)) return std::nullopt;
  const base::File file(slot / ".lock", O_RDONLY);
  if (::flock(file.descriptor(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  if (errno != EWOULDBLOCK) base::throw_errno("cannot look at the lock", file.path());
  return pid_in(file);
}

}  // namespace questclient::buffer
