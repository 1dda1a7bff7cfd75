// Rounds over the hosts: every host without a pause, then one sleep.
#pragma once

#include <chrono>
#include <optional>

#include "base/random.hpp"
#include "failover/backoff.hpp"
#include "failover/host_tracker.hpp"

namespace questclient::failover {

/// Either a host to try now, or how long to sleep before asking again.
struct WalkStep {
  std::optional<std::size_t> host;
  std::chrono::milliseconds sleep{0};
};

/// Not thread-safe.
class HostWalk {
 public:
  HostWalk(std::size_t hosts, BackoffOptions backoff) : tracker_(hosts), backoff_(backoff) {}

  /// Every host was tried: next() would be a sleep.
  bool round_is_over() const { return !tracker_.best(); }
  /// The host counts as tried in this round. A sleep ends the round.
  WalkStep next(base::RandomSource& random);

  /// The host says that it accepts writes. That alone resets no backoff: it may break at the first rows.
  void accepted(std::size_t host) { tracker_.mark(host, HostState::healthy); }
  /// Rows got through: what follows is a new round, with the shortest backoff.
  void progressed();
  /// To be told before next() is asked.
  void failed(std::size_t host, HostState state);
  /// It failed in a way that says nothing on its state, for example a request that timed out.
  void lost() { only_role_rejects_ = false; }
  /// It broke for no fault of its own, for example an idle connection that ran out: it may be tried again.
  void retry(std::size_t host) { tracker_.forgive(host); }
  /// It was busy: the others first, then a sleep, then this one.
  void busy(std::size_t host);

  const HostTracker& hosts() const { return tracker_; }

 private:
  HostTracker tracker_;
  Backoff backoff_;
  bool only_role_rejects_ = true;
};

}  // namespace questclient::failover
