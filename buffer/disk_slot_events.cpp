#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

constexpr std::chrono::minutes kBetweenReports{1};

}  // namespace

void DiskSlot::note_failure(const char* kind, const std::string& why) {
  ++counted_.io_errors;
  const base::Time now = clock_.now();
  const auto told = told_failures_.find(kind);
  if (told != told_failures_.end() && now - told->second < kBetweenReports) return;
  told_failures_[kind] = now;
  failing_ = true;
  SlotEvent event;
  event.kind = SlotEvent::Kind::io_failed;
  event.message = std::string(kind) + ": " + why + ". It is tried again.";
  events_.push_back(std::move(event));
}

void DiskSlot::note_success() {
  if (!failing_) return;
  failing_ = false;
  SlotEvent event;
  event.kind = SlotEvent::Kind::io_recovered;
  event.message = "The slot " + folder_.path().string() + " takes frames again.";
  events_.push_back(std::move(event));
}

void DiskSlot::tell(Lock& lock) {
  while (!finished_.empty() || !events_.empty() || appended_) {
    const auto finished = std::exchange(finished_, {});
    const auto events = std::exchange(events_, {});
    const std::function<void()> appended =
        std::exchange(appended_, false) ? callback_ : std::function<void()>();
    const auto event_callback = event_callback_;
    lock.unlock();
    for (const auto& append : finished) append->later({append->failure ? 0 : append->fsn, append->failure});
    if (event_callback)
      for (const SlotEvent& event : events) event_callback(event);
    if (appended) appended();
    lock.lock();
  }
}

}  // namespace questclient::buffer
