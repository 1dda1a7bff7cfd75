#include "replication/log_reader.hpp"

#include <system_error>

namespace questnode::replication {

Action LogReader::read_next() {
  announcing_ = false;
  const LogCursor& cursor = node_.cursor;
  return call_.get(record_key(cursor.next_epoch, cursor.next_seq), [this](const std::string& bytes) {
    record_ = node_.decode_slot(bytes, node_.cursor.next_epoch, node_.cursor.next_seq);
    if (record_.kind != RecordKind::seal) node_.cursor.require_continues(record_);
    hash_ = record_hash(bytes);
    return true;
  });
}

std::optional<Action> LogReader::resume(const Event& event) {
  if (announcing_) {
    announcing_ = false;
    return std::nullopt;
  }
  if (auto action = call_.resume(event)) return action;
  if (call_.outcome() == StoreCall::Outcome::absent) {
    found_ = Found::nothing;
    return std::nullopt;
  }
  if (record_.kind == RecordKind::seal) {
    node_.cursor.pass_seal();
    if (record_.sealed_by > node_.leader.epoch) node_.leader = {record_.sealed_by, record_.author, {}};
    found_ = Found::seal;
    return std::nullopt;
  }
  try {
    node_.adopt(record_, hash_);
  } catch (const std::system_error& error) {
    return call_.again(error.what());  // A full disk, perhaps: what is in the log waits there.
  }
  found_ = Found::record;
  if (record_.entries.empty()) return std::nullopt;
  announcing_ = true;
  return LogAdvanced{node_.cursor.tip.through};
}

}  // namespace questnode::replication
