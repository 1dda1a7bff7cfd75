#include "replication/promoter.hpp"

#include <stdexcept>
#include <utility>

#include "base/kill_point.hpp"

namespace questnode::replication {

Action Promoter::begin_exact() {
  phase_ = Phase::claiming;
  return claimer_.begin_exact();
}

Action Promoter::begin_first_free() {
  phase_ = Phase::claiming;
  return claimer_.begin_first_free();
}

std::optional<Action> Promoter::resume(const Event& event) {
  switch (phase_) {
    case Phase::claiming:
      if (auto action = claimer_.resume(event)) return action;
      return begin_sealing();
    case Phase::sealing:
      if (auto action = sealer_.resume(event)) return action;
      return begin_catch_up();
    case Phase::catching_up:
      if (auto action = reader_.resume(event)) return action;
      return after_read();
    case Phase::reading_tip:
      if (auto action = call_.resume(event)) return action;
      return after_tip();
    case Phase::writing_head:
      if (auto action = call_.resume(event)) return action;
      return after_head();
  }
  throw std::logic_error("unknown phase of a promotion");
}

std::optional<Action> Promoter::begin_sealing() {
  if (!claimer_.won()) {
    const Claim& other = claimer_.taken_by();
    node_.leader = {other.epoch, other.node, other.address};
    return give_up("this node was the primary, but " + describe(node_.leader) +
                   " took over; it stays a replica");
  }
  phase_ = Phase::sealing;
  if (auto action = sealer_.begin(epoch())) return action;
  return begin_catch_up();
}

std::optional<Action> Promoter::begin_catch_up() {
  base::kill_point("replicator.after_seal");
  phase_ = Phase::catching_up;
  return catch_up();
}

std::optional<Action> Promoter::catch_up() {
  if (node_.cursor.next_epoch < epoch()) return reader_.read_next();
  return read_tip();
}

std::optional<Action> Promoter::after_read() {
  if (reader_.found() != LogReader::Found::nothing) return catch_up();
  return reader_.again(
      "the object is missing although its epoch is sealed; the log cannot be read to its end");
}

/// The tip's author and clock are needed: read it, unless this process has since it started.
std::optional<Action> Promoter::read_tip() {
  const engine::LogMark& tip = node_.cursor.tip;
  if (tip.epoch == 0 || node_.cursor.clock) return write_head();
  phase_ = Phase::reading_tip;
  return call_.get(record_key(tip.epoch, tip.seq), [this](const std::string& bytes) {
    const engine::LogMark& expected = node_.cursor.tip;
    const Record record = node_.decode_slot(bytes, expected.epoch, expected.seq);
    if (record_hash(bytes) != expected.hash) {
      throw std::runtime_error("it is another record than the one that this node's WAL was marked with");
    }
    node_.cursor.clock = record.clock;
    node_.cursor.author = record.author;
    return true;
  });
}

std::optional<Action> Promoter::after_tip() {
  if (call_.outcome() == StoreCall::Outcome::found) return write_head();
  return call_.again("the last record that this node knows is missing");
}

/// The own tail stays only if it was written on top of this very log: the log's last record is this node's,
/// and nothing differed where log and WAL overlap. Else it was sent by clients who will send it again.
void Promoter::settle_tail() {
  node_.wal.sync();
  const engine::LogMark& tip = node_.cursor.tip;
  if (node_.wal.last() == tip.through) return;
  const bool continues = tip.epoch != 0 && node_.cursor.author == node_.options.node;
  if (!continues) node_.rescue_tail(tip.through + 1);
}

std::optional<Action> Promoter::write_head() {
  settle_tail();
  phase_ = Phase::writing_head;
  head_ = node_.new_record(RecordKind::head, epoch(), 0);
  std::string bytes = encode_record(head_);
  head_hash_ = record_hash(bytes);
  return call_.put(record_key(epoch(), 0), std::move(bytes), [this](const std::string& found) {
    other_ = node_.decode_slot(found, epoch(), 0);
    return other_.nonce == head_.nonce;
  });
}

std::optional<Action> Promoter::after_head() {
  if (call_.outcome() == StoreCall::Outcome::lost) {
    node_.leader = {other_.sealed_by, other_.author, {}};
    return give_up("epoch " + std::to_string(epoch()) + " was sealed while this node was being promoted: " +
                   describe(node_.leader) + " took over");
  }
  node_.cursor.advance(head_, head_hash_);
  node_.wal.mark(node_.cursor.tip);
  node_.leader = {epoch(), node_.options.node, node_.options.address};
  node_.written_epoch = epoch();
  won_ = true;
  return std::nullopt;
}

std::optional<Action> Promoter::give_up(std::string reason) {
  won_ = false;
  reason_ = std::move(reason);
  return std::nullopt;
}

}  // namespace questnode::replication
