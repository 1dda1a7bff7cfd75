// How far each stream is in the cluster's log: what clients are told as durable.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/delivery.hpp"
#include "engine/cluster_state.hpp"

namespace questnode::node {

/// Thread-safe.
class StreamTokens {
 public:
  /// `state`: a state that is wholly in the log.
  explicit StreamTokens(engine::ClusterState state) : base_(std::move(state)) {}

  /// Entry `number`, not yet in the log, moves the stream's token. REQUIRES: ascending numbers.
  void appended(std::uint64_t number, const base::Uuid& stream, base::StreamPosition after);
  /// Entries up to `number` are in the log now.
  void log_advanced(std::uint64_t through);
  /// What was appended and is not in the log never will be.
  void drop_ahead();
  /// An entry of the log moved the token, whoever wrote it.
  void in_log(const base::Uuid& stream, base::StreamPosition after);

  std::optional<base::StreamPosition> durable(const base::Uuid& stream) const;

 private:
  struct Ahead {
    std::uint64_t number;
    base::Uuid stream;
    base::StreamPosition after;
  };
  void advance(const base::Uuid& stream, base::StreamPosition after);

  mutable std::mutex mutex_;
  const engine::ClusterState base_;
  std::unordered_map<base::Uuid, base::StreamPosition> moved_;  // Since base_.
  std::deque<Ahead> ahead_;
};

}  // namespace questnode::node
