// When to look for slots of ended senders, and which of them to send next.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "failover/backoff.hpp"

namespace questclient::sender {

/// Between two looks, give or take a quarter, so that the senders of one machine do not look all at once.
inline constexpr std::chrono::milliseconds kOrphanInterval{10000};
/// A slot that cannot be sent is tried again after the interval, then after longer and longer ones up to
/// this.
inline constexpr std::chrono::milliseconds kLongestOrphanPause{300000};

/// Pure: events and the time go in. Not thread-safe.
class OrphanPlan {
 public:
  /// How sending one slot ended. `left`: it was stopped, or somebody else has the slot.
  enum class End : std::uint8_t { sent, failed, left };
  struct Counts {
    std::uint64_t active = 0;
    std::uint64_t finished = 0;
    std::uint64_t failed = 0;
  };

  /// At most `most` slots are sent at a time. The first look is due at once.
  OrphanPlan(std::size_t most, base::RandomSource& random,
             std::chrono::milliseconds interval = kOrphanInterval)
      : most_(most), interval_(interval), random_(random) {}

  base::Time next_look() const { return next_look_; }
  /// These slots have rows and no holder: all that a look found.
  void found(const std::vector<std::string>& names, base::Time now);
  /// A slot to begin with, if one waits and there is room for one more; it counts as active until ended().
  std::optional<std::string> take();
  /// There may be others by now, so the next look is due at once.
  void ended(const std::string& name, End end, base::Time now);
  /// What made slots fail is mended: every one is tried again at once.
  void forgive(base::Time now);

  const Counts& counts() const { return counts_; }

 private:
  struct Resting {
    failover::Backoff backoff;
    base::Time until{};
    bool is_active = false;
  };
  base::Time jittered_interval();

  const std::size_t most_;
  const std::chrono::milliseconds interval_;
  base::RandomSource& random_;
  base::Time next_look_ = base::Time::min();
  std::deque<std::string> waiting_;
  std::map<std::string, Resting> known_;  ///< Of the newest look, and the active ones.
  Counts counts_;
};

}  // namespace questclient::sender
