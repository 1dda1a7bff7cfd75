// One row of prepared names.
#include <algorithm>
#include <string_view>

#include <questclient/line_buffer.hpp>

#include "ilp/decimal.hpp"
#include "ilp/designated.hpp"
#include "ilp/items.hpp"
#include "ilp/names.hpp"

namespace questclient {
namespace {

// The wire form of any value but text and arrays fits.
constexpr std::size_t kRareRoom = 128;

}  // namespace

void LineBuffer::add_values(const PreparedRow& row, std::span<const RowValue> values, RowEnd end) {
  if (state_ != State::idle) refuse_call("add()");
  if (values.size() != row.names_.size()) refuse_count(row, values.size());
  std::size_t bytes = row.room_;
  for (const RowValue& value : values) {
    if (value.kind_ < RowValue::Kind::text) continue;
    const bool is_short_text = value.kind_ == RowValue::Kind::text && value.size_ < ilp::kNumberRoom / 2;
    if (!is_short_text) bytes += room_of(value);
  }
  row_limit_ = std::min(options_.max_size, row_start_ + ilp::kMaxRowBytes);
  char* const start = room(bytes);
  char* const symbols = ilp::copy_padded(start, row.table_.padded_.data(), row.table_.length_);
  char* const columns = write_symbols(symbols, row, values);
  char* out = write_columns(columns, row, values);
  if (out == symbols) refuse_no_value(row);
  if (out != columns) *columns = ' ';
  if (end.unit_ != 0) {
    if (!ilp::is_good_designated(end.value_, end.unit_, options_.version)) {
      refuse_designated(end.value_, end.unit_);
    }
    out = ilp::write_designated(out, end.value_, end.unit_, options_.version);
  }
  end_row(out);
  if (end.unit_ == 0) ++rows_without_timestamp_;
}

std::size_t LineBuffer::room_of(const RowValue& value) {
  using Kind = RowValue::Kind;
  const bool takes_arrays = options_.version != ProtocolVersion::v1;  // else write_rare() refuses them
  std::size_t bytes = 0;
  if (value.kind_ == Kind::text) bytes = value.size_;
  if (value.kind_ == Kind::elements && takes_arrays) {
    bytes = std::min(value.size_, options_.max_size) * sizeof(double);
  }
  if (value.kind_ == Kind::array && takes_arrays) {
    bytes = static_cast<const ArrayView*>(value.pointer_)->encoded_size();
  }
  if (bytes > options_.max_size) refuse_full();
  return 2 * bytes + kRareRoom;
}

inline char* LineBuffer::write_symbols(char* out, const PreparedRow& row, std::span<const RowValue> values) {
  for (std::size_t i = 0; i < row.symbols_; ++i) {
    const RowValue& value = values[i];
    if (value.kind_ != RowValue::Kind::text) [[unlikely]] {
      if (value.kind_ == RowValue::Kind::missing) continue;
      refuse_symbol(row.name(i));
    }
    const PreparedRow::Name name = row.names_[i];
    const std::string_view text(static_cast<const char*>(value.pointer_), value.size_);
    out = ilp::copy_padded(out, row.encoded_.data() + name.offset, name.length);
    out = ilp::write_symbol(out, text);
    if (out == nullptr) [[unlikely]] {
      refuse_text(row.name(i), text);
    }
  }
  return out;
}

inline char* LineBuffer::write_columns(char* out, const PreparedRow& row, std::span<const RowValue> values) {
  using Kind = RowValue::Kind;
  for (std::size_t i = row.symbols_; i < values.size(); ++i) {
    const RowValue& value = values[i];
    if (value.kind_ == Kind::missing) continue;
    const PreparedRow::Name name = row.names_[i];
    out = ilp::copy_padded(out, row.encoded_.data() + name.offset, name.length);
    if (value.kind_ == Kind::integer && value.integer_ != ilp::kSmallest) {
      out = ilp::write_integer(out, value.integer_);
    } else if (value.kind_ == Kind::real && options_.version != ProtocolVersion::v1) {
      out = ilp::write_binary_double(out, value.real_);
    } else {
      out = write_rare(out, row.name(i), value);
    }
  }
  return out;
}

char* LineBuffer::write_rare(char* out, std::string_view name, const RowValue& value) {
  using Kind = RowValue::Kind;
  const bool is_v1 = options_.version == ProtocolVersion::v1;
  const bool is_integer =
      value.kind_ == Kind::integer || value.kind_ == Kind::micros || value.kind_ == Kind::nanos;
  if (is_integer && value.integer_ == ilp::kSmallest) refuse_smallest(name);
  if ((value.kind_ == Kind::array || value.kind_ == Kind::elements) && is_v1) {
    refuse_version(name, ProtocolVersion::v2);
  }
  switch (value.kind_) {
    case Kind::missing:
      return out;
    case Kind::boolean:
      return ilp::write_bool(out, value.integer_ != 0);
    case Kind::integer:
      return ilp::write_integer(out, value.integer_);
    case Kind::real:
      return is_v1 ? ilp::write_double(out, value.real_) : ilp::write_binary_double(out, value.real_);
    case Kind::micros:
      return ilp::write_timestamp(out, value.integer_, 't');
    case Kind::nanos:
      if (is_v1) return ilp::write_timestamp(out, ilp::floor_to_micros(value.integer_), 't');
      return ilp::write_timestamp(out, value.integer_, 'n');
    case Kind::text: {
      const std::string_view text(static_cast<const char*>(value.pointer_), value.size_);
      char* end = ilp::write_quoted(out, text);
      if (end == nullptr) refuse_text(name, text);
      return end;
    }
    case Kind::elements:
      return ArrayView(std::span(static_cast<const double*>(value.pointer_), value.size_)).write(out);
    case Kind::array:
      return static_cast<const ArrayView*>(value.pointer_)->write(out);
    case Kind::decimal:
      if (options_.version < ProtocolVersion::v3) refuse_version(name, ProtocolVersion::v3);
      return ilp::write_decimal(out, *static_cast<const Decimal*>(value.pointer_));
    case Kind::long256: {
      const std::string_view encoded = static_cast<const Long256*>(value.pointer_)->encoded();
      return out + encoded.copy(out, encoded.size());
    }
  }
  return out;
}

}  // namespace questclient
