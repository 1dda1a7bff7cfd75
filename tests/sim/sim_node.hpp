// A node in virtual time: the shipped Replicator, Sequencer and ILP parser over a WAL in memory.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cluster_state.hpp"
#include "engine/memory_wal.hpp"
#include "engine/sequencer.hpp"
#include "net/http_client.hpp"
#include "replication/replicator.hpp"
#include "sim/sim_store.hpp"
#include "sim/world.hpp"

namespace questclient::sim {

/// Rows of this table make a node close the connection instead of answering.
inline constexpr const char* kPoisonTable = "poison";
/// The status of an answer that is none.
inline constexpr int kClosed = 0;

class SimNode {
 public:
  using Reply = std::function<void(net::HttpResponse)>;

  SimNode(World& world, SimStore& store, std::string name, bool primary);

  void kill();
  void power_cut();
  void restart();
  void promote();
  /// Cut off from the store (its requests are never answered) or not.
  void set_store_reachable(bool reachable) { store_reachable_ = reachable; }

  bool up() const { return replicator_ != nullptr; }
  bool writable() const { return sequencer_.has_value(); }
  void handle(const net::HttpRequest& request, Reply reply);

  const questnode::engine::Wal& wal() const { return wal_; }
  /// Entries that the node knows to be in the log.
  std::uint64_t through() const { return applied_.number(); }
  const questnode::engine::ClusterState& applied() const { return applied_; }
  const std::vector<std::string>& rescued() const { return rescue_.entries; }
  const std::string& name() const { return name_; }
  questnode::replication::ReplicatorStatus status() const { return replicator_->status(); }

 private:
  struct StateStore final : questnode::replication::NodeStateStore {
    questnode::replication::NodeState state;
    questnode::replication::NodeState load() override { return state; }
    void save(const questnode::replication::NodeState& to_keep) override { state = to_keep; }
  };
  struct Rescue final : questnode::replication::RescueStore {
    std::vector<std::string> entries;
    void rescue(std::uint64_t, std::uint64_t, const std::vector<std::string>& tail) override {
      entries.insert(entries.end(), tail.begin(), tail.end());
    }
  };
  struct Waiting {
    std::uint64_t number;
    std::function<void()> answer;
  };

  void run(questnode::replication::Action action);
  void proceed(questnode::replication::Event event);
  void after(Time delay, std::function<void()> event);
  void advance(std::uint64_t through);
  void start_writing(std::uint64_t epoch);
  void stop_writing();
  void when_synced(std::function<void()> to_answer);

  /// What a front end answers before anything else; nothing: the request goes on.
  std::optional<net::HttpResponse> refuse(const net::HttpRequest& request) const;
  void write(const net::HttpRequest& request, const Reply& reply);
  void commit(questnode::engine::Admission admission, const base::Uuid& stream, const Reply& reply);
  questnode::engine::Admission admit_without_checking(questnode::engine::Admission decided_before);
  void wait_durable(const net::HttpRequest& request, const Reply& reply);
  net::HttpResponse answer(int status, const std::optional<base::Uuid>& stream = {}) const;

  World& world_;
  SimStore& store_;
  const std::string name_;
  questnode::engine::MemoryWal wal_;
  StateStore state_;
  Rescue rescue_;
  questnode::engine::ClusterState applied_;  // rebuilt from the WAL at every start

  std::unique_ptr<questnode::replication::Replicator> replicator_;
  std::optional<questnode::engine::Sequencer> sequencer_;
  std::uint64_t epoch_ = 0;
  std::deque<Waiting> waiting_;
  bool sync_scheduled_ = false;
  bool idle_ = false;
  bool store_reachable_ = true;
  std::uint64_t incarnation_ = 0;
};

}  // namespace questclient::sim
