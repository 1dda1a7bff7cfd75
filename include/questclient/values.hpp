// Values beyond bool, integer, double and text: arrays, decimals and the types that QuestDB reads from text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace questclient {

/// Doubles in one to 32 dimensions, wherever they lie: a view, so the elements must outlive the call that it
/// is given to. Shape and strides are copied.
///
///     buffer.column("bids", ArrayView(matrix.data(), std::array<std::size_t, 2>{2, 10}));
///
/// Needs protocol version 2. Throws Error{invalid_value}: no dimension or more than 32, strides of another
/// number than the shape, a length above 2^28 - 1, more bytes than a row may have.
class ArrayView {
 public:
  static constexpr std::size_t kMaxDimensions = 32;
  static constexpr std::size_t kMaxLength = (std::size_t{1} << 28) - 1;  ///< Of one dimension.

  /// One dimension.
  ArrayView(std::span<const double> elements);  // NOLINT(google-explicit-constructor)
  /// Row-major without gaps: the last index moves fastest.
  ArrayView(const double* elements, std::span<const std::size_t> shape);
  /// Any order: an index that grows by one moves by its stride. A stride may be negative or zero; `first` is
  /// the element at indices 0, 0, ...
  static ArrayView with_byte_strides(const void* first, std::span<const std::size_t> shape,
                                     std::span<const std::ptrdiff_t> strides);
  static ArrayView with_element_strides(const double* first, std::span<const std::size_t> shape,
                                        std::span<const std::ptrdiff_t> strides);
  /// No value: the column is left out of the row. (A NULL on the wire would break a table of QuestDB 9.3 that
  /// has no such column yet.)
  static ArrayView null() noexcept { return {}; }

  bool is_null() const noexcept { return dimensions_ == 0; }
  std::size_t dimensions() const noexcept { return dimensions_; }
  std::size_t length(std::size_t dimension) const noexcept { return lengths_[dimension]; }
  /// All of them; 0 if any dimension is empty.
  std::size_t elements() const noexcept { return elements_; }

 private:
  friend class LineBuffer;

  ArrayView() noexcept {}
  void set_shape(std::span<const std::size_t> shape);
  void set_strides(std::span<const std::ptrdiff_t> strides, std::size_t unit);
  std::size_t encoded_size() const noexcept;
  char* write(char* out) const noexcept;

  const char* first_ = nullptr;
  std::size_t elements_ = 0;
  std::uint8_t dimensions_ = 0;
  bool is_row_major_ = true;
  std::array<std::uint32_t, kMaxDimensions> lengths_;   // of `dimensions_`; the rest is not set
  std::array<std::ptrdiff_t, kMaxDimensions> strides_;  // in bytes; not set where row-major
};

/// A decimal number: an integer of up to 76 digits and the number of its digits after the point, 0 to 76.
///
///     Decimal(125, 2)          // 1.25
///     Decimal::parse("1.25")
///
/// Needs protocol version 3, which a server that knows decimals offers; it is sent in binary. The text form
/// `1.25d` is never written: a server that takes it also takes version 3, any other would refuse the row.
/// Over versions 1 and 2 send text to a column that exists: the server casts it.
/// Throws Error{invalid_value}: a scale above 76, more than 76 digits, text that is not a number.
class Decimal {
 public:
  static constexpr int kMaxScale = 76;
  static constexpr std::size_t kMaxBytes = 32;

  Decimal(std::int64_t unscaled, int scale);
  /// The unscaled integer as big-endian two's complement, 1 to 32 bytes (as java.math.BigInteger gives it).
  Decimal(std::span<const std::uint8_t> unscaled, int scale);
  /// Digits with an optional sign, point and exponent: "-12.50", ".5", "1e-9". "-12.50" has the scale 2.
  static Decimal parse(std::string_view text);
  /// No value: the column is left out of the row.
  static Decimal null() noexcept { return {}; }

  bool is_null() const noexcept { return length_ == 0; }
  int scale() const noexcept { return scale_; }
  /// Big-endian two's complement without bytes that only repeat the sign; empty: NULL.
  std::span<const std::uint8_t> unscaled() const noexcept { return {bytes_.data(), length_}; }

 private:
  Decimal() noexcept = default;
  void set_unscaled(std::span<const std::uint8_t> bytes);

  std::array<std::uint8_t, kMaxBytes> bytes_{};
  std::uint8_t length_ = 0;
  std::uint8_t scale_ = 0;
};

/// An unsigned integer of 256 bits; QuestDB creates a LONG256 column for it.
/// Throws Error{invalid_value}: the one number that QuestDB stores as NULL (each word 2^63), bad text.
class Long256 {
 public:
  /// The lowest word first.
  explicit Long256(const std::array<std::uint64_t, 4>& words);
  /// Up to 64 hexadecimal digits, with or without `0x`.
  static Long256 parse(std::string_view text);
  /// `0x`, lowercase hexadecimal digits without leading zeros, `i`.
  std::string_view encoded() const noexcept { return {text_.data(), length_}; }

 private:
  std::array<char, 72> text_;
  std::uint8_t length_ = 0;
};

/// What the server casts from text to the type of a column that exists; without one it creates a VARCHAR.
/// Each checks its value when it is made and throws Error{invalid_value}; so do values that QuestDB would
/// store as NULL without a word.
class Uuid {
 public:
  /// In the order of the text.
  explicit Uuid(const std::array<std::uint8_t, 16>& bytes);
  /// 8-4-4-4-12 hexadecimal digits in either case.
  static Uuid parse(std::string_view text);
  /// In lowercase.
  std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 36> text_;
};

/// An IPv4 address.
class Ipv4 {
 public:
  /// 0x7f000001 is 127.0.0.1.
  explicit Ipv4(std::uint32_t address);
  /// Four numbers with points between them.
  static Ipv4 parse(std::string_view text);
  std::string_view text() const noexcept { return {text_.data(), length_}; }

 private:
  std::array<char, 15> text_;
  std::uint8_t length_ = 0;
};

/// One to twelve characters of the geohash alphabet, five bits each. A column of fewer bits takes the first;
/// in a column of more bits the server stores NULL without a word.
class Geohash {
 public:
  explicit Geohash(std::string_view text);
  /// The last 5 * `characters` bits of `bits`, the first character in the highest ones.
  Geohash(std::uint64_t bits, std::size_t characters);
  /// In lowercase.
  std::string_view text() const noexcept { return {text_.data(), length_}; }

 private:
  std::array<char, 12> text_;
  std::uint8_t length_ = 0;
};

/// One ASCII character. A CHAR column holds any UTF-16 unit, but over ILP the server takes only ASCII for it;
/// other characters go as text to a VARCHAR column.
class Char {
 public:
  explicit Char(char16_t unit);
  std::string_view text() const noexcept { return {&text_, 1}; }

 private:
  char text_;
};

/// A value that is sent as text.
template <class T>
concept SentAsText = std::is_same_v<T, Uuid> || std::is_same_v<T, Ipv4> || std::is_same_v<T, Geohash> ||
    std::is_same_v<T, Char>;

/// A truth value: bool itself and what std::vector<bool> gives for one, not all that converts to bool.
template <class T>
concept SentAsBool = std::is_same_v<T, bool> || std::is_same_v<T, std::vector<bool>::reference>;

/// An integer that is sent as int64: of any kind, but no bool and not wider than 64 bits.
template <class T>
concept SentAsInteger =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && sizeof(T) <= sizeof(std::int64_t);

}  // namespace questclient
