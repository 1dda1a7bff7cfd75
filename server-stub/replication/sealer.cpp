#include "replication/sealer.hpp"

namespace questnode::replication {

std::optional<Action> Sealer::begin(std::uint64_t claimed) {
  claimed_ = claimed;
  epoch_ = node_.cursor.next_epoch;
  seq_ = node_.cursor.next_seq;
  return look();
}

std::optional<Action> Sealer::resume(const Event& event) {
  if (auto action = call_.resume(event)) return action;
  switch (call_.outcome()) {
    case StoreCall::Outcome::absent:
      return seal();
    case StoreCall::Outcome::won:
      return pass_sealed();
    case StoreCall::Outcome::found:
    case StoreCall::Outcome::lost:
      break;
  }
  return pass_occupied();
}

std::optional<Action> Sealer::look() {
  if (epoch_ >= claimed_) return std::nullopt;
  return call_.get(record_key(epoch_, seq_), [this](const std::string& bytes) {
    found_ = node_.decode_slot(bytes, epoch_, seq_);
    return true;
  });
}

Action Sealer::seal() {
  Record record = node_.new_record(RecordKind::seal, epoch_, seq_);
  record.sealed_by = claimed_;
  record.parent = {};  // The log before it is not read yet, and a seal is no link of the chain.
  record.first_entry = 0;
  nonce_ = record.nonce;
  return call_.put(record_key(epoch_, seq_), encode_record(record), [this](const std::string& bytes) {
    found_ = node_.decode_slot(bytes, epoch_, seq_);
    return found_.nonce == nonce_;
  });
}

std::optional<Action> Sealer::pass_occupied() {
  if (found_.kind == RecordKind::seal) return pass_sealed();
  ++seq_;
  return look();
}

std::optional<Action> Sealer::pass_sealed() {
  ++epoch_;
  seq_ = 0;
  return look();
}

}  // namespace questnode::replication
