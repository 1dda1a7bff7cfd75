#pragma once

#include "replication/store_call.hpp"

namespace questnode::replication {

/// Finds out which cluster the store belongs to, or makes a new cluster of an empty store.
class Joiner {
 public:
  explicit Joiner(NodeContext& node) : node_(node), call_(node) {}

  Action begin();
  /// The next action; nothing: this node belongs to the store's cluster, which is saved. Throws
  /// std::runtime_error when it belongs to another one.
  std::optional<Action> resume(const Event& event);

 private:
  NodeContext& node_;
  StoreCall call_;
  base::Uuid mine_;  ///< What this node would call a new cluster.
  base::Uuid found_;
};

}  // namespace questnode::replication
