#include "failover/host_walk.hpp"

namespace questclient::failover {

WalkStep HostWalk::next(base::RandomSource& random) {
  if (const auto host = tracker_.best()) {
    tracker_.mark_tried(*host);
    return {host, {}};
  }
  // Hosts that all answer "not me" are about to agree on a primary: look again soon.
  const auto sleep = only_role_rejects_ ? backoff_.first(random) : backoff_.next(random);
  tracker_.begin_round();
  only_role_rejects_ = true;
  return {std::nullopt, sleep};
}

void HostWalk::progressed() {
  tracker_.begin_round();
  only_role_rejects_ = true;
  backoff_.reset();
}

void HostWalk::failed(std::size_t host, HostState state) {
  tracker_.mark(host, state);
  if (!is_role_reject(state)) only_role_rejects_ = false;
}

void HostWalk::busy(std::size_t host) {
  failed(host, HostState::transport_error);
  tracker_.mark_tried(host);
}

}  // namespace questclient::failover
