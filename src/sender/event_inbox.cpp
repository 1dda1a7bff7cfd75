#include "sender/event_inbox.hpp"

#include <iterator>

namespace questclient::sender {

void EventInbox::add(const SenderEvent& event) {
  if (capacity_ == 0) return;
  const std::lock_guard lock(mutex_);
  if (events_.size() == capacity_) {
    events_.pop_front();
    ++dropped_;
  }
  events_.push_back(event);
}

std::vector<SenderEvent> EventInbox::take() {
  const std::lock_guard lock(mutex_);
  std::vector<SenderEvent> taken(std::make_move_iterator(events_.begin()),
                                 std::make_move_iterator(events_.end()));
  events_.clear();
  return taken;
}

std::uint64_t EventInbox::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace questclient::sender
