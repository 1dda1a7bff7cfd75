#include "buffer/slot_news.hpp"

#include <algorithm>

namespace questclient::buffer {
namespace {

constexpr std::uint64_t kFillingPercent = 80;
constexpr std::uint64_t kCalmPercent = 70;

}  // namespace

void SlotNews::on_event(Lock& lock, std::function<void(const SlotEvent&)> callback) {
  event_callback_ = std::move(callback);
  if (!events_.empty()) tell(lock);
}

void SlotNews::finished(std::function<void(Appended)> done, Appended how) {
  finished_.push_back({std::move(done), std::move(how)});
}

void SlotNews::watch_filling(const std::string& what, std::uint64_t used, std::uint64_t quota) {
  const std::uint64_t percent = used / std::max<std::uint64_t>(1, quota / 100);
  if (percent < kCalmPercent) filling_ = false;
  if (percent < kFillingPercent || filling_) return;
  filling_ = true;
  SlotEvent filling;
  filling.message = what + " " + std::to_string(used) + " of at most " + std::to_string(quota) +
                    " bytes: the cluster takes rows too slowly or not at all.";
  event(std::move(filling));
}

void SlotNews::tell(Lock& lock) {
  while (!finished_.empty() || !events_.empty() || appended_) {
    const auto finished = std::exchange(finished_, {});
    const auto events = std::exchange(events_, {});
    const std::function<void()> appended =
        std::exchange(appended_, false) ? appended_callback_ : std::function<void()>();
    const auto event_callback = event_callback_;
    lock.unlock();
    for (const Finished& one : finished) one.done(one.how);
    if (event_callback)
      for (const SlotEvent& event : events) event_callback(event);
    if (appended) appended();
    lock.lock();
  }
}

}  // namespace questclient::buffer
