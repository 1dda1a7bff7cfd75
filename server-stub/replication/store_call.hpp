// One call of the object store, repeated until its outcome is certain.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "replication/node_context.hpp"

namespace questnode::replication {

/// A get ends as `found` or `absent`, a put as `won` or `lost`: an unanswered put, or one answered `exists`,
/// is resolved by reading the name and comparing (docs/replication.md, rule 4). Waits ever longer in between.
class StoreCall {
 public:
  enum class Outcome { found, absent, won, lost };
  /// Looks at bytes that were read; for a put it tells whether they are ours. Throws std::runtime_error when
  /// they cannot be believed: they are then read again.
  using Accept = std::function<bool(const std::string& bytes)>;

  explicit StoreCall(NodeContext& node) : node_(node) {}

  /// Begins a call; one that was under way is forgotten.
  Action get(std::string key, Accept accept);
  Action put(std::string key, std::string bytes, Accept accept);

  /// The next action; nothing: the call is over, with this outcome.
  std::optional<Action> resume(const Event& event);
  Outcome outcome() const { return outcome_; }

  /// After the end: the outcome cannot be used, for this reason. Waits, and reads again.
  Action again(const std::string& why);

 private:
  enum class Next { get, put };

  Action issue();
  Action wait(Next next, const std::string& why);
  std::optional<Action> end(Outcome outcome);
  std::optional<Action> on_get(const GotObject& got);
  std::optional<Action> on_put(const PutDone& done);

  NodeContext& node_;
  std::string key_;
  std::optional<std::string> bytes_;  ///< To put; none: the call is a get.
  Accept accept_;
  Next next_ = Next::get;
  std::string put_answer_;  ///< Why the last put is not known to have been written.
  std::optional<base::Time> waiting_until_;
  std::chrono::milliseconds backoff_{};
  Outcome outcome_ = Outcome::absent;
};

}  // namespace questnode::replication
