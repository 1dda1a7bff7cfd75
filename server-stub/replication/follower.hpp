#pragma once

#include "replication/log_reader.hpp"

namespace questnode::replication {

/// A replica: reads the log record by record, for ever. Can be left between any two actions.
class Follower {
 public:
  explicit Follower(NodeContext& node) : node_(node), call_(node), reader_(node) {}

  Action begin();
  Action resume(const Event& event);

 private:
  enum class Phase { reading_claim, reading_log, resting };

  void want_claim();
  Action look();
  Action read_log();

  NodeContext& node_;
  StoreCall call_;
  LogReader reader_;
  Phase phase_ = Phase::resting;
  bool claim_wanted_ = true;
  std::uint64_t claim_read_ = 0;  ///< The epoch whose claim was found.
};

}  // namespace questnode::replication
