// How far one node knows the cluster's log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/wal.hpp"
#include "replication/record.hpp"

namespace questnode::replication {

struct LogCursor {
  engine::LogMark tip;           ///< The last record; epoch 0: none yet.
  std::uint64_t next_epoch = 1;  ///< The slot to read next. All epochs before it are sealed.
  std::uint64_t next_seq = 0;
  std::optional<std::int64_t> clock;  ///< Of the tip; none: not read since the start.
  std::string author;                 ///< Of the tip; only with `clock`.

  /// Where a WAL with this last mark goes on. A mark that speaks of entries which the WAL lost in a power
  /// cut is no use: the log is then read from the beginning, and compared.
  static LogCursor after(const std::optional<engine::LogMark>& mark, std::uint64_t wal_last);

  /// Throws std::runtime_error unless `record`, found in the next slot, continues the log.
  void require_continues(const Record& record) const;
  /// `record` is the new tip. REQUIRES: require_continues(record) holds.
  void advance(const Record& record, const base::Sha256& hash);
  /// The next slot holds a SEAL.
  void pass_seal();
};

}  // namespace questnode::replication
