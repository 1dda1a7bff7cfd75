#pragma once

#include "replication/store_call.hpp"

namespace questnode::replication {

/// Claims an epoch for this node (docs/replication.md, rules 10 to 12).
class Claimer {
 public:
  explicit Claimer(NodeContext& node) : node_(node), call_(node) {}

  /// For a node that merely starts again: the epoch after the last that it knows, no other.
  Action begin_exact();
  /// For a promotion that was asked for: the first epoch that nobody claimed.
  Action begin_first_free();

  /// The next action; nothing: it is over.
  std::optional<Action> resume(const Event& event);
  bool won() const { return won_; }
  std::uint64_t epoch() const { return epoch_; }
  /// Not won: who has it.
  const Claim& taken_by() const { return other_; }

 private:
  Action look_at(std::uint64_t epoch);
  Action claim(const base::Uuid& nonce);
  bool accept(const std::string& bytes);
  std::optional<Action> after_look();
  std::optional<Action> after_claim();

  NodeContext& node_;
  StoreCall call_;
  bool exact_ = false;
  bool claiming_ = false;  ///< The put is under way, not the look.
  bool won_ = false;
  std::uint64_t epoch_ = 0;
  std::uint64_t before_ = 0;  ///< The claim that the state named, if nothing was under way.
  Claim other_;
};

}  // namespace questnode::replication
