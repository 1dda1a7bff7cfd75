#include "buffer/fork_guard.hpp"

#include <array>
#include <atomic>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <sqlite3.h>

namespace questclient::buffer {
namespace {

constexpr int kFree = -1;

std::atomic<std::uint64_t> generation{0};

// Only what a child may do before exec: no lock, no memory.
std::array<std::atomic<int>, 512>& watched() noexcept {
  static auto& descriptors = []() -> std::array<std::atomic<int>, 512>& {
    static std::array<std::atomic<int>, 512> made;
    for (auto& place : made) place = kFree;
    return made;
  }();
  return descriptors;
}

using SqliteMutexes = std::array<sqlite3_mutex*, 12>;

/// Those that all connections share.
SqliteMutexes& sqlite_mutexes() noexcept {
  static SqliteMutexes mutexes = [] {
    SqliteMutexes made;
    for (std::size_t at = 0; at < made.size(); ++at)
      made[at] = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_MAIN + static_cast<int>(at));
    return made;
  }();
  return mutexes;
}

void leave_sqlite(std::size_t count = SqliteMutexes().size()) {
  while (count != 0) sqlite3_mutex_leave(sqlite_mutexes()[--count]);
}

bool try_to_enter_sqlite() {
  for (std::size_t at = 0; at < sqlite_mutexes().size(); ++at) {
    if (sqlite3_mutex_try(sqlite_mutexes()[at]) == SQLITE_OK) continue;
    leave_sqlite(at);
    return false;
  }
  return true;
}

// What another thread holds at a fork nobody ever releases in the child. All or none, in no order that SQLite
// would have to keep to.
void before_fork() {
  while (!try_to_enter_sqlite()) ::sched_yield();
}

void in_parent() {
  leave_sqlite();
}

void in_child() {
  leave_sqlite();
  generation.fetch_add(1, std::memory_order_relaxed);
  for (auto& place : watched()) {
    const int descriptor = place.exchange(kFree);
    if (descriptor != kFree) ::close(descriptor);
  }
}

void install() noexcept {
  static const int installed = [] {
    watched();
    sqlite_mutexes();
    return ::pthread_atfork(before_fork, in_parent, in_child);
  }();
  static_cast<void>(installed);
}

}  // namespace

std::uint64_t fork_generation() noexcept {
  install();
  return generation.load(std::memory_order_relaxed);
}

void close_in_children(int descriptor) noexcept {
  install();
  for (auto& place : watched()) {
    int expected = kFree;
    if (place.compare_exchange_strong(expected, descriptor)) return;
  }
}

void forget_in_children(int descriptor) noexcept {
  for (auto& place : watched()) {
    int expected = descriptor;
    if (place.compare_exchange_strong(expected, kFree)) return;
  }
}

}  // namespace questclient::buffer
