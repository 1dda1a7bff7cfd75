// Waits that end when something is true, or at a deadline: long polls, promotions. One thread for all.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "namespace.hpp"

namespace questnode::node {

/// Thread-safe.
class WaitList {
 public:
  explicit WaitList(const base::Clock& clock);
  ~WaitList();

  /// Ends every wait with `false`, and every later one at once.
  void stop();

  /// Calls `done(true)` once `ready` holds, else `done(false)` at the deadline; on this list's thread.
  void add(std::function<bool()> ready, base::Time deadline, std::function<void(bool)> done);
  /// Something changed: look again.
  void notify();

 private:
  struct Wait {
    std::function<bool()> ready;
    base::Time deadline;
    std::function<void(bool)> done;
  };
  void run();
  void pause(std::unique_lock<std::mutex>& lock, bool any, base::Time earliest);

  const base::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Wait> added_;
  bool look_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace questnode::node
