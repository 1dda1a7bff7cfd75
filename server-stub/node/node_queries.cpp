// The node's reading side: queries, waits, status.
#include <utility>

#include "node/node.hpp"

namespace questnode::node {

engine::SqlAnswer Node::select(std::string_view sql) const {
  return engine::run_select(layout_.tables(), tables_->state(), sql, config_.query_timeout,
                            config_.max_answer_bytes);
}

void Node::stream_status(const base::Uuid& stream, std::optional<base::StreamPosition> after,
                         std::chrono::milliseconds timeout, std::function<void(StreamStatus)> done) {
  auto report = [this, stream, done = std::move(done)](bool) {
    StreamStatus status;
    status.durable = tokens_->durable(stream);
    status.acked = status.durable;
    std::uint64_t number = 0;
    std::uint64_t generation = 0;
    {
      std::lock_guard lock(write_mutex_);
      generation = commit_->generation();
      if (sequencer_) {
        status.acked = sequencer_->state().token(stream);
        number = sequencer_->state().number();
      }
    }
    commit_->when_committed(number, generation, [status, done](bool committed) {
      done(committed ? status : StreamStatus{status.durable, status.durable});
    });
  };
  const auto ready = [this, stream, after] {
    const auto durable = tokens_->durable(stream);
    return durable && *durable > *after;
  };
  if (!after || timeout.count() == 0 || ready()) return report(true);
  waits_.add(ready, parts_.clock.now() + timeout, std::move(report));
}

void Node::promote(std::chrono::milliseconds timeout, std::function<void(bool)> done) {
  if (!driver_ || writable_) return done(writable_);
  const std::uint64_t failures = failed_promotions_;
  const auto ended = [this, failures] { return writable_ || failed_promotions_ != failures; };
  driver_->promote();
  waits_.add(ended, parts_.clock.now() + timeout, [this, done = std::move(done)](bool) { done(writable_); });
}

std::string Node::refusal() const {
  if (writable_) return {};
  {
    std::lock_guard lock(write_mutex_);
    if (!refusal_.empty()) return refusal_;
  }
  std::lock_guard lock(status_mutex_);
  return log_status_.refusal.empty() ? "it has just started" : log_status_.refusal;
}

void Node::when_applied(std::uint64_t number, std::chrono::milliseconds timeout,
                        std::function<void(bool)> done) {
  waits_.add([this, number] { return applied_ >= number; }, parts_.clock.now() + timeout, std::move(done));
}

NodeStatus Node::status() const {
  NodeStatus status;
  status.name = config_.name;
  status.address = parts_.address;
  status.role = role_;
  status.last = wal_->last();
  status.synced = wal_->synced();
  status.applied = applied_;
  const engine::ClusterState state = tables_->state();
  for (const auto& [key, schema] : state.tables()) status.tables.push_back(schema);
  status.rescued_files = rescue_.files();
  {
    std::lock_guard lock(status_mutex_);
    status.log = log_status_;
    status.tables_error = tables_error_;
  }
  if (status.role == NodeRole::standalone) status.log.through = through_;
  status.writable = writable_;
  status.refusal = refusal();
  return status;
}

}  // namespace questnode::node
