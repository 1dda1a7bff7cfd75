// Rows, encoded as InfluxDB line protocol while they are built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <questclient/error.hpp>
#include <questclient/timestamp.hpp>

namespace questclient {

/// A version of ILP as QuestDB numbers them. Version 2 writes doubles as eight bytes and names the unit of
/// every timestamp; version 1 is text throughout.
enum class ProtocolVersion : std::uint8_t { v1 = 1, v2 = 2 };

/// A table name, checked and escaped once so that rows can reuse it at the cost of a copy. Immutable.
///
///     const TableName trades("trades");
///
/// Throws Error{invalid_name}, naming the character and its place.
class TableName {
 public:
  explicit TableName(std::string_view name, std::size_t max_name_len = 127);
  /// As it stands on the wire.
  std::string_view encoded() const noexcept { return {padded_.data(), length_}; }

 private:
  friend class LineBuffer;

  std::string padded_;  // the encoded name, then zeros up to whole 16-byte blocks, which are quick to copy
  std::size_t length_ = 0;
};

/// A column or symbol name, checked and escaped once. Immutable. Throws Error{invalid_name}.
class ColumnName {
 public:
  explicit ColumnName(std::string_view name, std::size_t max_name_len = 127);
  /// As it stands on the wire.
  std::string_view encoded() const noexcept { return {padded_.data() + 1, length_ - 2}; }

 private:
  friend class LineBuffer;

  std::string padded_;  // ',', the encoded name, '=', then zeros up to whole 16-byte blocks
  std::size_t length_ = 0;
};

/// Builds rows in memory: table, then symbols, then columns, then `at` or `at_now`.
///
///     LineBuffer buffer;
///     buffer.table("trades").symbol("symbol", "ETH-USD").column("price", 2615.54).at(TimestampNanos::now());
///
/// Not thread-safe: one LineBuffer a thread. Never blocks. A call that throws leaves the buffer as it was
/// before the row that it belongs to: complete rows stay, the row under construction is gone.
///
/// Errors: invalid_api_call (a symbol after a column, `at` without a table, a row without values),
/// invalid_name, invalid_value (not UTF-8, a negative designated timestamp, an unsigned integer above the
/// largest int64, the smallest int64: QuestDB stores that as NULL, so leave the column out instead),
/// buffer_full (max_size).
///
/// A name that stands twice in a row, in whatever case, is not noticed here: the server keeps the first.
/// Version 1 writes TimestampNanos columns in microseconds, rounded down. NaN is stored as NULL.
class LineBuffer {
 public:
  struct Options {
    ProtocolVersion version = ProtocolVersion::v2;
    std::size_t initial_size = 64 * 1024;      ///< Bytes reserved at the start, at most max_size.
    std::size_t max_size = 100 * 1024 * 1024;  ///< Bytes; a row that would pass it is refused.
    std::size_t max_name_len = 127;            ///< UTF-16 units, as the server counts them. Names that
                                               ///< were checked beforehand are not checked again.
  };

  LineBuffer();
  explicit LineBuffer(const Options& options);
  LineBuffer(const LineBuffer& other);
  LineBuffer& operator=(const LineBuffer& other);
  /// The other buffer is left empty and usable.
  LineBuffer(LineBuffer&& other) noexcept;
  LineBuffer& operator=(LineBuffer&& other) noexcept;
  ~LineBuffer() = default;

  LineBuffer& table(std::string_view name);
  LineBuffer& table(const TableName& name);

  LineBuffer& symbol(std::string_view name, std::string_view value);
  LineBuffer& symbol(const ColumnName& name, std::string_view value);

  // Overloads take exactly bool, int64, double, text or a timestamp: other integer types become int64.
  LineBuffer& column(std::string_view name, bool value) { return column_bool(name, value); }
  LineBuffer& column(std::string_view name, double value) { return column_double(name, value); }
  LineBuffer& column(std::string_view name, std::string_view value) { return column_text(name, value); }
  LineBuffer& column(std::string_view name, const char* value) { return column_text(name, text(value)); }
  LineBuffer& column(std::string_view name, TimestampMicros value);
  LineBuffer& column(std::string_view name, TimestampNanos value);
  template <class Integer>
  requires(std::is_integral_v<Integer> &&
           !std::is_same_v<Integer, bool>) LineBuffer& column(std::string_view name, Integer value) {
    if constexpr (std::is_unsigned_v<Integer> && sizeof(Integer) >= 8) {
      if (value > static_cast<Integer>(std::numeric_limits<std::int64_t>::max())) refuse_unsigned(value);
    }
    return column_int64(name, static_cast<std::int64_t>(value));
  }
  LineBuffer& column(std::string_view name, const void* value) = delete;  // a pointer would become a bool

  LineBuffer& column(const ColumnName& name, bool value) { return column_bool(name, value); }
  LineBuffer& column(const ColumnName& name, double value) { return column_double(name, value); }
  LineBuffer& column(const ColumnName& name, std::string_view value) { return column_text(name, value); }
  LineBuffer& column(const ColumnName& name, const char* value) { return column_text(name, text(value)); }
  LineBuffer& column(const ColumnName& name, TimestampMicros value);
  LineBuffer& column(const ColumnName& name, TimestampNanos value);
  template <class Integer>
  requires(std::is_integral_v<Integer> &&
           !std::is_same_v<Integer, bool>) LineBuffer& column(const ColumnName& name, Integer value) {
    if constexpr (std::is_unsigned_v<Integer> && sizeof(Integer) >= 8) {
      if (value > static_cast<Integer>(std::numeric_limits<std::int64_t>::max())) refuse_unsigned(value);
    }
    return column_int64(name, static_cast<std::int64_t>(value));
  }
  LineBuffer& column(const ColumnName& name, const void* value) = delete;  // a pointer would become a bool

  /// Ends the row with its designated timestamp (not negative).
  void at(TimestampMicros timestamp);
  void at(TimestampNanos timestamp);
  /// Ends the row; the server stamps it on arrival. Such rows cannot be deduplicated by QuestDB.
  void at_now();

  /// Gives up the row under construction; complete rows stay.
  void cancel_row() noexcept;
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
  struct FreeBytes {
    void operator()(char* bytes) const noexcept;
  };

  LineBuffer& column_bool(std::string_view name, bool value);
  LineBuffer& column_bool(const ColumnName& name, bool value);
  LineBuffer& column_int64(std::string_view name, std::int64_t value);
  LineBuffer& column_int64(const ColumnName& name, std::int64_t value);
  LineBuffer& column_double(std::string_view name, double value);
  LineBuffer& column_double(const ColumnName& name, double value);
  LineBuffer& column_text(std::string_view name, std::string_view value);
  LineBuffer& column_text(const ColumnName& name, std::string_view value);
  std::string_view text(const char* value) {
    if (value == nullptr) refuse_null();
    return value;
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
  void put_designated(std::int64_t value, char unit);

  char* begin_table(std::size_t name_room);
  template <class Name>
  char* begin_symbol(const Name& name, std::size_t value_room);
  template <class Name>
  char* begin_column(const Name& name, std::size_t value_room);
  char* put_name(char* out, char separator, const ColumnName& name);
  char* put_name(char* out, char separator, std::string_view name);
  char* room(std::size_t bytes);
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
