// Events kept for an application that would rather poll than be called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include <questclient/events.hpp>

namespace questclient::sender {

/// Keeps the newest `capacity` events. Thread-safe.
class EventInbox {
 public:
  explicit EventInbox(std::size_t capacity) : capacity_(capacity) {}

  void add(const SenderEvent& event);
  /// The events since the last call, oldest first.
  std::vector<SenderEvent> take();
  /// Events that were dropped, the oldest first, for want of room. None are counted when nothing is kept.
  std::uint64_t dropped() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<SenderEvent> events_;
  std::uint64_t dropped_ = 0;
};

}  // namespace questclient::sender
