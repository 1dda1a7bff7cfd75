// What the pieces of the replicator share.
#pragma once

#include <cstdint>
#include <string>

#include "replication/log_cursor.hpp"
#include "replication/replicator.hpp"

namespace questnode::replication {

/// Who leads an epoch, as its claim tells.
struct Leader {
  std::uint64_t epoch = 0;  ///< 0: nothing is known.
  std::string node;
  std::string address;
};

struct NodeContext {
  ReplicatorOptions options;
  engine::Wal& wal;
  NodeStateStore& state_store;
  RescueStore& rescue_store;
  base::RandomSource& random;

  NodeState state{};
  LogCursor cursor{};
  Leader leader{};
  std::string last_error{};
  std::uint64_t written_epoch =
      0;  ///< The last in which this node wrote, as far as it knows: names rescued tails.
  std::uint64_t rescued_entries = 0;
  base::Time now{};             ///< Of the call of start or next that is running.
  std::int64_t wall_nanos = 0;  ///< Likewise.

  /// A record of this node for the slot, with a new nonce. Its parent, clock and numbers follow the cursor.
  Record new_record(RecordKind kind, std::uint64_t epoch, std::uint64_t seq);
  /// The record that the bytes of slot (epoch, seq) hold. Throws std::runtime_error unless they are whole and
  /// belong there.
  Record decode_slot(std::string_view bytes, std::uint64_t epoch, std::uint64_t seq) const;
  /// The claim under ctl/<epoch>. Throws likewise.
  Claim decode_claim_of(std::string_view bytes, std::uint64_t epoch) const;

  /// Takes the record after the cursor into the WAL, synced and marked, and moves the cursor. A tail of this
  /// WAL that differs goes to the rescue store and is cut off first. Throws std::system_error when the disk
  /// refuses; it may then be called again.
  void adopt(const Record& record, const base::Sha256& hash);
  /// Moves everything from entry `from` on out of the WAL into the rescue store.
  void rescue_tail(std::uint64_t from);
};

/// "node 'b' at host:9000 (epoch 7)", as far as it is known.
std::string describe(const Leader& leader);

}  // namespace questnode::replication
