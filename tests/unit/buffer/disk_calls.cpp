#include "disk_calls.hpp"

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace questclient::buffer {
namespace {

std::atomic<DiskListener*> listener = nullptr;
std::string root;
std::atomic<bool> rebooted = false;
/// What the listener does itself is nobody's concern.
thread_local bool listening = false;

bool is_below_root(const std::string& path) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

std::string path_of(int descriptor) {
  char path[PATH_MAX];
  const ssize_t length =
      ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), path, sizeof path);
  return length < 0 ? std::string() : std::string(path, static_cast<std::size_t>(length));
}

std::string path_at(int folder, const char* name) {
  if (name[0] == '/' || folder == AT_FDCWD) return name;
  return path_of(folder) + "/" + name;
}

template <class Describe, class Go>
long pass(const Describe& describe, const Go& go, std::size_t amount = 0) {
  DiskListener* const heard_by = listener.load(std::memory_order_acquire);
  if (heard_by == nullptr || listening) return go(amount);
  const DiskCall call = describe();
  if (!is_below_root(call.path)) return go(amount);
  listening = true;
  const long result = heard_by->handle(call, go);
  const int error = errno;
  listening = false;
  errno = error;
  return result;
}

using Kind = DiskCall::Kind;

int open_at(int folder, const char* name, int flags, unsigned mode) {
  if (rebooted && std::string_view(name) == "/proc/sys/kernel/random/boot_id")
    name = "/proc/sys/kernel/random/uuid";  // another one each time
  const auto go = [&](std::size_t) { return ::syscall(SYS_openat, folder, name, flags, mode); };
  return static_cast<int>(pass([&] { return DiskCall{Kind::open, path_at(folder, name), "", 0, 0}; }, go));
}

int remove_at(int folder, const char* name, int flags) {
  const auto go = [&](std::size_t) { return ::syscall(SYS_unlinkat, folder, name, flags); };
  return static_cast<int>(pass([&] { return DiskCall{Kind::remove, path_at(folder, name), "", 0, 0}; }, go));
}

int sync(int descriptor, Kind kind, long number) {
  const auto go = [&](std::size_t) { return ::syscall(number, descriptor); };
  return static_cast<int>(pass([&] { return DiskCall{kind, path_of(descriptor), "", 0, 0}; }, go));
}

int truncate_to(int descriptor, off_t size) {
  const auto go = [&](std::size_t) { return ::syscall(SYS_ftruncate, descriptor, size); };
  return static_cast<int>(pass([&] { return DiskCall{Kind::truncate, path_of(descriptor), "", 0, 0}; }, go));
}

ssize_t write_at(int descriptor, const void* bytes, std::size_t amount, off_t offset) {
  const auto go = [&](std::size_t part) { return ::syscall(SYS_pwrite64, descriptor, bytes, part, offset); };
  const auto describe = [&] {
    return DiskCall{Kind::write, path_of(descriptor), "", amount, static_cast<std::uint64_t>(offset)};
  };
  return pass(describe, go, amount);
}

unsigned mode_in(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, unsigned) : 0U;
}

}  // namespace

void listen_to_disk(DiskListener* to, const std::filesystem::path& below) {
  listener.store(nullptr);
  root = below.string();
  listener.store(to, std::memory_order_release);
}

void pretend_reboot(bool on) {
  rebooted = on;
}

}  // namespace questclient::buffer

namespace disk = questclient::buffer;

// The linker binds SQLite and the standard library to these, as it would bind them to any definition that
// comes before libc's.
extern "C" {

int open(const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = disk::mode_in(flags, arguments);
  va_end(arguments);
  return disk::open_at(AT_FDCWD, name, flags, mode);
}

int open64(const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = disk::mode_in(flags, arguments);
  va_end(arguments);
  return disk::open_at(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = disk::mode_in(flags, arguments);
  va_end(arguments);
  return disk::open_at(folder, name, flags, mode);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t amount, off_t offset) {
  return disk::write_at(descriptor, bytes, amount, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t amount, off_t offset) {
  return disk::write_at(descriptor, bytes, amount, offset);
}

ssize_t write(int descriptor, const void* bytes, size_t amount) {
  const auto go = [&](size_t part) { return ::syscall(SYS_write, descriptor, bytes, part); };
  return disk::pass(
      [&] {
        return disk::DiskCall{disk::Kind::write, disk::path_of(descriptor), "", amount, UINT64_MAX};
      },
      go, amount);
}

int ftruncate(int descriptor, off_t size) noexcept {
  return disk::truncate_to(descriptor, size);
}

int ftruncate64(int descriptor, off_t size) noexcept {
  return disk::truncate_to(descriptor, size);
}

int fsync(int descriptor) {
  return disk::sync(descriptor, disk::Kind::sync, SYS_fsync);
}

int fdatasync(int descriptor) {
  return disk::sync(descriptor, disk::Kind::sync_data, SYS_fdatasync);
}

int rename(const char* from, const char* to) noexcept {
  const auto go = [&](size_t) { return ::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); };
  return static_cast<int>(disk::pass([&] { return disk::DiskCall{disk::Kind::rename, from, to, 0, 0}; }, go));
}

int unlink(const char* name) noexcept {
  return disk::remove_at(AT_FDCWD, name, 0);
}

int unlinkat(int folder, const char* name, int flags) noexcept {
  return disk::remove_at(folder, name, flags);
}

int rmdir(const char* name) noexcept {
  return disk::remove_at(AT_FDCWD, name, AT_REMOVEDIR);
}

int remove(const char* name) noexcept {
  const int removed = disk::remove_at(AT_FDCWD, name, 0);
  return removed == 0 || errno != EISDIR ? removed : disk::remove_at(AT_FDCWD, name, AT_REMOVEDIR);
}

int mkdir(const char* name, mode_t mode) noexcept {
  const auto go = [&](size_t) { return ::syscall(SYS_mkdirat, AT_FDCWD, name, mode); };
  return static_cast<int>(disk::pass(
      [&] {
        return disk::DiskCall{disk::Kind::make_directory, name, "", 0, 0};
      },
      go));
}

}  // extern "C"
