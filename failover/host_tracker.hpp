// What the client knows of each host, and which one it would try next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace questclient::failover {

/// In order of preference: the lower, the sooner it is tried.
enum class HostState : std::uint8_t {
  healthy,           ///< It said that it accepts writes.
  unknown,           ///< Not heard from yet.
  transient_reject,  ///< 421 with role PRIMARY_CATCHUP: a primary soon.
  transport_error,   ///< Unreachable, broken, busy, or an answer that makes no sense.
  topology_reject,   ///< Another role, a deposed primary, or a server that lacks what the user asked for.
};

/// "healthy", "transport_error", ...: as in HostStats::state.
const char* to_string(HostState state) noexcept;

/// The host says that it is not for us at present, as opposed to being out of order.
constexpr bool is_role_reject(HostState state) {
  return state == HostState::transient_reject || state == HostState::topology_reject;
}

/// Hosts are known by their index in `addr`. Not thread-safe.
class HostTracker {
 public:
  explicit HostTracker(std::size_t hosts) : hosts_(hosts) {}

  std::size_t size() const { return hosts_.size(); }
  HostState state(std::size_t host) const { return hosts_[host].state; }
  void mark(std::size_t host, HostState state);

  /// Forgets who was tried, not what was learnt of them.
  void begin_round();
  void mark_tried(std::size_t host) { hosts_[host].tried = true; }
  void forgive(std::size_t host) { hosts_[host].tried = false; }

  /// The best host not tried in this round; nothing when the round is exhausted. The healthy host heard from
  /// last comes before other healthy ones; all other ties keep the order of `addr`.
  std::optional<std::size_t> best() const;

 private:
  struct Host {
    HostState state = HostState::unknown;
    bool tried = false;
  };
  bool preferred(std::size_t host, std::size_t over) const;

  std::vector<Host> hosts_;
  std::optional<std::size_t> last_healthy_;
};

}  // namespace questclient::failover
