#include "failover/host_tracker.hpp"

namespace questclient::failover {

const char* to_string(HostState state) noexcept {
  switch (state) {
    case HostState::healthy:
      return "healthy";
    case HostState::unknown:
      return "unknown";
    case HostState::transient_reject:
      return "transient_reject";
    case HostState::transport_error:
      return "transport_error";
    case HostState::topology_reject:
      return "topology_reject";
  }
  return "unknown";
}

void HostTracker::mark(std::size_t host, HostState state) {
  hosts_[host].state = state;
  if (state == HostState::healthy) last_healthy_ = host;
}

void HostTracker::begin_round() {
  for (Host& host : hosts_) host.tried = false;
}

bool HostTracker::preferred(std::size_t host, std::size_t over) const {
  const HostState a = hosts_[host].state;
  const HostState b = hosts_[over].state;
  if (a != b) return a < b;
  return a == HostState::healthy && last_healthy_ == host;
}

std::optional<std::size_t> HostTracker::best() const {
  std::optional<std::size_t> best;
  for (std::size_t host = 0; host < hosts_.size(); ++host) {
    if (hosts_[host].tried) continue;
    if (!best || preferred(host, *best)) best = host;
  }
  return best;
}

}  // namespace questclient::failover
