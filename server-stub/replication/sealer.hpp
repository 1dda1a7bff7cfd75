#pragma once

#include "replication/store_call.hpp"

namespace questnode::replication {

/// Puts a SEAL at the first absent slot of every epoch before the claimed one that has none
/// (docs/replication.md, rules 13 to 15). Begins at the cursor: all epochs before it are sealed.
class Sealer {
 public:
  explicit Sealer(NodeContext& node) : node_(node), call_(node) {}

  /// The first action; nothing: there is nothing to seal.
  std::optional<Action> begin(std::uint64_t claimed);
  /// The next action; nothing: every older epoch is sealed.
  std::optional<Action> resume(const Event& event);

 private:
  std::optional<Action> look();
  Action seal();
  std::optional<Action> pass_occupied();
  std::optional<Action> pass_sealed();

  NodeContext& node_;
  StoreCall call_;
  std::uint64_t claimed_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t seq_ = 0;
  base::Uuid nonce_;
  Record found_;
};

}  // namespace questnode::replication
