#include "replication/log_cursor.hpp"

#include <stdexcept>

namespace questnode::replication {

LogCursor LogCursor::after(const std::optional<engine::LogMark>& mark, std::uint64_t wal_last) {
  LogCursor cursor;
  if (!mark || mark->through > wal_last) return cursor;
  cursor.tip = *mark;
  cursor.next_epoch = mark->epoch;
  cursor.next_seq = mark->seq + 1;
  return cursor;
}

void LogCursor::require_continues(const Record& record) const {
  const std::string key = record_key(record.epoch, record.seq);
  if (record.parent != tip.hash) {
    throw std::runtime_error(key + " does not continue the log: its parent is " + base::hex(record.parent) +
                             ", but " + record_key(tip.epoch, tip.seq) + " is " + base::hex(tip.hash));
  }
  if (record.first_entry != tip.through + 1) {
    throw std::runtime_error(key + " does not continue the log: it begins with entry " +
                             std::to_string(record.first_entry) + ", expected " +
                             std::to_string(tip.through + 1));
  }
  if (clock && record.clock <= *clock) throw std::runtime_error(key + ": the log's clock went back");
}

void LogCursor::advance(const Record& record, const base::Sha256& hash) {
  tip = {record.epoch, record.seq, hash, record.last_entry()};
  next_epoch = record.epoch;
  next_seq = record.seq + 1;
  clock = record.clock;
  author = record.author;
}

void LogCursor::pass_seal() {
  ++next_epoch;
  next_seq = 0;
}

}  // namespace questnode::replication
