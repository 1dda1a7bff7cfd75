// Rows whose names are checked once.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <questclient/names.hpp>
#include <questclient/timestamp.hpp>
#include <questclient/values.hpp>

namespace questclient {

/// The names of a kind of row, checked and escaped once: its table, its symbols, its columns, in the order in
/// which LineBuffer::add() takes their values. Immutable (to move one is to copy it); any number of threads
/// may share one.
///
///     const PreparedRow trades("trades", {"symbol", "side"}, {"price", "amount"});
///     buffer.add(trades, "ETH-USD", "sell", 2615.54, 0.00044, TimestampNanos::now());
///
/// Throws Error{invalid_name}: a name that QuestDB refuses, or one that stands twice (A to Z compared without
/// case); Error{invalid_api_call}: neither symbols nor columns.
class PreparedRow {
 public:
  PreparedRow(NameView table, std::initializer_list<std::string_view> symbols,
              std::initializer_list<std::string_view> columns, std::size_t max_name_len = 127);
  PreparedRow(NameView table, std::span<const std::string_view> symbols,
              std::span<const std::string_view> columns, std::size_t max_name_len = 127);
  PreparedRow(NameView table, std::span<const std::string> symbols, std::span<const std::string> columns,
              std::size_t max_name_len = 127);

  PreparedRow(const PreparedRow&) = default;
  PreparedRow& operator=(const PreparedRow&) = default;

  std::size_t symbols() const noexcept { return symbols_; }
  std::size_t columns() const noexcept { return names_.size() - symbols_; }

 private:
  friend class LineBuffer;
  struct Name {
    std::size_t offset = 0;  // of ",name=" in encoded_
    std::size_t length = 0;
  };

  std::string_view name(std::size_t index) const noexcept {
    return std::string_view(encoded_).substr(names_[index].offset + 1, names_[index].length - 2);
  }

  TableName table_;
  std::string encoded_;      // every name, padded to whole 16-byte blocks
  std::vector<Name> names_;  // of the symbols, then of the columns
  std::size_t symbols_ = 0;
  std::size_t room_ = 0;  // most bytes of a row without text, arrays and the like
};

/// One value of a prepared row, or none: std::nullopt or an empty std::optional leaves the column out. Made
/// by the call to add(); borrows text, arrays and decimals. To collect values at run time make them yourself,
/// and give them to LineBuffer::add_values().
///
/// Throws Error{invalid_value}: an unsigned integer above the largest int64, a null pointer as text.
class RowValue {
 public:
  RowValue() noexcept : kind_(Kind::missing) {}
  RowValue(std::nullopt_t) noexcept : RowValue() {}                                           // NOLINT
  RowValue(std::string_view text) noexcept : RowValue(text.data(), text.size()) {}            // NOLINT
  RowValue(const std::string& text) noexcept : RowValue(text.data(), text.size()) {}          // NOLINT
  RowValue(const char* text);                                                                 // NOLINT
  RowValue(TimestampMicros value) noexcept : kind_(Kind::micros) { integer_ = value.value; }  // NOLINT
  RowValue(TimestampNanos value) noexcept : kind_(Kind::nanos) { integer_ = value.value; }    // NOLINT
  template <SentAsBool T>
  RowValue(T value) noexcept : kind_(Kind::boolean) {  // NOLINT
    integer_ = value ? 1 : 0;
  }
  template <SentAsInteger T>
  RowValue(T value) : kind_(Kind::integer) {  // NOLINT
    integer_ = static_cast<std::int64_t>(value);
    if (std::is_unsigned_v<T> && integer_ < 0) refuse_unsigned(static_cast<std::uint64_t>(value));
  }
  template <std::floating_point T>
  RowValue(T value) noexcept : kind_(Kind::real) {  // NOLINT
    real_ = static_cast<double>(value);
  }
  RowValue(const ArrayView& array) noexcept  // NOLINT
      : kind_(array.is_null() ? Kind::missing : Kind::array) {
    pointer_ = &array;
  }
  RowValue(std::span<const double> elements) noexcept : kind_(Kind::elements) {  // NOLINT
    pointer_ = elements.data();
    size_ = elements.size();
  }
  RowValue(const std::vector<double>& elements) noexcept  // NOLINT
      : RowValue(std::span<const double>(elements)) {}
  RowValue(const Decimal& value) noexcept  // NOLINT
      : kind_(value.is_null() ? Kind::missing : Kind::decimal) {
    pointer_ = &value;
  }
  RowValue(const Long256& value) noexcept : kind_(Kind::long256) { pointer_ = &value; }  // NOLINT
  template <SentAsText T>
  RowValue(const T& value) noexcept : RowValue(value.text()) {}  // NOLINT
  template <class T>
  RowValue(const std::optional<T>& value) {  // NOLINT
    if (value) *this = RowValue(*value);
  }
  RowValue(const void* pointer) = delete;  // a pointer is no value

 private:
  friend class LineBuffer;
  enum class Kind : std::uint8_t {
    missing,
    boolean,
    integer,
    real,
    micros,
    nanos,
    text,
    elements,
    array,
    decimal,
    long256
  };

  RowValue(const char* text, std::size_t size) noexcept : size_(size), kind_(Kind::text) { pointer_ = text; }
  [[noreturn]] static void refuse_unsigned(std::uint64_t value);

  union {
    std::int64_t integer_;
    double real_;
    const void* pointer_ = nullptr;
  };
  std::size_t size_ = 0;
  Kind kind_ = Kind::missing;
};

/// How a row ends: with its designated timestamp, or with AtNow.
class RowEnd {
 public:
  RowEnd(TimestampMicros at) noexcept : value_(at.value), unit_('t') {}  // NOLINT
  RowEnd(TimestampNanos at) noexcept : value_(at.value), unit_('n') {}   // NOLINT
  RowEnd(AtNow) noexcept {}                                              // NOLINT

 private:
  friend class LineBuffer;

  std::int64_t value_ = 0;
  char unit_ = 0;  // 0: the server stamps the row
};

}  // namespace questclient
