// What a slot has to tell: collected under its lock, told without it.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "buffer/slot.hpp"

namespace questclient::buffer {

/// Belongs to the slot's mutex, which every member needs.
class SlotNews {
 public:
  using Lock = std::unique_lock<std::mutex>;

  void on_appended(std::function<void()> callback) { appended_callback_ = std::move(callback); }
  /// Tells it what is known already.
  void on_event(Lock& lock, std::function<void(const SlotEvent&)> callback);

  /// Frames became readable.
  void appended() { appended_ = true; }
  void finished(std::function<void(Appended)> done, Appended how);
  void event(SlotEvent event) { events_.push_back(std::move(event)); }
  /// Tells, once until it has fallen below 70 % again, that more than 80 % are used. `what` begins the
  /// message.
  void watch_filling(const std::string& what, std::uint64_t used, std::uint64_t quota);

  /// Left with the lock held, but not in between.
  void tell(Lock& lock);

 private:
  struct Finished {
    std::function<void(Appended)> done;
    Appended how;
  };

  std::function<void()> appended_callback_;
  std::function<void(const SlotEvent&)> event_callback_;
  bool appended_ = false;
  std::vector<SlotEvent> events_;
  std::vector<Finished> finished_;
  bool filling_ = false;
};

}  // namespace questclient::buffer
