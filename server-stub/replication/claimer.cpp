#include "replication/claimer.hpp"

#include <algorithm>

#include "base/kill_point.hpp"

namespace questnode::replication {

Action Claimer::begin_exact() {
  exact_ = true;
  const NodeState& state = node_.state;
  before_ = std::min(state.claim_epoch, state.seen_epoch);
  // A claim that was under way when the node died goes on under its nonce: it may have arrived, or arrive
  // yet. Nothing was written in its epoch, as seen_epoch is saved before anything is.
  const bool under_way = state.claim_epoch > state.seen_epoch;
  epoch_ = under_way ? state.claim_epoch : state.seen_epoch + 1;
  return claim(under_way ? state.claim_nonce : base::Uuid::random(node_.random));
}

Action Claimer::begin_first_free() {
  exact_ = false;
  return look_at(std::max(node_.state.seen_epoch, node_.cursor.next_epoch - 1) + 1);
}

std::optional<Action> Claimer::resume(const Event& event) {
  if (auto action = call_.resume(event)) return action;
  return claiming_ ? after_claim() : after_look();
}

Action Claimer::look_at(std::uint64_t epoch) {
  epoch_ = epoch;
  claiming_ = false;
  return call_.get(claim_key(epoch_), [this](const std::string& bytes) { return accept(bytes); });
}

Action Claimer::claim(const base::Uuid& nonce) {
  claiming_ = true;
  node_.state.role =
      Role::primary;  // If this node dies now, it goes on with this claim when it starts again.
  node_.state.claim_epoch = epoch_;
  node_.state.claim_nonce = nonce;
  node_.state_store.save(node_.state);
  const Claim mine{node_.state.cluster, epoch_, nonce, node_.options.node, node_.options.address};
  return call_.put(claim_key(epoch_), encode_claim(mine),
                   [this](const std::string& bytes) { return accept(bytes); });
}

bool Claimer::accept(const std::string& bytes) {
  other_ = node_.decode_claim_of(bytes, epoch_);
  return other_.nonce == node_.state.claim_nonce;
}

std::optional<Action> Claimer::after_look() {
  if (call_.outcome() == StoreCall::Outcome::found) return look_at(epoch_ + 1);
  return claim(base::Uuid::random(node_.random));
}

std::optional<Action> Claimer::after_claim() {
  won_ = call_.outcome() == StoreCall::Outcome::won;
  if (won_) {
    base::kill_point("replicator.after_claim");
    node_.state.seen_epoch = epoch_;
    node_.state_store.save(node_.state);
    return std::nullopt;
  }
  if (!exact_) return look_at(epoch_ + 1);
  // Lost for good: nothing is under way any more. The caller saves this with the role.
  node_.state.claim_epoch = before_;
  node_.state.claim_nonce = {};
  return std::nullopt;
}

}  // namespace questnode::replication
