// Decides what becomes the next entry: checks types against the catalog, tokens against the stream, cuts
// duplicates away. Pure; the caller serialises the calls and writes the bytes to the WAL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/delivery.hpp"
#include "engine/block.hpp"
#include "engine/cluster_state.hpp"

namespace questnode::engine {

/// Rows of one table as the parser understood them, before the catalog had its say.
struct ParsedTable {
  std::string name;
  /// Types as written. A column that was written with several types in different rows stands here once for
  /// each of them, in the order of their first rows.
  Block block;
  /// Unit of block.timestamps: nanoseconds unless one of them only fits into microseconds.
  bool timestamps_in_micros = false;
  bool nanosecond_column =
      false;  ///< The first row's timestamp was written with `n`: a new table keeps them.
  std::vector<std::uint32_t> rows;  ///< Index of each block row in the request, ascending from 0; line - 1.
};

/// What the headers say about the rows (DESIGN.md, "Our headers on ILP/HTTP").
struct Delivery {
  base::StreamHeader stream;
  std::vector<base::FramePart> parts;  ///< Their rows add up to the request's.
  std::optional<base::GapAcceptance> gap;
};

struct WriteRequest {
  std::vector<ParsedTable> tables;
  std::uint32_t rows = 0;
  std::optional<Delivery> delivery;  ///< None: a client without our headers.
};

/// Why a line cannot be stored.
struct LineFailure {
  std::uint32_t line = 0;  ///< 0: no line of its own.
  std::string what;
};

struct Admission {
  enum class Outcome {
    committed,       ///< `entry` is to be appended to the WAL; answer 204 once `number` is synced.
    duplicate,       ///< Everything was there already; answer 204 once `number` is synced.
    gap,             ///< 409: the rows do not follow the token, which `token` tells.
    unknown_stream,  ///< 409 without a token: the stream is unknown and does not begin with its first frame.
    refused,         ///< 400: `message` and `line`.
    too_large,       ///< 413: `message`; fewer rows at a time may be taken.
  };
  Outcome outcome = Outcome::refused;
  std::uint64_t number = 0;
  std::string entry;                          ///< Encoded; already applied to the sequencer's state.
  std::optional<base::StreamPosition> token;  ///< The stream's token after this.
  std::string message;
  std::uint32_t line = 0;
};

/// A CREATE TABLE that was parsed from SQL.
struct TableRequest {
  std::string name;
  std::vector<ColumnDefinition> columns;
  std::optional<std::string> timestamp_column;
  std::string partition_by = "NONE";
  std::vector<std::string> dedup_keys;
  bool if_not_exists = false;
};

/// A RENAME TABLE that was parsed from SQL.
struct RenameRequest {
  std::string from;
  std::string to;
};

/// What rows may create (line.auto.create.new.*).
struct CreationPolicy {
  bool tables = true;
  bool columns = true;
};

/// What no request gets beyond. Tables and columns stay in memory for ever, so there is an end to them.
struct SequencerLimits {
  std::size_t entry_bytes = kMaxEntryBytes;
  std::size_t tables = 100'000;
  std::size_t columns = 1'000'000;  ///< Of all tables together.
};

class Sequencer {
 public:
  explicit Sequencer(ClusterState state, CreationPolicy policy = {}, SequencerLimits limits = {})
      : state_(std::move(state)), policy_(policy), limits_(limits) {}

  Admission write(WriteRequest request, std::int64_t wall_nanos);
  /// outcome duplicate: it exists and if_not_exists was said.
  Admission create_table(const TableRequest& request, std::int64_t wall_nanos);
  /// Rows that are sequenced from now on find the table under its new name only.
  Admission rename_table(const RenameRequest& request, std::int64_t wall_nanos);

  const ClusterState& state() const { return state_; }

 private:
  std::optional<LineFailure> resolve_tables(std::vector<ParsedTable> tables, Entry& entry) const;
  std::string beyond_catalog(const Entry& entry) const;
  Admission commit(Entry entry);

  ClusterState state_;
  CreationPolicy policy_;
  SequencerLimits limits_;
};

}  // namespace questnode::engine
