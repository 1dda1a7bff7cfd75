// Columnar blocks: the one form of committed data. The parser makes them, the WAL and the log records carry
// their bytes, the table store reads them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "namespace.hpp"

namespace questnode::engine {

/// Types of table columns. Stored as a byte in the log: never renumber.
enum class ColumnType : std::uint8_t {
  boolean = 1,
  byte = 2,
  short_ = 3,
  int_ = 4,
  long_ = 5,
  float_ = 6,
  double_ = 7,
  symbol = 8,
  varchar = 9,
  string = 10,
  char_ = 11,
  date = 12,          ///< Milliseconds since 1970.
  timestamp = 13,     ///< Microseconds.
  timestamp_ns = 14,  ///< Nanoseconds.
  long256 = 15,       ///< 32 bytes, little-endian.
  uuid = 16,          ///< Text form.
  ipv4 = 17,          ///< Text form.
  double_array = 18,  ///< JSON text; dimensions in the catalog are those of the first value.
};

/// "LONG", "TIMESTAMP_NS", ...: QuestDB's name.
std::string_view type_name(ColumnType type);

/// How values lie in a block.
enum class Storage : std::uint8_t { integer, real, text };
Storage storage_of(ColumnType type);

/// One column of a block. A row that has no value (NULL) is absent from `present`; the value vectors hold one
/// element per row all the same, so that row i is at index i.
struct BlockColumn {
  std::string name;
  ColumnType type = ColumnType::long_;
  std::vector<bool> present;
  std::vector<std::int64_t> integers;    ///< Storage::integer (booleans are 0 and 1).
  std::vector<double> reals;             ///< Storage::real.
  std::string text;                      ///< Storage::text: the values, one after the other ...
  std::vector<std::uint32_t> text_ends;  ///< ... and where each ends.

  std::string_view text_at(std::size_t row) const {
    const std::uint32_t begin = row == 0 ? 0 : text_ends[row - 1];
    return std::string_view(text).substr(begin, text_ends[row] - begin);
  }
};

/// Rows of one table. The designated timestamp stands apart from the other columns.
struct Block {
  std::uint32_t rows = 0;
  std::vector<std::int64_t> timestamps;  ///< In the unit of the table's designated timestamp column.
  std::vector<BlockColumn> columns;
};

/// Bytes that decode_block turns back into an equal Block. Deterministic.
void encode_block(const Block& block, std::string& out);
/// Throws base::MalformedBytes.
Block decode_block(base::ByteReader& in);

}  // namespace questnode::engine
