// Rows, encoded as InfluxDB line protocol while they are built.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <questclient/error.hpp>
#include <questclient/names.hpp>
#include <questclient/prepared_row.hpp>
#include <questclient/timestamp.hpp>
#include <questclient/values.hpp>

namespace questclient {

/// A version of ILP as QuestDB numbers them. Version 2 writes doubles as eight bytes and names the unit of
/// every timestamp, and takes arrays; version 3 also takes decimals; version 1 is text throughout.
enum class ProtocolVersion : std::uint8_t { v1 = 1, v2 = 2, v3 = 3 };

class ColumnBatch;

/// Builds rows in memory: table, then symbols, then columns, then `at` or `at_now`; or a whole row, or many,
/// with one call of `add`.
///
///     LineBuffer buffer;
///     buffer.table("trades").symbol("symbol", "ETH-USD").column("price", 2615.54).at(TimestampNanos::now());
///
/// Not thread-safe: one LineBuffer a thread. Never blocks. A call that throws leaves the buffer as it was
/// before the row (or the batch) that it belongs to: complete rows stay, the row under construction is gone.
///
/// Errors: invalid_api_call (a symbol after a column, `at` without a table, a row without values),
/// invalid_name, invalid_value (not UTF-8, a null pointer as text, a designated timestamp before 1970 or
/// after 9999, an unsigned integer above the largest int64, the smallest int64: QuestDB stores that as NULL,
/// so leave the column out instead; an array in version 1, a decimal before version 3), buffer_full
/// (max_size).
///
/// A name that stands twice in a row of single calls, in whatever case, is not noticed here: the server keeps
/// the first. Version 1 writes TimestampNanos columns in microseconds, rounded down. NaN is stored as NULL.
class LineBuffer {
 public:
  struct Options {
    ProtocolVersion version = ProtocolVersion::v2;
    std::size_t initial_size = std::size_t{64} << 10;  ///< Bytes reserved at the start, at most max_size.
    std::size_t max_size = std::size_t{100} << 20;     ///< Bytes; a row that would pass it is refused.
    /// UTF-16 units of a name, as the server counts them: up to 32767, more counts as that; 0 refuses every
    /// name. Names that were checked beforehand are not checked again.
    std::size_t max_name_len = 127;
  };

  LineBuffer();
  explicit LineBuffer(const Options& options);
  LineBuffer(const LineBuffer& other);
  LineBuffer& operator=(const LineBuffer& other);
  /// The other buffer is left empty and usable.
  LineBuffer(LineBuffer&& other) noexcept;
  LineBuffer& operator=(LineBuffer&& other) noexcept;
  ~LineBuffer() = default;

  LineBuffer& table(NameView name);
  LineBuffer& table(const TableName& name);

  LineBuffer& symbol(NameView name, std::string_view value) { return symbol_text(name, value); }
  LineBuffer& symbol(NameView name, const char* value) { return symbol_text(name, text(value)); }
  LineBuffer& symbol(const ColumnName& name, std::string_view value) { return symbol_text(name, value); }
  LineBuffer& symbol(const ColumnName& name, const char* value) { return symbol_text(name, text(value)); }

  // Overloads take exactly bool, int64, double, text, a timestamp or what values.hpp holds: other integer
  // types up to 64 bits become int64, other floating-point types double. What only converts to one of them (a
  // function, a wider integer, an enumeration) does not compile.
  template <SentAsBool Value>
  LineBuffer& column(NameView name, Value value) {
    return column_bool(name, value);
  }
  template <SentAsInteger Value>
  LineBuffer& column(NameView name, Value value) {
    return column_int64(name, int64(value));
  }
  template <std::floating_point Value>
  LineBuffer& column(NameView name, Value value) {
    return column_double(name, static_cast<double>(value));
  }
  LineBuffer& column(NameView name, std::string_view value) { return column_text(name, value); }
  LineBuffer& column(NameView name, const char* value) { return column_text(name, text(value)); }
  LineBuffer& column(NameView name, const void* value) = delete;  // a pointer is no value
  LineBuffer& column(NameView name, TimestampMicros value);
  LineBuffer& column(NameView name, TimestampNanos value);
  LineBuffer& column(NameView name, const ArrayView& value);
  LineBuffer& column(NameView name, std::span<const double> values) {
    return column(name, ArrayView(values));
  }
  LineBuffer& column(NameView name, const std::vector<double>& values) {
    return column(name, ArrayView(values));
  }
  LineBuffer& column(NameView name, const Decimal& value);
  LineBuffer& column(NameView name, const Long256& value);
  template <SentAsText Value>
  LineBuffer& column(NameView name, const Value& value) {
    return column_text(name, value.text());
  }
  /// An empty one leaves the column out.
  template <class Value>
  LineBuffer& column(NameView name, const std::optional<Value>& value) {
    return value ? column(name, *value) : column_missing(name);
  }

  template <SentAsBool Value>
  LineBuffer& column(const ColumnName& name, Value value) {
    return column_bool(name, value);
  }
  template <SentAsInteger Value>
  LineBuffer& column(const ColumnName& name, Value value) {
    return column_int64(name, int64(value));
  }
  template <std::floating_point Value>
  LineBuffer& column(const ColumnName& name, Value value) {
    return column_double(name, static_cast<double>(value));
  }
  LineBuffer& column(const ColumnName& name, std::string_view value) { return column_text(name, value); }
  LineBuffer& column(const ColumnName& name, const char* value) { return column_text(name, text(value)); }
  LineBuffer& column(const ColumnName& name, const void* value) = delete;  // a pointer is no value
  LineBuffer& column(const ColumnName& name, TimestampMicros value);
  LineBuffer& column(const ColumnName& name, TimestampNanos value);
  LineBuffer& column(const ColumnName& name, const ArrayView& value);
  LineBuffer& column(const ColumnName& name, std::span<const double> values) {
    return column(name, ArrayView(values));
  }
  LineBuffer& column(const ColumnName& name, const std::vector<double>& values) {
    return column(name, ArrayView(values));
  }
  LineBuffer& column(const ColumnName& name, const Decimal& value);
  LineBuffer& column(const ColumnName& name, const Long256& value);
  template <SentAsText Value>
  LineBuffer& column(const ColumnName& name, const Value& value) {
    return column_text(name, value.text());
  }
  template <class Value>
  LineBuffer& column(const ColumnName& name, const std::optional<Value>& value) {
    return value ? column(name, *value) : column_missing(name);
  }

  /// Ends the row with its designated timestamp: not negative, not after the year 9999.
  void at(TimestampMicros timestamp);
  void at(TimestampNanos timestamp);
  /// Ends the row; the server stamps it on arrival. Such rows cannot be deduplicated by QuestDB.
  void at_now();

  /// One whole row: the values of the prepared row's symbols, then of its columns, in its order, then its
  /// timestamp or AtNow. A value that is missing (an empty std::optional) is left out. Other errors than
  /// those of the single calls: invalid_api_call (another number of values, a symbol that is not text, no
  /// value).
  template <class... Values>
  void add(const PreparedRow& row, const Values&... values_then_end) {
    constexpr std::size_t kValues = sizeof...(Values) - 1;
    static_assert(sizeof...(Values) > 0, "give the row's values, then its timestamp or AtNow{}");
    using End = std::tuple_element_t<kValues, std::tuple<Values...>>;
    static_assert(std::is_convertible_v<End, RowEnd>, "the last one is the row's timestamp, or AtNow{}");
    const auto all = std::tie(values_then_end...);
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      const std::array<RowValue, kValues> values{RowValue(std::get<Index>(all))...};
      add_values(row, values, std::get<kValues>(all));
    }
    (std::make_index_sequence<kValues>());
  }
  /// The same for values that were collected at run time.
  void add_values(const PreparedRow& row, std::span<const RowValue> values, RowEnd end);
  /// All rows of the batch, or none if it throws. See ColumnBatch.
  void add(const ColumnBatch& batch);

  /// Gives up the row under construction; complete rows stay.
  void cancel_row() noexcept;
  /// table() was called, and neither at(), at_now() nor cancel_row() since: what flushes then throws.
  bool row_is_open() const noexcept { return state_ != State::idle; }
  /// Gives up everything, keeps the memory.
  void clear() noexcept;

  /// Complete rows.
  std::size_t rows() const noexcept { return row_lengths_.size(); }
  /// Bytes of the complete rows.
  std::size_t size() const noexcept { return row_start_; }
  bool empty() const noexcept { return row_lengths_.empty(); }
  /// The complete rows as they go over the wire; valid until the next call that changes the buffer.
  std::string_view payload() const noexcept { return {bytes_.get(), row_start_}; }
  /// Bytes of each complete row, line end included; they add up to size(). Values may hold line ends, so rows
  /// cannot be found again by looking for them.
  std::span<const std::uint32_t> row_lengths() const noexcept { return row_lengths_; }
  /// Complete rows that ended with at_now().
  std::size_t rows_without_timestamp() const noexcept { return rows_without_timestamp_; }
  ProtocolVersion version() const noexcept { return options_.version; }

 private:
  /// What the row under construction holds so far.
  enum class State : std::uint8_t { idle, table, symbols, columns };
  class BatchWriter;
  struct FreeBytes {
    void operator()(char* bytes) const noexcept;
  };

  LineBuffer& symbol_text(std::string_view name, std::string_view value);
  LineBuffer& symbol_text(const ColumnName& name, std::string_view value);
  LineBuffer& column_bool(std::string_view name, bool value);
  LineBuffer& column_bool(const ColumnName& name, bool value);
  LineBuffer& column_int64(std::string_view name, std::int64_t value);
  LineBuffer& column_int64(const ColumnName& name, std::int64_t value);
  LineBuffer& column_double(std::string_view name, double value);
  LineBuffer& column_double(const ColumnName& name, double value);
  LineBuffer& column_text(std::string_view name, std::string_view value);
  LineBuffer& column_text(const ColumnName& name, std::string_view value);
  LineBuffer& column_missing(std::string_view name);
  LineBuffer& column_missing(const ColumnName& name);
  std::string_view text(const char* value) {
    if (value == nullptr) refuse_null();
    return value;
  }
  template <SentAsInteger Value>
  std::int64_t int64(Value value) {
    const auto sent = static_cast<std::int64_t>(value);
    if (std::is_unsigned_v<Value> && sent < 0) refuse_unsigned(static_cast<std::uint64_t>(value));
    return sent;
  }

  // Each put_* writes one whole item, for either kind of name.
  template <class Name>
  LineBuffer& put_symbol(const Name& name, std::string_view value);
  template <class Name>
  LineBuffer& put_bool(const Name& name, bool value);
  template <class Name>
  LineBuffer& put_int64(const Name& name, std::int64_t value);
  template <class Name>
  LineBuffer& put_double(const Name& name, double value);
  template <class Name>
  LineBuffer& put_text(const Name& name, std::string_view value);
  template <class Name>
  LineBuffer& put_timestamp(const Name& name, std::int64_t value, char unit);
  template <class Name>
  LineBuffer& put_missing(const Name& name);
  template <class Name>
  LineBuffer& put_array(const Name& name, const ArrayView& value);
  template <class Name>
  LineBuffer& put_decimal(const Name& name, const Decimal& value);
  template <class Name>
  LineBuffer& put_raw(const Name& name, std::string_view encoded);
  std::size_t room_of(const RowValue& value);
  char* write_symbols(char* out, const PreparedRow& row, std::span<const RowValue> values);
  char* write_columns(char* out, const PreparedRow& row, std::span<const RowValue> values);
  char* write_rare(char* out, std::string_view name, const RowValue& value);
  void put_designated(std::int64_t value, char unit);

  char* begin_table(std::size_t name_room);
  template <class Name>
  char* begin_symbol(const Name& name, std::size_t value_room);
  template <class Name>
  char* begin_column(const Name& name, std::size_t value_room);
  char* put_name(char* out, char separator, const ColumnName& name);
  char* put_name(char* out, char separator, std::string_view name);
  char* room(std::size_t bytes) {
    if (capacity_ - end_ < bytes) [[unlikely]] {
      grow(bytes);
    }
    return bytes_.get() + end_;
  }
  void grow(std::size_t bytes);
  LineBuffer& keep(const char* end, State state);
  void end_row(char* end);

  // Each drops the row under construction and throws.
  [[noreturn]] void refuse(ErrorCode code, const std::string& message);
  [[noreturn]] void refuse_call(const char* call);
  [[noreturn]] void refuse_name(std::string_view name, bool is_table);
  [[noreturn]] void refuse_text(std::string_view name, std::string_view value);
  [[noreturn]] void refuse_null();
  [[noreturn]] void refuse_unsigned(std::uint64_t value);
  [[noreturn]] void refuse_smallest(std::string_view name);
  [[noreturn]] void refuse_version(std::string_view name, ProtocolVersion needed);
  [[noreturn]] void refuse_designated(std::int64_t value, char unit);
  [[noreturn]] void refuse_count(const PreparedRow& row, std::size_t values);
  [[noreturn]] void refuse_no_value(const PreparedRow& row);
  [[noreturn]] void refuse_symbol(std::string_view name);
  [[noreturn]] void refuse_full();

  Options options_;
  std::unique_ptr<char[], FreeBytes> bytes_;  // complete rows, then the row under construction
  std::size_t capacity_ = 0;
  std::size_t end_ = 0;        // of the row under construction
  std::size_t row_start_ = 0;  // of the row under construction
  std::size_t row_limit_ = 0;  // where it must end at the latest
  std::vector<std::uint32_t> row_lengths_;
  std::size_t rows_without_timestamp_ = 0;
  State state_ = State::idle;
};

}  // namespace questclient
