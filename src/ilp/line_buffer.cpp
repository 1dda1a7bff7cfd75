#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include <questclient/line_buffer.hpp>

#include "ilp/decimal.hpp"
#include "ilp/designated.hpp"
#include "ilp/items.hpp"
#include "ilp/names.hpp"

namespace questclient {
namespace {

std::string_view shown(std::string_view name) {
  return name;
}
std::string_view shown(const ColumnName& name) {
  return name.encoded();
}

}  // namespace

// --- room -----------------------------------------------------------------------------------------------

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
  char* end = ilp::copy_padded(out, name.padded_.data(), name.length_);
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
  return room(name_room + ilp::kSlack);
}

LineBuffer& LineBuffer::table(const TableName& name) {
  return keep(ilp::copy_padded(begin_table(name.length_), name.padded_.data(), name.length_), State::table);
}

LineBuffer& LineBuffer::table(NameView given) {
  const std::string_view name = given;
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
  return put_name(room(name_room(name, options_.max_name_len) + value_room + ilp::kSlack), ',', name);
}

template <class Name>
inline char* LineBuffer::begin_column(const Name& name, std::size_t value_room) {
  if (state_ == State::idle) [[unlikely]] {
    refuse_call("column()");
  }
  const char separator = state_ == State::columns ? ',' : ' ';
  return put_name(room(name_room(name, options_.max_name_len) + value_room + ilp::kSlack), separator, name);
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
  char* end = ilp::write_quoted(begin_column(name, 2 * value.size()), value);
  if (end == nullptr) [[unlikely]] {
    refuse_text(shown(name), value);
  }
  return keep(end, State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_bool(const Name& name, bool value) {
  return keep(ilp::write_bool(begin_column(name, 1), value), State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_int64(const Name& name, std::int64_t value) {
  if (value == ilp::kSmallest) [[unlikely]] {
    refuse_smallest(shown(name));
  }
  return keep(ilp::write_integer(begin_column(name, ilp::kNumberRoom), value), State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_double(const Name& name, double value) {
  char* out = begin_column(name, ilp::kNumberRoom);
  if (options_.version == ProtocolVersion::v1) return keep(ilp::write_double(out, value), State::columns);
  return keep(ilp::write_binary_double(out, value), State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_timestamp(const Name& name, std::int64_t value, char unit) {
  if (value == ilp::kSmallest) [[unlikely]] {
    refuse_smallest(shown(name));
  }
  if (options_.version == ProtocolVersion::v1 && unit == 'n') {
    value = ilp::floor_to_micros(value);
    unit = 't';
  }
  return keep(ilp::write_timestamp(begin_column(name, ilp::kNumberRoom), value, unit), State::columns);
}

template <class Name>
inline LineBuffer& LineBuffer::put_missing(const Name& name) {
  begin_column(name, 0);  // refuses what it would refuse with a value; nothing is kept
  return *this;
}

template <class Name>
inline LineBuffer& LineBuffer::put_array(const Name& name, const ArrayView& value) {
  if (value.is_null()) return put_missing(name);
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
  if (value.is_null()) return put_missing(name);
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

LineBuffer& LineBuffer::symbol_text(std::string_view name, std::string_view value) {
  return put_symbol(name, value);
}
LineBuffer& LineBuffer::symbol_text(const ColumnName& name, std::string_view value) {
  return put_symbol(name, value);
}
LineBuffer& LineBuffer::column(NameView name, TimestampMicros value) {
  return put_timestamp(std::string_view(name), value.value, 't');
}
LineBuffer& LineBuffer::column(const ColumnName& name, TimestampMicros value) {
  return put_timestamp(name, value.value, 't');
}
LineBuffer& LineBuffer::column(NameView name, TimestampNanos value) {
  return put_timestamp(std::string_view(name), value.value, 'n');
}
LineBuffer& LineBuffer::column(const ColumnName& name, TimestampNanos value) {
  return put_timestamp(name, value.value, 'n');
}
LineBuffer& LineBuffer::column(NameView name, const ArrayView& value) {
  return put_array(std::string_view(name), value);
}
LineBuffer& LineBuffer::column(const ColumnName& name, const ArrayView& value) {
  return put_array(name, value);
}
LineBuffer& LineBuffer::column(NameView name, const Decimal& value) {
  return put_decimal(std::string_view(name), value);
}
LineBuffer& LineBuffer::column(const ColumnName& name, const Decimal& value) {
  return put_decimal(name, value);
}
LineBuffer& LineBuffer::column(NameView name, const Long256& value) {
  return put_raw(std::string_view(name), value.encoded());
}
LineBuffer& LineBuffer::column(const ColumnName& name, const Long256& value) {
  return put_raw(name, value.encoded());
}
LineBuffer& LineBuffer::column_missing(std::string_view name) {
  return put_missing(name);
}
LineBuffer& LineBuffer::column_missing(const ColumnName& name) {
  return put_missing(name);
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
  if (!ilp::is_good_designated(value, unit, options_.version)) refuse_designated(value, unit);
  char* out = room(ilp::kNumberRoom + ilp::kSlack);
  end_row(ilp::write_designated(out, value, unit, options_.version));
}

void LineBuffer::at(TimestampMicros timestamp) {
  put_designated(timestamp.value, 't');
}

void LineBuffer::at(TimestampNanos timestamp) {
  put_designated(timestamp.value, 'n');
}

void LineBuffer::at_now() {
  if (state_ == State::idle || state_ == State::table) refuse_call("at_now()");
  end_row(room(ilp::kSlack));
  ++rows_without_timestamp_;
}

}  // namespace questclient
