#include "buffer/slot_lock.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

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

bool is_found_by_name(const base::File& file) {
  struct stat held {};
  struct stat named {};
  return ::fstat(file.descriptor(), &held) == 0 && ::stat(file.path().c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
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

SlotLock::SlotLock(const std::filesystem::path& slot) : slot_(slot), folder_(slot, O_RDONLY | O_DIRECTORY) {
  lock_folder();
  if (!take_file()) refuse();
  close_in_children(folder_.descriptor());
}

SlotLock::~SlotLock() {
  forget_in_children(folder_.descriptor());
  forget_in_children(file_.descriptor());
  // A stale pid would do no harm, the lock decides; an empty file just reads better.
  if (file_.is_open() && ::ftruncate(file_.descriptor(), 0) != 0) return;
}

// Some network file systems lock only what is open for writing, which no folder is: there the .lock decides.
void SlotLock::lock_folder() {
  folder_is_locked_ = lock_patiently(folder_, kAttempts);
  if (!folder_is_locked_ && errno == EWOULDBLOCK) refuse();
}

bool SlotLock::take_file() {
  base::File file;
  do {
    file = base::File(slot_ / ".lock", O_RDWR | O_CREAT);
    if (!lock_patiently(file, kAttempts)) {
      if (errno != EWOULDBLOCK && errno != EINTR) base::throw_errno("cannot lock", file.path());
      return false;
    }
  } while (!is_found_by_name(file));
  file.truncate(0);
  file.write_all(std::to_string(::getpid()) + "\n");
  close_in_children(file.descriptor());
  if (file_.is_open()) forget_in_children(file_.descriptor());
  file_ = std::move(file);
  return true;
}

void SlotLock::refuse() const {
  std::error_code unknown;
  const auto file = slot_ / ".lock";
  long pid = 0;
  if (std::filesystem::exists(file, unknown)) pid = pid_in(base::File(file, O_RDONLY)).value_or(0);
  const std::string process = pid == 0 ? "(unknown)" : std::to_string(pid);
  const std::string holder =
      pid == ::getpid()
          ? "another sender of this process, " + process +
                ": share that one between threads, or give each sender a sender_id of "
                "its own."
          : "process " + process + ": stop that process, or give this sender another sender_id.";
  throw Error(ErrorCode::slot_locked, Disposition::fix_and_resend,
              "The slot " + slot_.string() + " is in use by " + holder);
}

void SlotLock::require_held() {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (is_found_by_name(file_)) return;
  // While the folder is locked nobody else can have opened the slot meanwhile.
  if (folder_is_locked_ && is_found_by_name(folder_) && take_file()) return;
  throw Error(ErrorCode::slot_io, Disposition::terminal,
              "The slot " + slot_.string() +
                  " is not this sender's any more: its folder or its .lock was removed or replaced while the "
                  "sender ran. Close the sender and open it again");
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
