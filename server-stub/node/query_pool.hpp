// A few threads that may block, for queries: the front's threads must not.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "namespace.hpp"

namespace questnode::node {

/// Thread-safe.
class QueryPool {
 public:
  QueryPool(int threads, std::size_t max_waiting);
  /// Drops what waits, ends after what runs.
  ~QueryPool();

  /// False: too many wait already. `job` must not throw.
  bool submit(std::function<void()> job);

 private:
  void run();

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace questnode::node
