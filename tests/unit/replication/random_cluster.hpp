// Three nodes, one faulty store, and everything that can go wrong, chosen by a seed; the protocol's promises
// are checked after every step. Used with the store as it is, and with stores that break a promise.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "object_store/faulty_store.hpp"
#include "unit/replication/memory_node.hpp"

namespace questnode::replication {

/// Thrown when a promise of the protocol does not hold.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What one node sees of the store; tests put a lie in between.
using View = std::function<std::unique_ptr<object_store::ObjectStore>(object_store::ObjectStore&)>;

class RandomCluster {
 public:
  RandomCluster(std::uint64_t seed, const View& view);

  /// Random steps, then everybody comes back, every delayed put lands, and the cluster must get well again.
  void run(int steps);

  /// How often something interesting happened, to see that the schedules are not trivial.
  const std::map<std::string, int>& counts() const { return counts_; }

 private:
  struct Slot {
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
  };
  struct Member {
    std::unique_ptr<object_store::ObjectStore> view;
    std::unique_ptr<MemoryNode> node;
    std::uint64_t recorded = 0;  ///< Its WAL was looked at up to here for synced entries ...
    std::size_t rescued = 0;     ///< ... when so many had been rescued.
  };

  void random_step();
  void step(Member& member);
  void write(Member& member);
  void crash(Member& member);
  void note_synced(Member& member);
  void heal();
  bool is_well() const;

  /// The log as anyone would read it who looks at the whole store now.
  std::vector<std::string> read_log(std::vector<Slot>* slots = nullptr);
  std::optional<Record> record_at(std::uint64_t epoch, std::uint64_t seq);
  void check_confirmed(const Member& member, std::uint64_t through);
  void check_prefix(const Member& member, const std::vector<std::string>& log);
  void check_log();
  void check_nothing_lost();

  base::SeededRandom random_;
  std::unique_ptr<object_store::ObjectStore> memory_ = object_store::make_memory_store();
  object_store::FaultyStore faulty_;
  std::array<Member, 3> members_;
  std::uint64_t writes_ = 0;
  std::set<std::string> synced_;                   ///< Every entry that was synced on a primary.
  std::map<std::uint64_t, std::string> durable_;   ///< What clients were told is durable, by number.
  std::map<std::uint64_t, std::uint64_t> writer_;  ///< Epoch -> index of the node that wrote in it.
  std::map<std::string, int> counts_;
};

}  // namespace questnode::replication
