// A log entry: what one request (or one DDL statement) changes, whole. These bytes are the WAL entry, the
// body of a log record and what a replica applies.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/delivery.hpp"
#include "engine/block.hpp"

namespace questnode::engine {

struct ColumnDefinition {
  std::string name;
  ColumnType type = ColumnType::long_;
  std::uint8_t dimensions = 0;  ///< Of arrays; a decimal's digits; a geohash's bits; 0 otherwise.
  std::uint8_t scale = 0;       ///< Of decimals: digits behind the point.

  /// "LONG", "DOUBLE[][]", "DECIMAL(18,3)", "GEOHASH(4c)", ...: QuestDB's name.
  std::string type_text() const;
  bool operator==(const ColumnDefinition&) const = default;
};

/// A stream's token moves from `before` (none: the stream was unknown) to `after`.
struct TokenChange {
  base::Uuid stream;
  std::optional<base::StreamPosition> before;
  base::StreamPosition after;
};

struct TableCreation {
  std::vector<ColumnDefinition> columns;
  std::uint32_t timestamp_column = 0;
  std::string partition_by;
  std::vector<std::string> dedup_keys;
};

/// What one table goes through: created perhaps, columns added perhaps, rows perhaps. Or renamed, and nothing
/// else.
struct TableTransaction {
  std::string table;
  std::uint64_t transaction = 0;  ///< The table's own number: previous + 1.
  std::optional<TableCreation> creation;
  std::vector<ColumnDefinition> added_columns;
  Block block;                          ///< Column types equal the table's.
  std::optional<std::string> new_name;  ///< RENAME TABLE; the only transaction of its entry.
};

struct Entry {
  std::uint64_t number = 0;  ///< 1, 2, 3 ... without a gap through all epochs of the cluster.
  std::int64_t wall_nanos = 0;
  std::optional<TokenChange> token;
  std::vector<TableTransaction> tables;
};

/// No entry is longer: a log record holds 512 MiB, a row in a table file a billion bytes.
inline constexpr std::size_t kMaxEntryBytes = std::size_t{500} << 20;

/// Thrown while an entry is made that would be longer than it may be.
struct EntryTooLong : std::runtime_error {
  explicit EntryTooLong(std::size_t most)
      : std::runtime_error("the rows take more than " + std::to_string(most) +
                           " bytes in the log: send fewer of them in a request") {}
};

/// Self-delimiting: magic, format version, length, CRC-32C, number, body. The version is 2 where a table is
/// renamed, else 1, so that a program that knows no renaming reads every other entry.
std::string encode_entry(const Entry& entry);
/// Throws base::MalformedBytes (bad checksum, impossible lengths) or, for a newer format version, an error
/// that says so.
Entry decode_entry(std::string_view bytes);

/// What can be told without decoding the body.
struct EntryFrame {
  std::uint64_t number = 0;
  std::size_t length = 0;  ///< Of the whole entry in bytes.
};
/// The entry that begins at the front of `bytes`; nullopt: incomplete or damaged (checksum included).
std::optional<EntryFrame> peek_entry(std::string_view bytes);

}  // namespace questnode::engine
