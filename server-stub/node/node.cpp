#include "node/node.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <spdlog/spdlog.h>

namespace questnode::node {
namespace {

NodeRole role_of(replication::Role role) {
  switch (role) {
    case replication::Role::primary:
      return NodeRole::primary;
    case replication::Role::promoting:
      return NodeRole::promoting;
    case replication::Role::replica:
      break;
  }
  return NodeRole::replica;
}

}  // namespace

std::string_view role_text(NodeRole role) {
  switch (role) {
    case NodeRole::standalone:
      return "standalone";
    case NodeRole::replica:
      return "replica";
    case NodeRole::promoting:
      return "promoting";
    case NodeRole::primary:
      break;
  }
  return "primary";
}

Node::Node(const Config& config, const RootLayout& layout, NodeParts parts)
    : config_(config),
      layout_(layout),
      parts_(std::move(parts)),
      node_state_(layout),
      rescue_(layout),
      role_(config.role == ConfiguredRole::none ? NodeRole::standalone : NodeRole::replica),
      waits_(parts_.clock) {
  recover();
  commit_ = std::make_unique<GroupCommit>(
      *wal_, config_.commit_mode,
      GroupCommit::Events{[this](std::uint64_t number) { synced(number); },
                          [this](const std::string& message) { failed(message); }});
  Applier::Events events;
  events.applying = [this](const engine::Entry& entry) {
    if (entry.token) tokens_->in_log(entry.token->stream, entry.token->after);
  };
  events.applied = [this](std::uint64_t number) {
    applied_ = number;
    waits_.notify();
  };
  events.no_room = [this](const std::string& message) { tables_without_room(message); };
  events.failed = [this](const std::string& message) { failed(message); };
  applier_ = std::make_unique<Applier>(*wal_, *tables_, parts_.clock, config_.checkpoint_interval,
                                       std::move(events));
  applier_->allow(through_);
  if (config_.role == ConfiguredRole::none) {
    start_writing(0);
  } else {
    start_replication();
  }
}

Node::~Node() {
  if (driver_) driver_->stop();
  {
    std::lock_guard lock(write_mutex_);
    writable_ = false;
    sequencer_.reset();
    refusal_ = "it is being stopped";
  }
  commit_->stop();
  waits_.stop();
}

void Node::recover() {
  wal_ = engine::Wal::open({.directory = layout_.wal(), .segment_bytes = config_.segment_bytes});
  if (const std::string note = wal_->recovery_note(); !note.empty()) spdlog::warn("recovery: {}", note);
  tables_ = engine::TableStore::open(layout_.tables());
  applied_ = tables_->applied();
  if (wal_->last() < applied_ || wal_->first() > applied_ + 1) {
    throw std::runtime_error("the tables in " + layout_.tables().string() + " end at entry " +
                             std::to_string(applied_) + ", the write-ahead log in " + layout_.wal().string() +
                             " holds entries " + std::to_string(wal_->first()) + " to " +
                             std::to_string(wal_->last()) +
                             ": the two do not belong together; restore both from one copy");
  }
  through_ = applied_.load();
  if (const auto mark = wal_->last_mark()) through_ = std::max(through_.load(), mark->through);
  tokens_ = std::make_unique<StreamTokens>(tables_->state());
  spdlog::info("recovered: tables through entry {}, write-ahead log through entry {}", applied_.load(),
               wal_->last());
}

void Node::start_replication() {
  if (parts_.store == nullptr) throw std::logic_error("a replicated node needs an object store");
  replication::NodeState state = node_state_.load();
  const bool fresh = state.cluster.is_nil() && state.seen_epoch == 0 && state.claim_epoch == 0;
  if (fresh && config_.role == ConfiguredRole::primary) {
    state.role = replication::Role::primary;
    node_state_.save(state);
  }
  replication::ReplicatorOptions options;
  options.node = config_.name;
  options.address = parts_.address;
  options.poll_interval = config_.poll_interval;
  options.upload_window = config_.upload_window;
  replicator_ =
      std::make_unique<replication::Replicator>(options, *wal_, node_state_, rescue_, parts_.random);
  ReplicationDriver::Events events;
  events.start_writing = [this](std::uint64_t epoch) { start_writing(epoch); };
  events.stop_writing = [this](const std::string& reason) { stop_writing(reason); };
  events.log_advanced = [this](std::uint64_t through) { log_advanced(through); };
  events.status = [this](const replication::ReplicatorStatus& status) { replicator_status(status); };
  events.failed = [this](const std::string& message) { failed(message); };
  driver_ = std::make_unique<ReplicationDriver>(*replicator_, *parts_.store, parts_.clock, std::move(events));
  driver_->start();
}

// ---- What the threads report.

void Node::start_writing(std::uint64_t epoch) {
  tokens_->drop_ahead();
  engine::ClusterState state = state_at_wal_end();  // Nobody else appends yet, so no lock.
  {
    std::lock_guard lock(write_mutex_);
    epoch_ = epoch;
    sequencer_.emplace(std::move(state), creation_policy());
    writable_ = true;
  }
  commit_->appended(wal_->last());
  spdlog::info("takes writes in epoch {} from entry {} on", epoch, wal_->last() + 1);
  waits_.notify();
}

void Node::stop_writing(const std::string& reason) {
  {
    std::lock_guard lock(write_mutex_);
    if (writable_) spdlog::warn("takes no more writes: {}", reason);
    writable_ = false;
    sequencer_.reset();
  }
  commit_->abandon();
  tokens_->drop_ahead();
  waits_.notify();
}

void Node::log_advanced(std::uint64_t through) {
  through_ = through;
  tokens_->log_advanced(through);
  applier_->allow(through);
  waits_.notify();
}

void Node::synced(std::uint64_t number) {
  if (config_.role == ConfiguredRole::none) {
    log_advanced(number);
  } else if (driver_) {
    driver_->wake();
  }
}

void Node::replicator_status(const replication::ReplicatorStatus& status) {
  std::string error;
  {
    std::lock_guard lock(status_mutex_);
    if (status.last_error != log_status_.last_error) error = status.last_error;
    if (status.role != log_status_.role || status.epoch != log_status_.epoch) {
      spdlog::info("{} in epoch {}", role_text(role_of(status.role)), status.epoch);
    }
    log_status_ = status;
  }
  if (!error.empty()) spdlog::warn("object store: {}", error);
  const NodeRole before = role_.exchange(role_of(status.role));
  if (status.role != replication::Role::primary) epoch_ = status.epoch;
  if (before == NodeRole::promoting && status.role == replication::Role::replica) ++failed_promotions_;
  if (before != role_) waits_.notify();
}

void Node::tables_without_room(const std::string& message) {
  if (message.empty())
    spdlog::info("there is room for the tables again");
  else
    spdlog::error("rows wait in the write-ahead log until there is room for the tables: {}", message);
  std::lock_guard lock(status_mutex_);
  tables_error_ = message;
}

void Node::failed(const std::string& message) {
  spdlog::critical("{}", message);
  {
    std::lock_guard lock(write_mutex_);
    writable_ = false;
    sequencer_.reset();
    refusal_ = message;
  }
  if (parts_.failed) parts_.failed(message);
}

}  // namespace questnode::node
