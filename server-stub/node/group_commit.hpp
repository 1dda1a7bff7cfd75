// One sync for all that waits: answers go out once their entries are on the disk.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/wal.hpp"
#include "node/config.hpp"

namespace questnode::node {

/// Thread-safe. The WAL outlives it.
class GroupCommit {
 public:
  struct Events {
    std::function<void(std::uint64_t synced)> synced;        ///< On this object's thread.
    std::function<void(const std::string& message)> failed;  ///< The disk refused: nothing is certain.
  };
  GroupCommit(engine::Wal& wal, CommitMode mode, Events events);
  ~GroupCommit();
  /// Syncs what is left; waits that this does not reach, and later ones, end with `false`.
  void stop();

  /// Entries up to `number` are in the WAL: sync them. REQUIRES: no abandon() since it was appended.
  void appended(std::uint64_t number);
  /// Counts the abandons: an entry number means something only together with it.
  std::uint64_t generation() const;
  /// Calls `done(true)` when an answer about entry `number` of that generation may go out (at once unless the
  /// mode is sync), `done(false)` when it never will.
  void when_committed(std::uint64_t number, std::uint64_t generation, std::function<void(bool)> done);
  /// Nothing more is synced, every wait ends with `false`. On return no sync is under way.
  void abandon();

 private:
  struct Waiter {
    std::uint64_t number;
    std::function<void(bool)> done;
  };
  void run();
  bool sync_once();
  std::vector<Waiter> take_waiters(std::uint64_t through);

  engine::Wal& wal_;
  const CommitMode mode_;
  const Events events_;
  std::mutex sync_mutex_;  // Held while a sync is under way; taken before mutex_.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t target_ = 0;
  std::uint64_t generation_ = 0;
  bool failed_ = false;
  bool stop_ = false;
  std::vector<Waiter> waiters_;
  std::thread thread_;
};

}  // namespace questnode::node
