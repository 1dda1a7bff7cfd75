#include "replication/joiner.hpp"

#include <stdexcept>

namespace questnode::replication {

Action Joiner::begin() {
  return call_.get(kFormatKey, [this](const std::string& bytes) {
    found_ = decode_format(bytes);
    return true;
  });
}

std::optional<Action> Joiner::resume(const Event& event) {
  if (auto action = call_.resume(event)) return action;
  const base::Uuid& own = node_.state.cluster;
  if (call_.outcome() == StoreCall::Outcome::absent) {
    if (!own.is_nil()) {
      throw std::runtime_error("the object store holds no FORMAT, but this node belongs to cluster " +
                               own.to_string() + ": is replication.object.store the right one, and mounted?");
    }
    mine_ = base::Uuid::random(node_.random);
    return call_.put(kFormatKey, encode_format(mine_), [this](const std::string& bytes) {
      found_ = decode_format(bytes);
      return found_ == mine_;
    });
  }
  const base::Uuid& store = call_.outcome() == StoreCall::Outcome::won ? mine_ : found_;
  if (own.is_nil()) {
    node_.state.cluster = store;
    node_.state_store.save(node_.state);
  } else if (own != store) {
    throw std::runtime_error("the object store belongs to cluster " + store.to_string() +
                             ", this node to cluster " + own.to_string() +
                             ": give it the right replication.object.store, or an empty directory");
  }
  return std::nullopt;
}

}  // namespace questnode::replication
