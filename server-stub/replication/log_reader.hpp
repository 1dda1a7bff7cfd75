#pragma once

#include "replication/store_call.hpp"

namespace questnode::replication {

/// Reads the slot after the cursor and takes in what stands there.
class LogReader {
 public:
  enum class Found {
    nothing,
    record,  ///< Adopted, and announced to the driver if it carried entries.
    seal,    ///< The cursor stands at the next epoch.
  };

  explicit LogReader(NodeContext& node) : node_(node), call_(node) {}

  Action read_next();
  /// The next action; nothing: the slot was read, see found().
  std::optional<Action> resume(const Event& event);
  Found found() const { return found_; }
  /// After the end: reads the same slot again, but later.
  Action again(const std::string& why) { return call_.again(why); }

 private:
  NodeContext& node_;
  StoreCall call_;
  Record record_;
  base::Sha256 hash_{};
  bool announcing_ = false;
  Found found_ = Found::nothing;
};

}  // namespace questnode::replication
