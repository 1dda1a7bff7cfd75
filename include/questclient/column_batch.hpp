// Many rows at once, for those who hold their data by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <questclient/names.hpp>
#include <questclient/timestamp.hpp>
#include <questclient/values.hpp>

namespace questclient {

/// A range that owns its values and would be gone before they are read.
template <class Range>
concept OwningTemporary = std::ranges::range<Range> && !std::ranges::borrowed_range<Range>;

/// Which rows have a value: one bit a row, the lowest of a byte first, set where there is one, as in Apache
/// Arrow. `first_bit` is where the batch's first row stands. Without bits every row has a value.
struct Validity {
  Validity() = default;
  Validity(std::span<const std::uint8_t> all_bits,
           std::size_t first = 0)  // NOLINT(google-explicit-constructor)
      : bits(all_bits), first_bit(first), is_given(true) {}
  template <OwningTemporary Bits>
  Validity(Bits&& bits, std::size_t first = 0) = delete;

  std::span<const std::uint8_t> bits;
  std::size_t first_bit = 0;
  bool is_given = false;
};

/// Rows of one table, given as columns of equal length.
///
///     ColumnBatch batch("trades", prices.size());
///     batch.symbols("symbol", codes, dictionary).column("price", prices);
///     buffer.add(batch.at(timestamps));
///
/// Everything but names is borrowed and must outlive the call to add(); a temporary does not compile. Not
/// thread-safe while it is built. The rows are the same as those of single calls: symbols first, then
/// columns, each in the order of their calls. A row without timestamps from at() is stamped by the server.
///
/// Throws Error{invalid_name}: a name that QuestDB refuses, or one that stands twice (A to Z compared without
/// case); Error{invalid_api_call}: a column of another length than the batch, too few validity bits. The
/// values are looked at by LineBuffer::add().
class ColumnBatch {
 public:
  ColumnBatch(NameView table, std::size_t rows, std::size_t max_name_len = 127);

  /// Each code, an integer of any kind up to 64 bits, is a place in the dictionary, whose entries are escaped
  /// once. The code of a row without a value may be anything.
  template <class Codes>
  ColumnBatch& symbols(NameView name, const Codes& codes, std::span<const std::string_view> dictionary,
                       Validity validity = {}) {
    const std::span all(codes);
    using Code = typename decltype(all)::value_type;
    static_assert(SentAsInteger<Code>, "the codes are integers of at most 64 bits");
    put_column(name, all.data(), all.size(), code_kind<Code>(), validity, dictionary);
    return *this;
  }
  ColumnBatch& symbols(NameView name, std::span<const std::string_view> values, Validity validity = {}) {
    return put(name, values, Kind::symbol, validity);
  }
  template <OwningTemporary Codes>
  ColumnBatch& symbols(NameView name, Codes&& codes, std::span<const std::string_view> dictionary,
                       Validity validity = {}) = delete;
  template <class Codes, OwningTemporary Dictionary>
  ColumnBatch& symbols(NameView name, const Codes& codes, Dictionary&& dictionary,
                       Validity validity = {}) = delete;
  template <OwningTemporary Values>
  ColumnBatch& symbols(NameView name, Values&& values, Validity validity = {}) = delete;

  ColumnBatch& column(NameView name, std::span<const std::int64_t> values, Validity validity = {}) {
    return put(name, values, Kind::integer, validity);
  }
  ColumnBatch& column(NameView name, std::span<const double> values, Validity validity = {}) {
    return put(name, values, Kind::real, validity);
  }
  ColumnBatch& column(NameView name, std::span<const std::int32_t> values, Validity validity = {}) {
    return put(name, values, Kind::integer32, validity);
  }
  ColumnBatch& column(NameView name, std::span<const float> values, Validity validity = {}) {
    return put(name, values, Kind::real32, validity);
  }
  ColumnBatch& column(NameView name, std::span<const bool> values, Validity validity = {}) {
    return put(name, values, Kind::boolean, validity);
  }
  ColumnBatch& column(NameView name, std::span<const std::string_view> values, Validity validity = {}) {
    return put(name, values, Kind::text, validity);
  }
  ColumnBatch& column(NameView name, std::span<const std::string> values, Validity validity = {}) {
    return put(name, values, Kind::string, validity);
  }
  ColumnBatch& column(NameView name, std::span<const TimestampMicros> values, Validity validity = {}) {
    return put(name, values, Kind::micros, validity);
  }
  ColumnBatch& column(NameView name, std::span<const TimestampNanos> values, Validity validity = {}) {
    return put(name, values, Kind::nanos, validity);
  }
  ColumnBatch& column(NameView name, std::span<const ArrayView> values, Validity validity = {}) {
    return put(name, values, Kind::array, validity);
  }
  ColumnBatch& column(NameView name, std::span<const Decimal> values, Validity validity = {}) {
    return put(name, values, Kind::decimal, validity);
  }
  ColumnBatch& column(NameView name, std::span<const Long256> values, Validity validity = {}) {
    return put(name, values, Kind::long256, validity);
  }
  ColumnBatch& column(NameView name, std::span<const Uuid> values, Validity validity = {}) {
    return put(name, values, Kind::uuid, validity);
  }
  ColumnBatch& column(NameView name, std::span<const Ipv4> values, Validity validity = {}) {
    return put(name, values, Kind::ipv4, validity);
  }
  ColumnBatch& column(NameView name, std::span<const Geohash> values, Validity validity = {}) {
    return put(name, values, Kind::geohash, validity);
  }
  ColumnBatch& column(NameView name, std::span<const Char> values, Validity validity = {}) {
    return put(name, values, Kind::character, validity);
  }
  template <OwningTemporary Values>
  ColumnBatch& column(NameView name, Values&& values, Validity validity = {}) = delete;
  /// Booleans as bytes, true where not zero.
  ColumnBatch& column_bool(NameView name, std::span<const std::uint8_t> values, Validity validity = {}) {
    return put(name, values, Kind::boolean, validity);
  }
  template <OwningTemporary Values>
  ColumnBatch& column_bool(NameView name, Values&& values, Validity validity = {}) = delete;
  /// Timestamps as plain integers.
  ColumnBatch& column_micros(NameView name, std::span<const std::int64_t> values, Validity validity = {}) {
    return put(name, values, Kind::micros, validity);
  }
  ColumnBatch& column_nanos(NameView name, std::span<const std::int64_t> values, Validity validity = {}) {
    return put(name, values, Kind::nanos, validity);
  }
  template <OwningTemporary Values>
  ColumnBatch& column_micros(NameView name, Values&& values, Validity validity = {}) = delete;
  template <OwningTemporary Values>
  ColumnBatch& column_nanos(NameView name, Values&& values, Validity validity = {}) = delete;

  /// The designated timestamps: not negative, not after the year 9999.
  ColumnBatch& at(std::span<const TimestampMicros> timestamps) { return put_at(timestamps, 't'); }
  ColumnBatch& at(std::span<const TimestampNanos> timestamps) { return put_at(timestamps, 'n'); }
  ColumnBatch& at_micros(std::span<const std::int64_t> timestamps) { return put_at(timestamps, 't'); }
  ColumnBatch& at_nanos(std::span<const std::int64_t> timestamps) { return put_at(timestamps, 'n'); }
  template <OwningTemporary Values>
  ColumnBatch& at(Values&& timestamps) = delete;
  template <OwningTemporary Values>
  ColumnBatch& at_micros(Values&& timestamps) = delete;
  template <OwningTemporary Values>
  ColumnBatch& at_nanos(Values&& timestamps) = delete;
  /// The server stamps the rows on arrival: what a batch without at() does too.
  ColumnBatch& at_now() noexcept;

  std::size_t rows() const noexcept { return rows_; }

 private:
  friend class LineBuffer;
  // Symbols first: see is_symbol().
  enum class Kind : std::uint8_t {
    symbol,
    codes_i8,
    codes_u8,
    codes_i16,
    codes_u16,
    codes_i32,
    codes_u32,
    codes_i64,
    codes_u64,
    boolean,
    integer,
    integer32,
    real,
    real32,
    text,
    string,
    uuid,
    ipv4,
    geohash,
    character,
    long256,
    micros,
    nanos,
    array,
    decimal
  };
  static bool is_symbol(Kind kind) { return kind <= Kind::codes_u64; }
  struct Column {
    ColumnName name;
    Kind kind;
    const void* values;
    std::span<const std::string_view> dictionary;
    Validity validity;
  };

  template <class Code>
  static constexpr Kind code_kind() {
    if constexpr (sizeof(Code) == 8) return std::is_signed_v<Code> ? Kind::codes_i64 : Kind::codes_u64;
    if constexpr (sizeof(Code) == 4) return std::is_signed_v<Code> ? Kind::codes_i32 : Kind::codes_u32;
    if constexpr (sizeof(Code) == 2) return std::is_signed_v<Code> ? Kind::codes_i16 : Kind::codes_u16;
    return std::is_signed_v<Code> ? Kind::codes_i8 : Kind::codes_u8;
  }
  template <class T>
  ColumnBatch& put(std::string_view name, std::span<const T> values, Kind kind, Validity validity) {
    put_column(name, values.data(), values.size(), kind, validity, {});
    return *this;
  }
  template <class T>
  ColumnBatch& put_at(std::span<const T> timestamps, char unit) {
    static_assert(sizeof(T) == sizeof(std::int64_t));
    put_timestamps(timestamps.data(), timestamps.size(), unit);
    return *this;
  }
  void put_column(std::string_view name, const void* values, std::size_t count, Kind kind, Validity validity,
                  std::span<const std::string_view> dictionary);
  void put_timestamps(const void* timestamps, std::size_t count, char unit);
  void check_count(std::string_view name, std::size_t count) const;

  TableName table_;
  std::size_t rows_;
  std::size_t max_name_len_;
  std::vector<Column> symbols_;
  std::vector<Column> columns_;
  std::set<std::string> names_;       // with A to Z in lowercase
  const void* timestamps_ = nullptr;  // int64
  char unit_ = 'n';
  bool is_stamped_ = false;  // false: the server stamps the rows
};

}  // namespace questclient
