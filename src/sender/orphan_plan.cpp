#include "sender/orphan_plan.hpp"

#include <algorithm>
#include <utility>

namespace questclient::sender {

base::Time OrphanPlan::jittered_interval() {
  const base::Time whole = interval_;
  return whole * 3 / 4 + base::Time(random_.below(static_cast<std::uint64_t>(whole.count() / 2)));
}

void OrphanPlan::found(const std::vector<std::string>& names, base::Time now) {
  next_look_ = now + jittered_interval();
  std::erase_if(known_, [&](const auto& entry) {
    return !entry.second.is_active && std::find(names.begin(), names.end(), entry.first) == names.end();
  });
  waiting_.clear();
  for (const std::string& name : names) {
    const auto entry = known_.find(name);
    const bool rests = entry != known_.end() && (entry->second.is_active || now < entry->second.until);
    if (!rests) waiting_.push_back(name);
  }
}

std::optional<std::string> OrphanPlan::take() {
  if (waiting_.empty() || counts_.active >= most_) return std::nullopt;
  std::string name = std::move(waiting_.front());
  waiting_.pop_front();
  const failover::BackoffOptions pauses{interval_, std::max(interval_, kLongestOrphanPause)};
  known_.try_emplace(name, Resting{failover::Backoff(pauses)}).first->second.is_active = true;
  ++counts_.active;
  return name;
}

void OrphanPlan::ended(const std::string& name, End end, base::Time now) {
  --counts_.active;
  counts_.finished += end == End::sent;
  counts_.failed += end == End::failed;
  Resting& slot = known_.at(name);
  slot.is_active = false;
  if (end != End::failed) slot.backoff.reset();
  // Also one that was sent: should a look still find it, it must not be opened over and over.
  slot.until = now + slot.backoff.next(random_);
  next_look_ = now;
}

void OrphanPlan::forgive(base::Time now) {
  for (auto& [name, slot] : known_) {
    slot.until = now;
    slot.backoff.reset();
  }
  next_look_ = now;
}

}  // namespace questclient::sender
