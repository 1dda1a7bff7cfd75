// Everything that a replicator needs besides the object store, in memory; and a driver that carries out its
// actions one at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "engine/memory_wal.hpp"
#include "object_store/object_store.hpp"
#include "replication/replicator.hpp"

namespace questnode::replication {

class MemoryStateStore final : public NodeStateStore {
 public:
  NodeState load() override { return state; }
  void save(const NodeState& next) override {
    state = next;
    ++saves;
  }
  NodeState state;
  int saves = 0;
};

class MemoryRescueStore final : public RescueStore {
 public:
  void rescue(std::uint64_t epoch, std::uint64_t first_entry,
              const std::vector<std::string>& rescued) override {
    if (fail) throw std::system_error(ENOSPC, std::generic_category(), "rescue");
    calls.push_back({epoch, first_entry});
    entries.insert(entries.end(), rescued.begin(), rescued.end());
  }
  bool fail = false;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> calls;
  std::vector<std::string> entries;
};

/// One node: its disk survives crash(), its replicator does not.
class MemoryNode {
 public:
  MemoryNode(std::string node_name, object_store::ObjectStore& object_store, std::uint64_t seed)
      : random(seed), store(object_store) {
    options.node = std::move(node_name);
    options.address = options.node + ":9000";
  }

  bool is_up() const { return replicator != nullptr; }
  bool is_writing() const { return is_up() && writing_epoch.has_value(); }

  void start() {
    replicator = std::make_unique<Replicator>(options, wal, state, rescue, random);
    outstanding = replicator->start(now, wall);
  }
  void crash() {
    replicator.reset();
    outstanding.reset();
    pending.reset();
    writing_epoch.reset();
    advanced = 0;
  }

  /// Carries out the outstanding action and takes the next one. The store is asked here, and the answer
  /// handed over here: a crash may come in between only through answer().
  void step() {
    if (!pending) perform();
    answer();
  }
  /// First half: the action takes effect.
  void perform() {
    Event event = Proceed{};
    if (const auto* get = std::get_if<GetObject>(&*outstanding)) {
      GotObject got{};
      got.result = store.get(get->key, got.bytes, got.why);
      event = std::move(got);
    } else if (const auto* put = std::get_if<PutObject>(&*outstanding)) {
      PutDone done{};
      done.result = store.put(put->key, put->bytes, done.why);
      event = std::move(done);
    } else if (const auto* begin = std::get_if<StartWriting>(&*outstanding)) {
      writing_epoch = begin->epoch;
    } else if (const auto* stop = std::get_if<StopWriting>(&*outstanding)) {
      writing_epoch.reset();
      stop_reason = stop->reason;
    } else if (const auto* advance = std::get_if<LogAdvanced>(&*outstanding)) {
      advanced = advance->through;
    } else {
      now = std::max(now, idle_jumps ? std::get<Idle>(*outstanding).until : now);
    }
    pending = std::move(event);
  }
  /// Second half: the replicator hears of it.
  void answer() {
    outstanding = replicator->next(std::move(*pending), now, wall);
    pending.reset();
  }

  /// A client's write: takes the next number.
  void write(const std::string& entry) { wal.append(wal.last() + 1, entry); }

  ReplicatorOptions options;
  base::SeededRandom random;
  object_store::ObjectStore& store;
  engine::MemoryWal wal;
  MemoryStateStore state;
  MemoryRescueStore rescue;
  std::unique_ptr<Replicator> replicator;
  std::optional<Action> outstanding;
  std::optional<Event> pending;

  base::Time now{};
  std::int64_t wall = 1'000'000;
  bool idle_jumps = true;  ///< An Idle ends at its end; else at once, as if woken.
  std::optional<std::uint64_t> writing_epoch;
  std::string stop_reason;
  std::uint64_t advanced = 0;  ///< Of the last LogAdvanced.
};

}  // namespace questnode::replication
