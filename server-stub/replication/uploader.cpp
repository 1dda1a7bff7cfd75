#include "replication/uploader.hpp"

#include <stdexcept>
#include <utility>

#include "base/kill_point.hpp"

namespace questnode::replication {
Action Uploader::begin() {
  next_upload_ = node_.now;
  next_check_ = node_.now + node_.options.fence_check_interval;
  return look();
}

std::optional<Action> Uploader::resume(const Event& event) {
  switch (phase_) {
    case Phase::resting:
    case Phase::announcing:
      return look();
    case Phase::uploading:
      if (auto action = call_.resume(event)) return action;
      return after_upload();
    case Phase::checking:
      if (auto action = call_.resume(event)) return action;
      if (call_.outcome() == StoreCall::Outcome::found) return std::nullopt;
      return look();
  }
  throw std::logic_error("unknown phase of an upload");
}

Action Uploader::look() {
  phase_ = Phase::resting;
  const std::uint64_t through = node_.cursor.tip.through;
  const std::uint64_t synced = node_.wal.synced();
  if (synced <= through) return node_.now < next_check_ ? Idle{next_check_} : check();
  if (node_.now < next_upload_) return Idle{next_upload_};
  std::vector<std::string> entries = node_.wal.read(through + 1, synced, node_.options.max_record_bytes);
  if (entries.empty()) throw std::logic_error("the WAL does not return entry " + std::to_string(through + 1));
  // A backlog larger than one record is not held up by the window.
  const bool backlog = through + entries.size() < synced;
  next_upload_ = backlog ? node_.now : node_.now + node_.options.upload_window;
  return upload(std::move(entries));
}

Action Uploader::upload(std::vector<std::string> entries) {
  phase_ = Phase::uploading;
  const LogCursor& cursor = node_.cursor;
  record_ = node_.new_record(RecordKind::data, cursor.next_epoch, cursor.next_seq);
  record_.entries = std::move(entries);
  std::string bytes = encode_record(record_);
  hash_ = record_hash(bytes);
  base::kill_point("replicator.before_upload");
  return call_.put(record_key(record_.epoch, record_.seq), std::move(bytes),
                   [this](const std::string& found) {
                     other_ = node_.decode_slot(found, record_.epoch, record_.seq);
                     return other_.nonce == record_.nonce;
                   });
}

/// Uploads find a SEAL by themselves; a primary that has nothing to upload has to look for it.
Action Uploader::check() {
  phase_ = Phase::checking;
  next_check_ = node_.now + node_.options.fence_check_interval;
  const std::uint64_t epoch = node_.cursor.next_epoch;
  const std::uint64_t seq = node_.cursor.next_seq;
  return call_.get(record_key(epoch, seq), [this, epoch, seq](const std::string& found) {
    other_ = node_.decode_slot(found, epoch, seq);
    return true;
  });
}

std::optional<Action> Uploader::after_upload() {
  if (call_.outcome() == StoreCall::Outcome::lost) return std::nullopt;
  base::kill_point("replicator.after_upload_before_mark");
  node_.cursor.advance(record_, hash_);
  node_.wal.mark(node_.cursor.tip);
  record_.entries.clear();
  phase_ = Phase::announcing;
  return LogAdvanced{node_.cursor.tip.through};
}

}  // namespace questnode::replication
