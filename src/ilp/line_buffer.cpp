#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include <questclient/line_buffer.hpp>

#include "ilp/decimal.hpp"
#include "ilp/names.hpp"
#include "ilp/number.hpp"
#include "ilp/text.hpp"

namespace questclient {
namespace {

// Separators, quotes, suffixes and what block-wise copies may write beyond an item.
constexpr std::size_t kSlack = 2 * ilp::kBlock;
constexpr char kBinaryDouble = 0x10;
constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

char* copy_padded(char* out, const std::string& padded, std::size_t length) {
  const char* from = padded.data();
  ilp::store_block(out, ilp::load_block(from));
  for (std::size_t at = ilp::kBlock; at < length; at += ilp::kBlock) {
    ilp::store_block(out + at, ilp::load_block(from + at));
  }
  return out + length;
}

std::string_view shown(std::string_view name) {
  return name;
}
std::string_view shown(const ColumnName& name) {
  return name.encoded();
}

std::int64_t floor_to_micros(std::int64_t nanos) {
  return nanos / 1000 - (nanos % 1000 < 0 ? 1 : 0);
}

}  // namespace

void LineBuffer::FreeBytes::operator()(char* bytes) const noexcept {
  std::free(bytes);
}

LineBuffer::LineBuffer() : LineBuffer(Options{}) {}

LineBuffer::LineBuffer(const Options& options) : options_(options) {
  options_.max_size = std::min(options_.max_size, std::numeric_limits<std::size_t>::max() / 4);
  const std::size_t first = std::min(options_.initial_size, options_.max_size);
  if (first > 0) grow(first);
}

LineBuffer::LineBuffer(const LineBuffer& other) : options_(other.options_), row_lengths_(other.row_lengths_) {
  if (other.end_ > 0) {
    grow(other.end_);
    std::memcpy(bytes_.get(), other.bytes_.get(), other.end_);
  }
  end_ = other.end_;
  row_start_ = other.row_start_;
  row_limit_ = other.row_limit_;
  rows_without_timestamp_ = other.rows_without_timestamp_;
  state_ = other.state_;
}

LineBuffer& LineBuffer::operator=(const LineBuffer& other) {
  if (this != &other) *this = LineBuffer(other);
  return *this;
}

LineBuffer::LineBuffer(LineBuffer&& other) noexcept : options_(other.options_) {
  *this = std::move(other);
}

LineBuffer& LineBuffer::operator=(LineBuffer&& other) noexcept {
  if (this == &other) return *this;
  options_ = other.options_;
  bytes_ = std::move(other.bytes_);
  capacity_ = std::exchange(other.capacity_, 0);
  end_ = std::exchange(other.end_, 0);
  row_start_ = std::exchange(other.row_start_, 0);
  row_limit_ = other.row_limit_;
  row_lengths_ = std::exchange(other.row_lengths_, {});
  rows_without_timestamp_ = std::exchange(other.rows_without_timestamp_, 0);
  state_ = std::exchange(other.state_, State::idle);
  return *this;
}

// --- room -----------------------------------------------------------------------------------------------

inline char* LineBuffer::room(std::size_t bytes) {
  if (capacity_ - end_ < bytes) [[unlikely]] {
    grow(bytes);
  }
  return bytes_.get() + end_;
}

void LineBuffer::grow(std::size_t bytes) {
  // Twice as much each time, but no more than max_size asks for: the slack lies beyond it.
  const std::size_t doubled = std::min(2 * capacity_, options_.max_size + kSlack);
  const std::size_t wanted = std::max(end_ + bytes, doubled);
  char* moved = static_cast<char*>(std::realloc(bytes_.get(), wanted));
  if (moved == nullptr) {
    cancel_row();
    throw std::bad_alloc();
  }
  static_cast<void>(bytes_.release());
  bytes_.reset(moved);
  capacity_ = wanted;
}

inline LineBuffer& LineBuffer::keep(const char* end, State state) {
  const auto size = static_cast<std::size_t>(end - bytes_.get());
  if (size > row_limit_) [[unlikely]] {
    refuse_full();
  }
  end_ = size;
  state_ = state;
  return *this;
}

// --- names ----------------------------------------------------------------------------------------------

inline char* LineBuffer::put_name(char* out, char separator, const ColumnName& name) {
  char* end = copy_padded(out, name.padded_, name.length_);
  *out = separator;
  return end;
}

inline char* LineBuffer::put_name(char* out, char separator, std::string_view name) {
  *out++ = separator;
  char* end = out + name.size();
  const bool plain = !name.empty() && name.size() <= options_.max_name_len &&
                     ilp::copy_plain<ilp::PlainName>(out, name.data(), name.size()) == name.size();
  if (!plain) [[unlikely]] {
    end = ilp::write_name(out, name, ilp::NameKind::column, options_.max_name_len);
    if (end == nullptr) refuse_name(name, false);
  }
  *end = '=';
  return end + 1;
}

// --- rows -----------------------------------------------------------------------------------------------

inline char* LineBuffer::begin_table(std::size_t name_room) {
  if (state_ != State::idle) [[unlikely]] {
    refuse_call("table()");
  }
  row_limit_ = std::min(options_.max_size, row_start_ + ilp::kMaxRowBytes);
  return room(name_room + kSlack);
}

LineBuffer& LineBuffer::table(const TableName& name) {
  return keep(copy_padded(begin_table(name.length_), name.padded_, name.length_), State::table);
}

LineBuffer& LineBuffer::table(std::string_view name) {
  const std::size_t max_units = options_.max_name_len;
  char* out = begin_table(2 * std::min(name.size(), ilp::max_name_bytes(max_units)));
  char* end = out + name.size();
  const bool plain = !name.empty() && name.size() <= max_units &&
                     ilp::copy_plain<ilp::PlainName>(out, name.data(), name.size()) == name.size();
  if (!plain) [[unlikely]] {
    end = ilp::write_name(out, name, ilp::NameKind::table, max_units);
    if (end == nullptr) refuse_name(name, true);
  }
  return keep(end, State::table);
}

namespace {

std::size_t name_room(const ColumnName& name, std::size_t) {
  return name.encoded().size();
}
std::size_t name_room(std::string_view name, std::size_t max_units) {
  return 2 * std::min(name.size(), ilp::max_name_bytes(max_units));
}

}  // namespace

template <class Name>
inline char* LineBuffer::begin_symbol(const Name& name, std::size_t value_room) {
  if (state_ != State::table && state_ != State::symbols) [[unlikely]] {
    refuse_call("symbol()");
  }
  return put_name(room(name_room(name, options_.max_name_len) + value_room + kSlack), ',', name);
}

template <class Name>
inline char* LineBuffer::begin_column(const Name& name, std::size_t value_room) {
  if (state_ == State::idle) [[unlikely]] {
    refuse_call("column()");
  }
  const char separator = state_ == State::columns ? ',' : ' ';
  return put_name(room(name_room(name, options_.max_name_len) + value_room + kSlack), separator, name);
}

template <class Name>
inline LineBuffer& LineBuffer::put_symbol(const Name& name, std::string_view value) {
  if (value.size() > options_.max_size) [[unlikely]] {
    refuse_full();
  }
  char* end = ilp::write_symbol(begin_symbol(name, 2 * value.size()), value);
  if (end == nullptr) [[unlikely]] {
    refuse_text(shown(name), value);
  }
  return keep(end, State::symbols);
}

template <class Name>
inline LineBuffer& LineBuffer::put_text(const Name& name, std::string_view value) {
  if (value.size() > options_.max_size) [[unlikely]] {
    refuse_full();
  }
  char* out = begin_column(name, 2 * value.size());
  *out++ = '"';
  char* end = ilp::write_text(out, value);
  if (end == nullptr) [[unlikely]] {
    refuse_text(shown(name), value);
  }
  *end++ = '"';
  return keep(end, State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_bool(const Name& name, bool value) {
  char* out = begin_column(name, 1);
  *out = value ? 't' : 'f';
  return keep(out + 1, State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_int64(const Name& name, std::int64_t value) {
  if (value == kSmallest) [[unlikely]] {
    refuse_smallest(shown(name));
  }
  char* end = ilp::write_int64(begin_column(name, ilp::kNumberRoom), value);
  *end = 'i';
  return keep(end + 1, State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_double(const Name& name, double value) {
  char* out = begin_column(name, ilp::kNumberRoom);
  if (options_.version == ProtocolVersion::v1) return keep(ilp::write_double(out, value), State::columns);
  out[0] = '=';
  out[1] = kBinaryDouble;
  std::memcpy(out + 2, &value, sizeof value);
  return keep(out + 2 + sizeof value, State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_timestamp(const Name& name, std::int64_t value, char unit) {
  if (value == kSmallest) [[unlikely]] {
    refuse_smallest(shown(name));
  }
  if (options_.version == ProtocolVersion::v1 && unit == 'n') {
    value = floor_to_micros(value);
    unit = 't';
  }
  char* end = ilp::write_int64(begin_column(name, ilp::kNumberRoom), value);
  *end = unit;
  return keep(end + 1, State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_array(const Name& name, const ArrayView& value) {
  if (options_.version == ProtocolVersion::v1) [[unlikely]] {
    refuse_version(shown(name), ProtocolVersion::v2);
  }
  if (value.encoded_size() > options_.max_size) [[unlikely]] {
    refuse_full();
  }
  return keep(value.write(begin_column(name, value.encoded_size())), State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_decimal(const Name& name, const Decimal& value) {
  if (options_.version < ProtocolVersion::v3) [[unlikely]] {
    refuse_version(shown(name), ProtocolVersion::v3);
  }
  return keep(ilp::write_decimal(begin_column(name, ilp::kDecimalRoom), value), State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_raw(const Name& name, std::string_view encoded) {
  char* out = begin_column(name, encoded.size());
  return keep(out + encoded.copy(out, encoded.size()), State::columns);
}

LineBuffer& LineBuffer::symbol(std::string_view name, std::string_view value) {
  return put_symbol(name, value);
}
LineBuffer& LineBuffer::symbol(const ColumnName& name, std::string_view value) {
  return put_symbol(name, value);
}
LineBuffer& LineBuffer::column(std::string_view name, TimestampMicros value) {
  return put_timestamp(name, value.value, 't');
}
LineBuffer& LineBuffer::column(const ColumnName& name, TimestampMicros value) {
  return put_timestamp(name, value.value, 't');
}
LineBuffer& LineBuffer::column(std::string_view name, TimestampNanos value) {
  return put_timestamp(name, value.value, 'n');
}
LineBuffer& LineBuffer::column(const ColumnName& name, TimestampNanos value) {
  return put_timestamp(name, value.value, 'n');
}
LineBuffer& LineBuffer::column(std::string_view name, const ArrayView& value) {
  return put_array(name, value);
}
LineBuffer& LineBuffer::column(const ColumnName& name, const ArrayView& value) {
  return put_array(name, value);
}
LineBuffer& LineBuffer::column(std::string_view name, const Decimal& value) {
  return put_decimal(name, value);
}
LineBuffer& LineBuffer::column(const ColumnName& name, const Decimal& value) {
  return put_decimal(name, value);
}
LineBuffer& LineBuffer::column(std::string_view name, const Long256& value) {
  return put_raw(name, value.encoded());
}
LineBuffer& LineBuffer::column(const ColumnName& name, const Long256& value) {
  return put_raw(name, value.encoded());
}
LineBuffer& LineBuffer::column_bool(std::string_view name, bool value) {
  return put_bool(name, value);
}
LineBuffer& LineBuffer::column_bool(const ColumnName& name, bool value) {
  return put_bool(name, value);
}
LineBuffer& LineBuffer::column_int64(std::string_view name, std::int64_t value) {
  return put_int64(name, value);
}
LineBuffer& LineBuffer::column_int64(const ColumnName& name, std::int64_t value) {
  return put_int64(name, value);
}
LineBuffer& LineBuffer::column_double(std::string_view name, double value) {
  return put_double(name, value);
}
LineBuffer& LineBuffer::column_double(const ColumnName& name, double value) {
  return put_double(name, value);
}
LineBuffer& LineBuffer::column_text(std::string_view name, std::string_view value) {
  return put_text(name, value);
}
LineBuffer& LineBuffer::column_text(const ColumnName& name, std::string_view value) {
  return put_text(name, value);
}

// --- row ends -------------------------------------------------------------------------------------------

void LineBuffer::end_row(char* end) {
  *end++ = '\n';
  keep(end, state_);
  try {
    row_lengths_.push_back(static_cast<std::uint32_t>(end_ - row_start_));
  } catch (...) {
    cancel_row();
    throw;
  }
  row_start_ = end_;
  state_ = State::idle;
}

void LineBuffer::put_designated(std::int64_t value, char unit) {
  if (state_ == State::idle || state_ == State::table) refuse_call("at()");
  if (value < 0) {
    refuse(ErrorCode::invalid_value, "The row's timestamp " + std::to_string(value) +
                                         " lies before 1970, which the server refuses as a designated "
                                         "timestamp; send it as a column, or correct it.");
  }
  if (options_.version == ProtocolVersion::v1 && unit == 't' &&
      value > std::numeric_limits<std::int64_t>::max() / 1000) {
    refuse(ErrorCode::invalid_value, "The row's timestamp " + std::to_string(value) +
                                         " microseconds does not fit into nanoseconds, which protocol "
                                         "version 1 sends; use version 2, or correct it.");
  }
  const bool is_v1 = options_.version == ProtocolVersion::v1;
  if (is_v1 && unit == 't') value *= 1000;
  char* out = room(ilp::kNumberRoom + kSlack);
  *out++ = ' ';
  out = ilp::write_int64(out, value);
  if (!is_v1) *out++ = unit;
  end_row(out);
}

void LineBuffer::at(TimestampMicros timestamp) {
  put_designated(timestamp.value, 't');
}

void LineBuffer::at(TimestampNanos timestamp) {
  put_designated(timestamp.value, 'n');
}

void LineBuffer::at_now() {
  if (state_ == State::idle || state_ == State::table) refuse_call("at_now()");
  end_row(room(kSlack));
  ++rows_without_timestamp_;
}

void LineBuffer::cancel_row() noexcept {
  end_ = row_start_;
  state_ = State::idle;
}

void LineBuffer::clear() noexcept {
  row_start_ = 0;
  row_lengths_.clear();
  rows_without_timestamp_ = 0;
  cancel_row();
}

}  // namespace questclient
