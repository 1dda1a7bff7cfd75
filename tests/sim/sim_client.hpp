// The client in virtual time: the shipped sender::Core over a simulated slot and network.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <questclient/line_buffer.hpp>

#include "sender/core.hpp"
#include "sim/sim_slot.hpp"
#include "sim/world.hpp"

namespace questclient::sim {

/// What the client's requests reach: node `host` (its index in `addr`).
class Network {
 public:
  virtual ~Network() = default;
  virtual bool reachable(std::size_t host) const = 0;
  virtual void deliver(std::size_t host, const net::HttpRequest& request,
                       std::function<void(net::HttpResponse)> reply) = 0;
};

class SimClient {
 public:
  SimClient(World& world, Network& network, std::size_t hosts);

  /// Flushes one frame of one to four rows; once in a while a row that no server takes.
  void produce();
  /// A synced flush: from now on these rows are promised.
  void sync();
  void kill();
  void power_cut();
  void restart();
  /// The network loses and repeats nothing from now on.
  void heal() { healthy_ = true; }

  bool up() const { return core_ != nullptr; }
  bool drained() const { return slot_.empty(); }

  /// Rows that must be in the log exactly once, or buried.
  const std::set<std::uint64_t>& promised() const { return promised_; }
  const SimSlot& slot() const { return slot_; }
  const std::set<std::uint64_t>& bad_rows() const { return bad_rows_; }
  /// Refused rows that the client told of and did not keep, as its policy says.
  const std::set<std::uint64_t>& dropped_by_policy() const { return dropped_by_policy_; }
  /// Rows that a full slot gave up: they may be in the log or not.
  const std::set<std::uint64_t>& dropped_by_slot() const { return dropped_by_slot_; }
  /// Rows that the client told of as missing.
  const std::set<std::uint64_t>& told_missing() const { return told_missing_; }
  /// It had to take a cluster for one made anew: nobody who knew better was up for long enough.
  bool was_misled() const { return misled_; }

 private:
  sender::CoreOptions core_options() const;
  std::string next_row(std::uint64_t id);
  void drop_oldest();
  void run(std::vector<sender::Action> actions);
  void take(const SenderEvent& event);
  void take(const sender::Acknowledged& told);
  void take_missing(const SenderEvent& event);
  void check_drain_rate(const net::HttpRequest& request);
  void connect(const sender::Connect& connect);
  void send(const sender::Send& send);
  void schedule_timer();
  /// An event for the Core of this incarnation, or nothing if it died meanwhile.
  void after(Time delay, std::function<void()> event);

  World& world_;
  Network& network_;
  SimSlot slot_;
  std::size_t hosts_;
  std::unique_ptr<sender::Core> core_;
  std::uint64_t incarnation_ = 0;
  std::map<sender::ConnectionId, std::size_t> hosts_of_;
  base::Fsn durable_ = 0;
  bool healthy_ = false;
  bool told_to_drop_ = false;  ///< By an operator, after the client halted.
  int halts_ = 0;
  bool misled_ = false;
  const bool drops_bad_rows_;
  sender::Acknowledged committed_, safe_;

  // Of this connection, for drain_rate.
  Time connected_at_{};
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_live_ = 0;

  std::uint64_t next_id_ = 1;
  std::set<std::uint64_t> unsynced_;
  std::set<std::uint64_t> promised_;
  std::set<std::uint64_t> bad_rows_;
  std::set<std::uint64_t> dropped_by_policy_;
  std::set<std::uint64_t> dropped_by_slot_;
  std::set<std::uint64_t> told_missing_;
};

}  // namespace questclient::sim
