#pragma once

#include "replication/store_call.hpp"

namespace questnode::replication {

/// A primary: puts what the WAL holds beyond the log into the log, one record at a time, until it is fenced.
class Uploader {
 public:
  explicit Uploader(NodeContext& node) : node_(node), call_(node) {}

  Action begin();
  /// The next action; nothing: another node has the slot, see fenced_by().
  std::optional<Action> resume(const Event& event);
  /// What stands in this primary's next slot: a SEAL.
  const Record& fenced_by() const { return other_; }

 private:
  enum class Phase { resting, uploading, announcing, checking };

  Action look();
  Action check();
  Action upload(std::vector<std::string> entries);
  std::optional<Action> after_upload();

  NodeContext& node_;
  StoreCall call_;
  Phase phase_ = Phase::resting;
  base::Time next_upload_{};  ///< Not before; the throttle window.
  base::Time next_check_{};   ///< When an idle primary looks for a SEAL.
  Record record_;             ///< The one under way.
  base::Sha256 hash_{};
  Record other_;
};

}  // namespace questnode::replication
