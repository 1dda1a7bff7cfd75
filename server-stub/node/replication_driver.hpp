// The thread that runs the Replicator: carries out its actions and reports what came of them. No policy.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "object_store/object_store.hpp"
#include "replication/replicator.hpp"

namespace questnode::node {

/// Thread-safe but for the events, which come on this object's thread. Everything passed in outlives it.
class ReplicationDriver {
 public:
  struct Events {
    std::function<void(std::uint64_t epoch)> start_writing;
    std::function<void(const std::string& reason)> stop_writing;
    std::function<void(std::uint64_t through)> log_advanced;
    std::function<void(const replication::ReplicatorStatus& status)> status;  ///< After each step.
    std::function<void(const std::string& message)> failed;                   ///< It stopped for good.
  };
  ReplicationDriver(replication::Replicator& replicator, object_store::ObjectStore& store,
                    const base::Clock& clock, Events events);
  ~ReplicationDriver();
  void start();
  /// Ends after the action under way; no event comes afterwards.
  void stop();

  /// There is something new to upload.
  void wake();
  void promote();

 private:
  void run();
  void work();
  replication::Event carry_out(const replication::Action& action);
  void pause(base::Time until);

  replication::Replicator& replicator_;
  object_store::ObjectStore& store_;
  const base::Clock& clock_;
  const Events events_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool promotion_wanted_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace questnode::node
