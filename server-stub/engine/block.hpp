// Columnar blocks: the one form of committed data. The parser makes them, the WAL and the log records carry
// their bytes, the table store reads them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
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
  long256 = 15,       ///< Text form: 0x and lowercase hexadecimal digits.
  uuid = 16,          ///< Text form.
  ipv4 = 17,          ///< Text form.
  double_array = 18,  ///< JSON text; dimensions in the catalog are those of the first value.
  decimal = 19,       ///< Text form, with as many places as the column's scale says.
  geohash = 20,       ///< Text form: characters, or zeros and ones where the bits make no whole ones.
};
inline constexpr ColumnType kLastColumnType = ColumnType::geohash;

/// "LONG", "TIMESTAMP_NS", ...: QuestDB's name.
std::string_view type_name(ColumnType type);

/// How values lie in a block.
enum class Storage : std::uint8_t { integer, real, text };
Storage storage_of(ColumnType type);

/// One column of a block. Only rows that have a value take room: value k belongs to the k-th such row. So a
/// block's values take a small multiple of what was sent, however sparse its columns are.
struct BlockColumn {
  std::string name;
  ColumnType type = ColumnType::long_;
  std::uint8_t dimensions = 0;           ///< As in ColumnDefinition.
  bool everywhere = true;                ///< Every row has a value, and `rows` is empty.
  std::vector<std::uint32_t> rows;       ///< Otherwise: the rows that have one, ascending.
  std::vector<std::int64_t> integers;    ///< Storage::integer: the values (booleans are 0 and 1).
  std::vector<double> reals;             ///< Storage::real: the values.
  std::string text;                      ///< Storage::text: texts, one after the other ...
  std::vector<std::uint32_t> text_ends;  ///< ... and where each ends.
  bool coded = false;                    ///< The texts are a dictionary ...
  std::vector<std::uint32_t> codes;      ///< ... and value k is its text number codes[k].

  /// How many rows have a value.
  std::size_t values() const {
    switch (storage_of(type)) {
      case Storage::integer:
        return integers.size();
      case Storage::real:
        return reals.size();
      case Storage::text:
        return coded ? codes.size() : text_ends.size();
    }
    return 0;
  }
  /// Which value is the row's; nullopt: NULL. For walking over all rows ColumnCursor is faster.
  std::optional<std::size_t> value_of(std::uint32_t row) const {
    if (everywhere) return row;
    const auto at = std::lower_bound(rows.begin(), rows.end(), row);
    if (at == rows.end() || *at != row) return std::nullopt;
    return static_cast<std::size_t>(at - rows.begin());
  }
  /// The row of a value.
  std::uint32_t row_of(std::size_t value) const {
    return everywhere ? static_cast<std::uint32_t>(value) : rows[value];
  }
  /// Storage::text: value number `value`.
  std::string_view text_at(std::size_t value) const {
    const std::size_t index = coded ? codes[value] : value;
    const std::uint32_t begin = index == 0 ? 0 : text_ends[index - 1];
    return std::string_view(text).substr(begin, text_ends[index] - begin);
  }
};

/// Walks over a column's rows. The column must outlive it unchanged.
class ColumnCursor {
 public:
  explicit ColumnCursor(const BlockColumn& column) : column_(&column) {}

  /// Which value is the row's; nullopt: NULL. REQUIRES: rows are asked for in ascending order.
  std::optional<std::size_t> value_of(std::uint32_t row) {
    if (column_->everywhere) return row;
    while (next_ < column_->rows.size() && column_->rows[next_] < row) ++next_;
    if (next_ == column_->rows.size() || column_->rows[next_] != row) return std::nullopt;
    return next_;
  }

 private:
  const BlockColumn* column_;
  std::size_t next_ = 0;
};

/// Rows of one table. The designated timestamp stands apart from the other columns.
struct Block {
  std::uint32_t rows = 0;
  std::vector<std::int64_t> timestamps;  ///< In the unit of the table's designated timestamp column.
  std::vector<BlockColumn> columns;
};

/// Memory that the values take, without spare room. No encoding is longer but for a few bytes a column.
std::size_t held_bytes(const BlockColumn& column);
std::size_t held_bytes(const Block& block);

/// Drops the first `count` rows. REQUIRES: count <= block.rows.
void drop_first_rows(Block& block, std::uint32_t count);

/// Bytes that decode_block turns back into an equal Block. Deterministic.
void encode_block(const Block& block, std::string& out);
/// Throws base::MalformedBytes.
Block decode_block(base::ByteReader& in);

}  // namespace questnode::engine
