// The node's side of the replication protocol: following, claiming, sealing, uploading. Pure but for the
// node's own WAL and state file, which are passed in; the object store is reached only through actions, one
// at a time. server-stub/node runs it on a thread, tests/sim in virtual time. Protocol: docs/replication.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/uuid.hpp"
#include "engine/wal.hpp"
#include "object_store/object_store.hpp"
#include "replication/record.hpp"

namespace questnode::replication {

enum class Role : std::uint8_t { replica, promoting, primary };

/// What a node must remember across restarts, besides its WAL.
struct NodeState {
  base::Uuid cluster;             ///< Nil: has not joined one yet.
  Role role = Role::replica;      ///< primary: starts as one again if nobody took over.
  std::uint64_t seen_epoch = 0;   ///< Highest epoch that it claimed or followed.
  std::uint64_t claim_epoch = 0;  ///< The claim under way or won ...
  base::Uuid claim_nonce;         ///< ... and its nonce, persisted before the claim is written.
};

/// Durable memory of one node. `save` is durable on return; throws std::system_error.
class NodeStateStore {
 public:
  virtual ~NodeStateStore() = default;
  virtual NodeState load() = 0;
  virtual void save(const NodeState& state) = 0;
};

/// Where a tail that the log does not hold is kept for people. Durable on return.
class RescueStore {
 public:
  virtual ~RescueStore() = default;
  /// `epoch`: the last in which this node wrote. A long tail comes in several calls. After a crash the same
  /// call may come again: the same epoch and first entry replace what is there.
  virtual void rescue(std::uint64_t epoch, std::uint64_t first_entry,
                      const std::vector<std::string>& entries) = 0;
};

// ---- What the driver is asked to do. Exactly one action is outstanding at any time.
struct GetObject {
  std::string key;
};
struct PutObject {
  std::string key;
  std::string bytes;
};
/// This node is the primary of `epoch`: open the sequencer on the state at wal.last() and take writes.
struct StartWriting {
  std::uint64_t epoch = 0;
};
/// Take no writes any more; on return no append to the WAL may follow. `reason` is for the 421's message and
/// names who took over, where that is known. May also come to a node that never was told to start.
struct StopWriting {
  std::string reason;
};
/// Entries up to `through` are in the cluster's log now: they may be applied, and are durable. The first one
/// after the start tells what the WAL's mark says.
struct LogAdvanced {
  std::uint64_t through = 0;
};
/// Nothing to do before `until`, or before wake() is called for.
struct Idle {
  base::Time until;
};
using Action = std::variant<GetObject, PutObject, StartWriting, StopWriting, LogAdvanced, Idle>;

// ---- What came of it.
struct GotObject {
  object_store::GetResult result;
  std::string bytes;
  std::string why;
};
struct PutDone {
  object_store::PutResult result;
  std::string why;
};
/// Start, StartWriting, StopWriting, LogAdvanced are carried out, or Idle is over.
struct Proceed {};
using Event = std::variant<Proceed, GotObject, PutDone>;

struct ReplicatorOptions {
  std::string node;
  std::string address;                                   ///< Where this node's HTTP is reached, for claims.
  std::chrono::milliseconds poll_interval{50};           ///< replication.replica.poll.interval
  std::chrono::milliseconds upload_window{0};            ///< replication.primary.throttle.window.duration
  std::chrono::milliseconds fence_check_interval{1000};  ///< How often an idle primary looks for a SEAL.
  std::size_t max_record_bytes = 4 << 20;                ///< Of entries in one record, before compression.
  std::chrono::milliseconds retry_backoff{100};  ///< After an answer `unknown`; doubles to retry_backoff_max.
  std::chrono::milliseconds retry_backoff_max{2000};
};

struct ReplicatorStatus {
  Role role = Role::replica;
  std::uint64_t epoch = 0;    ///< Of the primary that this node is or follows.
  std::uint64_t seq = 0;      ///< Last record of it that is confirmed or adopted.
  std::uint64_t through = 0;  ///< Last entry in the log as far as this node knows.
  std::string primary_node;   ///< Author of that epoch, as far as known.
  std::string primary_address;
  std::string refusal;     ///< Why this node takes no writes; empty on a primary.
  std::string last_error;  ///< Of the object store; empty: the last call succeeded.
  std::uint64_t rescued_entries = 0;
};

/// Not thread-safe: the replication thread's. Invariants: server-stub/replication/README.md.
/// start and next throw std::runtime_error when the store belongs to another cluster, and pass on what the
/// WAL, the state and the rescue store throw (but a replica whose disk is full waits and tries again). After
/// that the replicator is done for: the node must stop, and be started again.
class Replicator {
 public:
  Replicator(ReplicatorOptions options, engine::Wal& wal, NodeStateStore& state, RescueStore& rescue,
             base::RandomSource& random);
  ~Replicator();

  /// Begin as the stored role says (a stored primary claims exactly its epoch + 1, or stays a replica if
  /// somebody took over). The first action to carry out.
  Action start(base::Time now, std::int64_t wall_nanos);
  /// The outstanding action is carried out: what next?
  Action next(Event event, base::Time now, std::int64_t wall_nanos);

  /// An operator (or the detection) wants this node to be primary: claims the first free epoch. Takes effect
  /// at the next `next`; no effect on a primary, nor while a promotion is under way.
  void promote();
  ReplicatorStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questnode::replication
