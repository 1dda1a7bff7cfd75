#include "replication/replicator.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "replication/follower.hpp"
#include "replication/joiner.hpp"
#include "replication/promoter.hpp"
#include "replication/uploader.hpp"

namespace questnode::replication {

/// Chooses which piece is at work; the pieces know the protocol.
struct Replicator::Impl {
  enum class Mode {
    joining,     ///< Asks the store for its cluster.
    announcing,  ///< Tells the driver what was in the log before the start.
    following,
    promoting,
    starting,  ///< The driver opens the sequencer.
    writing,
    stopping,  ///< The driver closes it.
  };

  explicit Impl(NodeContext context)
      : node(std::move(context)), joiner(node), follower(node), promoter(node), uploader(node) {}

  Action step(const Event& event);
  Action after_join();
  Action take_role();
  Action follow();
  Action promote_first_free();
  Action after_promotion();
  Action after_fence();
  Action stop_writing(std::string reason);
  Action become_replica();
  bool may_be_promoted() const {
    return mode == Mode::joining || mode == Mode::announcing || mode == Mode::following;
  }
  ReplicatorStatus status() const;

  NodeContext node;
  Joiner joiner;
  Follower follower;
  Promoter promoter;
  Uploader uploader;
  Mode mode = Mode::joining;
  bool promotion_wanted = false;
  std::string stop_reason;
};

Action Replicator::Impl::step(const Event& event) {
  switch (mode) {
    case Mode::joining:
      if (auto action = joiner.resume(event)) return *action;
      return after_join();
    case Mode::announcing:
      return take_role();
    case Mode::following:
      if (promotion_wanted) return promote_first_free();
      return follower.resume(event);
    case Mode::promoting:
      if (auto action = promoter.resume(event)) return *action;
      return after_promotion();
    case Mode::starting:
      mode = Mode::writing;
      return uploader.begin();
    case Mode::writing:
      if (auto action = uploader.resume(event)) return *action;
      return after_fence();
    case Mode::stopping:
      return become_replica();
  }
  throw std::logic_error("unknown mode of the replicator");
}

Action Replicator::Impl::after_join() {
  node.cursor = LogCursor::after(node.wal.last_mark(), node.wal.last());
  if (node.cursor.tip.through == 0) return take_role();
  mode = Mode::announcing;
  return LogAdvanced{node.cursor.tip.through};
}

Action Replicator::Impl::take_role() {
  if (promotion_wanted) return promote_first_free();
  if (node.state.role != Role::primary) return follow();
  mode = Mode::promoting;
  return promoter.begin_exact();
}

Action Replicator::Impl::follow() {
  mode = Mode::following;
  return follower.begin();
}

Action Replicator::Impl::promote_first_free() {
  promotion_wanted = false;
  mode = Mode::promoting;
  return promoter.begin_first_free();
}

Action Replicator::Impl::after_promotion() {
  if (!promoter.won()) return stop_writing(promoter.reason());
  mode = Mode::starting;
  return StartWriting{promoter.epoch()};
}

Action Replicator::Impl::after_fence() {
  const Record& seal = uploader.fenced_by();
  node.leader = {seal.kind == RecordKind::seal ? seal.sealed_by : seal.epoch, seal.author, {}};
  return stop_writing("this node was the primary of epoch " + std::to_string(promoter.epoch()) + "; " +
                      describe(node.leader) + " took over");
}

Action Replicator::Impl::stop_writing(std::string reason) {
  mode = Mode::stopping;
  stop_reason = reason;
  return StopWriting{std::move(reason)};
}

Action Replicator::Impl::become_replica() {
  node.state.role = Role::replica;
  node.state_store.save(node.state);
  return follow();
}

ReplicatorStatus Replicator::Impl::status() const {
  ReplicatorStatus status;
  const bool primary = mode == Mode::writing || mode == Mode::starting;
  const bool promoting = mode == Mode::promoting;
  status.role = primary ? Role::primary : promoting ? Role::promoting : Role::replica;
  status.epoch = promoting ? promoter.epoch() : node.cursor.next_epoch;
  status.seq = node.cursor.tip.epoch == status.epoch ? node.cursor.tip.seq : 0;
  status.through = node.cursor.tip.through;
  status.primary_node = node.leader.node;
  status.primary_address = node.leader.address;
  if (promoting) {
    status.refusal = "this node is being promoted";
  } else if (mode == Mode::stopping) {
    status.refusal = stop_reason;
  } else if (!primary) {
    status.refusal = node.leader.epoch == 0
                         ? "this node is a replica; no primary is known yet"
                         : "this node is a replica; the primary is " + describe(node.leader);
  }
  status.last_error = node.last_error;
  status.rescued_entries = node.rescued_entries;
  return status;
}

Replicator::Replicator(ReplicatorOptions options, engine::Wal& wal, NodeStateStore& state,
                       RescueStore& rescue, base::RandomSource& random)
    : impl_(std::make_unique<Impl>(NodeContext{std::move(options), wal, state, rescue, random})) {}

Replicator::~Replicator() = default;

Action Replicator::start(base::Time now, std::int64_t wall_nanos) {
  impl_->node.now = now;
  impl_->node.wall_nanos = wall_nanos;
  impl_->node.state = impl_->node.state_store.load();
  impl_->node.written_epoch = std::min(impl_->node.state.claim_epoch, impl_->node.state.seen_epoch);
  return impl_->joiner.begin();
}

Action Replicator::next(Event event, base::Time now, std::int64_t wall_nanos) {
  impl_->node.now = now;
  impl_->node.wall_nanos = wall_nanos;
  return impl_->step(event);
}

void Replicator::promote() {
  if (impl_->may_be_promoted()) impl_->promotion_wanted = true;
}

ReplicatorStatus Replicator::status() const {
  return impl_->status();
}

}  // namespace questnode::replication
