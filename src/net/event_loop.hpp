// The I/O thread's loop and what runs on it. Nothing here shows Boost to its users.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.hpp"

namespace questclient::net {

/// Runs callbacks one after the other on the thread that called run().
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Blocks until stop(). Callbacks must not throw.
  void run();
  /// Thread-safe.
  void stop();
  /// Runs `callback` on the loop soon. Thread-safe.
  void post(std::function<void()> callback);

  /// One timer: setting it again replaces the earlier deadline. On the loop's thread only.
  class Timer {
   public:
    explicit Timer(EventLoop& loop);
    ~Timer();
    /// `deadline` on SystemClock::now()'s scale.
    void set(base::Time deadline, std::function<void()> callback);
    void cancel();

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace questclient::net
