#include "node/wait_list.hpp"

#include <algorithm>
#include <iterator>

namespace questnode::node {

WaitList::WaitList(const base::Clock& clock) : clock_(clock), thread_([this] { run(); }) {}

WaitList::~WaitList() {
  stop();
}

void WaitList::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void WaitList::add(std::function<bool()> ready, base::Time deadline, std::function<void(bool)> done) {
  {
    std::lock_guard lock(mutex_);
    if (!stop_) {
      added_.push_back({std::move(ready), deadline, std::move(done)});
      look_ = true;
      changed_.notify_one();
      return;
    }
  }
  done(false);
}

void WaitList::notify() {
  std::lock_guard lock(mutex_);
  look_ = true;
  changed_.notify_one();
}

void WaitList::pause(std::unique_lock<std::mutex>& lock, bool any, base::Time earliest) {
  const auto woken = [this] { return look_ || stop_; };
  if (!any) return changed_.wait(lock, woken);
  changed_.wait_for(lock, std::max(earliest - clock_.now(), base::Time(0)), woken);
}

void WaitList::run() {
  std::vector<Wait> waits;  // Only this thread touches them, so callbacks run without the lock.
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto first = std::min_element(waits.begin(), waits.end(),
                                        [](const Wait& a, const Wait& b) { return a.deadline < b.deadline; });
    pause(lock, !waits.empty(), waits.empty() ? base::Time(0) : first->deadline);
    look_ = false;
    std::move(added_.begin(), added_.end(), std::back_inserter(waits));
    added_.clear();
    lock.unlock();
    std::erase_if(waits, [now = clock_.now()](Wait& wait) {
      const bool ready = wait.ready();
      if (!ready && now < wait.deadline) return false;
      wait.done(ready);
      return true;
    });
    lock.lock();
  }
  std::move(added_.begin(), added_.end(), std::back_inserter(waits));
  lock.unlock();
  for (Wait& wait : waits) wait.done(false);
}

}  // namespace questnode::node
