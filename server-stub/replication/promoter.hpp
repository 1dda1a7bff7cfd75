#pragma once

#include "replication/claimer.hpp"
#include "replication/log_reader.hpp"
#include "replication/sealer.hpp"

namespace questnode::replication {

/// Makes this node a primary: claim, seal, catch up, settle the own tail, head (docs/replication.md).
class Promoter {
 public:
  explicit Promoter(NodeContext& node)
      : node_(node), claimer_(node), sealer_(node), reader_(node), call_(node) {}

  Action begin_exact();
  Action begin_first_free();
  /// The next action; nothing: it is over, see won().
  std::optional<Action> resume(const Event& event);
  /// The head of epoch() stands in the log: the WAL is the log plus a tail that continues it.
  bool won() const { return won_; }
  std::uint64_t epoch() const { return claimer_.epoch(); }
  /// Not won: why not, and who is ahead.
  const std::string& reason() const { return reason_; }

 private:
  enum class Phase { claiming, sealing, catching_up, reading_tip, writing_head };

  std::optional<Action> begin_sealing();
  std::optional<Action> begin_catch_up();
  std::optional<Action> catch_up();
  std::optional<Action> read_tip();
  std::optional<Action> write_head();
  std::optional<Action> after_read();
  std::optional<Action> after_tip();
  std::optional<Action> after_head();
  void settle_tail();
  std::optional<Action> give_up(std::string reason);

  NodeContext& node_;
  Claimer claimer_;
  Sealer sealer_;
  LogReader reader_;
  StoreCall call_;
  Phase phase_ = Phase::claiming;
  Record head_;
  base::Sha256 head_hash_{};
  Record other_;
  bool won_ = false;
  std::string reason_;
};

}  // namespace questnode::replication
