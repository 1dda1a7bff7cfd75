// The one deadline that a connection has at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "net/event_loop.hpp"

namespace questclient::net {

/// On the loop's thread only.
class Deadline {
 public:
  explicit Deadline(EventLoop& loop) : timer_(loop) {}

  /// When it passes, owner.timed_out("<what> within <timeout> ms") is called, unless the deadline was set
  /// anew or cancelled, or the owner is gone. Setting it again replaces the earlier one.
  template <class Owner>
  void set(std::chrono::milliseconds timeout, const char* what, Owner& owner) {
    timer_.set(base::SystemClock().now() + timeout, [weak = owner.weak_from_this(), what, timeout] {
      const auto self = weak.lock();
      if (self) self->timed_out(std::string(what) + " within " + std::to_string(timeout.count()) + " ms");
    });
  }
  void cancel() { timer_.cancel(); }

 private:
  EventLoop::Timer timer_;
};

}  // namespace questclient::net
