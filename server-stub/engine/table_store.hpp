// The tables as SQL sees them: one SQLite file a table, filled from entries that are in the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster_state.hpp"

namespace questnode::engine {

/// One thread applies; queries run on any thread beside it.
class TableStore {
 public:
  /// Opens what is there; `state()` tells where to go on applying.
  static std::unique_ptr<TableStore> open(const std::filesystem::path& directory);
  virtual ~TableStore() = default;

  /// The state at the last applied entry. Thread-safe copy.
  virtual ClusterState state() const = 0;
  virtual std::uint64_t applied() const = 0;

  /// Applies consecutive entries, each whole; visible to queries on return. An entry that was applied before
  /// is skipped, so a crash between two tables does no harm. When it throws it may be tried again.
  /// REQUIRES: the entries cannot be lost any more: synced in the WAL, or in the cluster's log.
  virtual void apply(const std::vector<Entry>& entries) = 0;
  /// Makes everything applied durable and returns its number: the WAL may be purged through it. When it
  /// throws for want of room it may be tried again.
  virtual std::uint64_t checkpoint() = 0;
};

/// An answer of /exec, already as JSON in QuestDB's shape.
struct SqlAnswer {
  int status = 200;
  std::string json;
};

/// Runs one SELECT on the applied tables, read-only, in at most `timeout`.
/// Thread-safe; blocks. Refuses everything but SELECT (and WITH) with 400 and a position.
SqlAnswer run_select(const std::filesystem::path& directory, const ClusterState& state, std::string_view sql,
                     std::chrono::milliseconds timeout, std::size_t max_bytes);

}  // namespace questnode::engine
