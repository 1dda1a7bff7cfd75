#include "replication/node_context.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/kill_point.hpp"

namespace questnode::replication {
namespace {

/// Entries are compared and rescued in pieces of this size.
constexpr std::size_t kChunkBytes = 8 << 20;

[[noreturn]] void misplaced(const std::string& key, const std::string& why) {
  throw std::runtime_error(key + " does not belong there: " + why);
}

/// The first number at which the WAL differs from the record; one past what both have if it does not.
std::uint64_t first_difference(const engine::Wal& wal, const Record& record) {
  const std::uint64_t both = std::min(wal.last(), record.last_entry());
  // What was purged had been adopted from this log.
  std::uint64_t number = std::max(record.first_entry, wal.first());
  while (number <= both) {
    const std::vector<std::string> own = wal.read(number, both, kChunkBytes);
    if (own.empty()) throw std::logic_error("the WAL does not return entry " + std::to_string(number));
    for (const std::string& entry : own) {
      if (entry != record.entries[number - record.first_entry]) return number;
      ++number;
    }
  }
  return std::max(number, record.first_entry);
}

}  // namespace

Record NodeContext::new_record(RecordKind kind, std::uint64_t epoch, std::uint64_t seq) {
  Record record;
  record.kind = kind;
  record.cluster = state.cluster;
  record.epoch = epoch;
  record.seq = seq;
  record.nonce = base::Uuid::random(random);
  record.author = options.node;
  record.parent = cursor.tip.hash;
  record.clock = std::max(cursor.clock.value_or(0) + 1, wall_nanos);
  record.first_entry = cursor.tip.through + 1;
  return record;
}

Record NodeContext::decode_slot(std::string_view bytes, std::uint64_t epoch, std::uint64_t seq) const {
  Record record = decode_record(bytes);
  const std::string key = record_key(epoch, seq);
  if (record.cluster != state.cluster) misplaced(key, "it is of cluster " + record.cluster.to_string());
  if (record.epoch != epoch || record.seq != seq) {
    misplaced(key, "it says it is " + record_key(record.epoch, record.seq));
  }
  if (record.kind == RecordKind::seal) {
    if (record.sealed_by <= epoch) misplaced(key, "no later epoch sealed it");
    if (!record.entries.empty()) misplaced(key, "a seal carries entries");
  } else if ((record.kind == RecordKind::head) != (seq == 0)) {
    misplaced(key, "an epoch begins with its head, and has one");
  }
  return record;
}

Claim NodeContext::decode_claim_of(std::string_view bytes, std::uint64_t epoch) const {
  Claim claim = decode_claim(bytes);
  if (claim.cluster != state.cluster || claim.epoch != epoch) {
    misplaced(claim_key(epoch),
              "it is of cluster " + claim.cluster.to_string() + ", epoch " + std::to_string(claim.epoch));
  }
  return claim;
}

void NodeContext::adopt(const Record& record, const base::Sha256& hash) {
  if (record.epoch > state.seen_epoch) {
    // Before the mark: a node must never forget an epoch that its WAL speaks of.
    state.seen_epoch = record.epoch;
    state_store.save(state);
  }
  std::uint64_t number = first_difference(wal, record);
  if (number <= record.last_entry() && number <= wal.last()) rescue_tail(number);
  for (; number <= record.last_entry(); ++number) {
    wal.append(number, record.entries[number - record.first_entry]);
  }
  if (wal.synced() < record.last_entry()) wal.sync();
  base::kill_point("replicator.after_adopt");
  cursor.advance(record, hash);
  wal.mark(cursor.tip);
}

void NodeContext::rescue_tail(std::uint64_t from) {
  for (std::uint64_t number = from; number <= wal.last();) {
    const std::vector<std::string> entries = wal.read(number, wal.last(), kChunkBytes);
    if (entries.empty()) throw std::logic_error("the WAL does not return entry " + std::to_string(number));
    rescue_store.rescue(written_epoch, number, entries);
    number += entries.size();
  }
  rescued_entries += wal.last() - from + 1;
  wal.truncate_after(from - 1);
}

std::string describe(const Leader& leader) {
  if (leader.epoch == 0) return "no primary is known yet";
  std::string text = "node '" + leader.node + "'";
  if (!leader.address.empty()) text += " at " + leader.address;
  return text + " (epoch " + std::to_string(leader.epoch) + ")";
}

}  // namespace questnode::replication
