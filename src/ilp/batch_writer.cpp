#include "ilp/batch_writer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ilp/decimal.hpp"
#include "ilp/designated.hpp"
#include "ilp/explain.hpp"
#include "ilp/items.hpp"
#include "ilp/names.hpp"

namespace questclient {
namespace {

template <class T>
T value_at(const void* values, std::size_t row) {
  T value;
  std::memcpy(&value, static_cast<const char*>(values) + row * sizeof value, sizeof value);
  return value;
}

/// Calls `use` with a value of the type of the codes.
template <class Kind, class Use>
auto with_code_type(Kind kind, const Use& use) {
  switch (kind) {
    case Kind::codes_i8:
      return use(std::int8_t{});
    case Kind::codes_u8:
      return use(std::uint8_t{});
    case Kind::codes_i16:
      return use(std::int16_t{});
    case Kind::codes_u16:
      return use(std::uint16_t{});
    case Kind::codes_i32:
      return use(std::int32_t{});
    case Kind::codes_u32:
      return use(std::uint32_t{});
    case Kind::codes_u64:
      return use(std::uint64_t{});
    default:
      return use(std::int64_t{});
  }
}

}  // namespace

void LineBuffer::add(const ColumnBatch& batch) {
  BatchWriter(*this, batch).write();
}

// --- once a batch ---------------------------------------------------------------------------------------

void LineBuffer::BatchWriter::write() {
  std::vector<std::uint32_t>& lengths = buffer_.row_lengths_;
  const std::size_t rows_before = lengths.size();
  try {
    lengths.resize(rows_before + batch_.rows_);
    for (std::size_t first = 0; first < batch_.rows_; first += kBlockRows) {
      write_block(first, std::min(kBlockRows, batch_.rows_ - first));
    }
  } catch (...) {
    lengths.resize(rows_before);
    buffer_.cancel_row();
    throw;
  }
  buffer_.row_start_ = buffer_.end_;
  if (!batch_.is_stamped_) buffer_.rows_without_timestamp_ += batch_.rows_;
}

// --- once a block ---------------------------------------------------------------------------------------

template <class Code>
void LineBuffer::BatchWriter::read_codes_as(const Item& item, std::size_t first, std::size_t count) {
  const std::uint64_t entries = item.column->dictionary.size();
  const auto code_at = [&](std::size_t row) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value_at<Code>(item.values, row)));
  };
  std::uint64_t most = 0;
  if (item.bits == nullptr) {
    for (std::size_t place = 0; place < count; ++place) {
      const std::uint64_t code = code_at(first + place);
      most = std::max(most, code);
      item.codes[place] = static_cast<std::uint32_t>(code);
    }
  } else {
    for (std::size_t place = 0; place < count; ++place) {
      if (!item.has(first + place)) continue;
      const std::uint64_t code = code_at(first + place);
      most = std::max(most, code);
      item.codes[place] = static_cast<std::uint32_t>(code);
    }
  }
  if (most < entries && item.are_all_good) return;
  for (std::size_t row = first; row < first + count; ++row) {
    if (!item.has(row)) continue;
    const std::size_t code = code_of(item, row);
    if (item.entries[code].length == 0) refuse_not_utf8(item, row, item.column->dictionary[code]);
  }
}

void LineBuffer::BatchWriter::read_codes(const Item& item, std::size_t first, std::size_t count) {
  with_code_type(item.column->kind, [&](auto code) { read_codes_as<decltype(code)>(item, first, count); });
}

void LineBuffer::BatchWriter::write_block(std::size_t first, std::size_t count) {
  for (const Run& run : symbols_) {
    if (run.step != Step::dictionary) continue;
    for (const Item& item : run.items) read_codes(item, first, count);
  }
  LineBuffer& buffer = buffer_;
  const TableName& table = batch_.table_;
  std::uint32_t* const lengths = buffer.row_lengths_.data() + (buffer.row_lengths_.size() - batch_.rows_);
  for (std::size_t place = 0; place < count; ++place) {
    const std::size_t row = first + place;
    char* const start = buffer.room(row_room_ + (has_texts_ ? size_of_texts(row) : 0));
    char* const symbols = ilp::copy_padded(start, table.padded_.data(), table.length_);
    char* columns = symbols;
    for (const Run& run : symbols_) columns = write_symbols(columns, run, row, place);
    char* out = columns;
    for (const Run& run : columns_) out = write_columns(out, run, row);
    if (out == symbols) [[unlikely]] {
      refuse(ErrorCode::invalid_api_call, row,
             "it has no value in any column, and a row needs one; leave the row out.");
    }
    if (out != columns) *columns = ' ';
    out = write_end(out, row);
    const auto length = static_cast<std::size_t>(out - start);
    if (length > ilp::kMaxRowBytes || buffer.end_ + length > buffer.options_.max_size) [[unlikely]] {
      refuse_full(row);
    }
    lengths[row] = static_cast<std::uint32_t>(length);
    buffer.end_ += length;
  }
}

// --- once a row -----------------------------------------------------------------------------------------

inline std::string_view LineBuffer::BatchWriter::symbol_text(const Item& item, std::size_t row) {
  if (item.column->kind == Kind::symbol) return value_at<std::string_view>(item.values, row);
  return item.column->dictionary[code_of(item, row)];
}

inline char* LineBuffer::BatchWriter::write_symbols(char* out, const Run& run, std::size_t row,
                                                    std::size_t place) {
  if (run.step == Step::dictionary) {
    for (const Item& item : run.items) {
      if (!item.has(row)) continue;
      const ilp::Dictionary::Entry entry = item.entries[item.codes[place]];
      out = ilp::copy_padded(out, entry.text, entry.length);
    }
    return out;
  }
  for (const Item& item : run.items) {
    if (!item.has(row)) continue;
    const std::string_view text = symbol_text(item, row);
    out = ilp::write_symbol(ilp::copy_padded(out, item.prefix, item.prefix_length), text);
    if (out == nullptr) [[unlikely]] {
      refuse_not_utf8(item, row, text);
    }
  }
  return out;
}

// The common kinds have loops of their own.
inline char* LineBuffer::BatchWriter::write_columns(char* out, const Run& run, std::size_t row) {
  const auto each = [&](const auto& write_value) {
    for (const Item& item : run.items) {
      if (item.has(row)) out = write_value(ilp::copy_padded(out, item.prefix, item.prefix_length), item);
    }
    return out;
  };
  switch (run.step) {
    case Step::integer:
      return each([&](char* value, const Item& item) {
        return ilp::write_integer(value, checked_integer(item, row));
      });
    case Step::real:
      return each([&](char* value, const Item& item) {
        return ilp::write_binary_double(value, value_at<double>(item.values, row));
      });
    case Step::text:
      return each([&](char* value, const Item& item) {
        const auto text = value_at<std::string_view>(item.values, row);
        char* end = ilp::write_quoted(value, text);
        if (end == nullptr) [[unlikely]] {
          refuse_not_utf8(item, row, text);
        }
        return end;
      });
    default:
      for (const Item& item : run.items) {
        if (!item.has(row) || is_null(run.step, item, row)) continue;
        out = write_rare(ilp::copy_padded(out, item.prefix, item.prefix_length), run.step, item, row);
      }
      return out;
  }
}

bool LineBuffer::BatchWriter::is_null(Step step, const Item& item, std::size_t row) {
  if (step == Step::array) return static_cast<const ArrayView*>(item.values)[row].is_null();
  return step == Step::decimal && static_cast<const Decimal*>(item.values)[row].is_null();
}

char* LineBuffer::BatchWriter::write_rare(char* out, Step step, const Item& item, std::size_t row) {
  const auto need = [&](ProtocolVersion needed) {
    if (buffer_.options_.version >= needed) return;
    refuse(ErrorCode::invalid_value, row, ilp::explain_version(item.column->name.encoded(), needed));
  };
  switch (step) {
    case Step::boolean:
      return ilp::write_bool(out, value_at<std::uint8_t>(item.values, row) != 0);
    case Step::integer32:
      return ilp::write_integer(out, value_at<std::int32_t>(item.values, row));
    case Step::real_as_text:
      return ilp::write_double(out, value_at<double>(item.values, row));
    case Step::real32: {
      const auto value = static_cast<double>(value_at<float>(item.values, row));
      const bool is_v1 = buffer_.options_.version == ProtocolVersion::v1;
      return is_v1 ? ilp::write_double(out, value) : ilp::write_binary_double(out, value);
    }
    case Step::other_text: {
      const std::string_view text = item.text_of(item.values, row);
      char* end = ilp::write_quoted(out, text);
      if (end == nullptr) refuse_not_utf8(item, row, text);
      return end;
    }
    case Step::long256: {
      const std::string_view encoded = item.text_of(item.values, row);
      return out + encoded.copy(out, encoded.size());
    }
    case Step::micros:
      return ilp::write_timestamp(out, checked_integer(item, row), 't');
    case Step::nanos:
      return ilp::write_timestamp(out, checked_integer(item, row), 'n');
    case Step::nanos_as_micros:
      return ilp::write_timestamp(out, ilp::floor_to_micros(checked_integer(item, row)), 't');
    case Step::array:
      need(ProtocolVersion::v2);
      return static_cast<const ArrayView*>(item.values)[row].write(out);
    case Step::decimal:
      need(ProtocolVersion::v3);
      return ilp::write_decimal(out, static_cast<const Decimal*>(item.values)[row]);
    default:
      return out;  // has a loop of its own
  }
}

std::size_t LineBuffer::BatchWriter::code_of(const Item& item, std::size_t row) {
  const std::size_t entries = item.column->dictionary.size();
  return with_code_type(item.column->kind, [&](auto type) {
    const auto code = value_at<decltype(type)>(item.values, row);
    const auto place = static_cast<std::uint64_t>(static_cast<std::int64_t>(code));
    if (place < entries) return static_cast<std::size_t>(place);
    refuse(ErrorCode::invalid_value, row,
           "the code " + std::to_string(code) + " of " + ilp::quote(item.column->name.encoded()) +
               " lies outside its dictionary of " + std::to_string(entries) + " entries; correct it.");
  });
}

std::size_t LineBuffer::BatchWriter::size_of_texts(std::size_t row) {
  std::size_t sum = 0;
  const auto add = [&](const Run& run, const auto& size_of) {
    for (const Item& item : run.items) {
      if (!item.has(row)) continue;
      const std::size_t size = size_of(item);
      if (size > buffer_.options_.max_size) [[unlikely]] {
        refuse_full(row);
      }
      sum += 2 * size;
    }
  };
  for (const Run& run : symbols_) {
    if (run.step == Step::symbol) add(run, [&](const Item& item) { return symbol_text(item, row).size(); });
  }
  const bool takes_arrays =
      buffer_.options_.version != ProtocolVersion::v1;  // else write_rare() refuses them
  for (const Run& run : columns_) {
    if (!differs_in_size(run.step)) continue;
    if (run.step == Step::text) {
      add(run, [&](const Item& item) { return value_at<std::string_view>(item.values, row).size(); });
    } else if (run.step != Step::array) {
      add(run, [&](const Item& item) { return item.text_of(item.values, row).size(); });
    } else if (takes_arrays) {
      add(run,
          [&](const Item& item) { return static_cast<const ArrayView*>(item.values)[row].encoded_size(); });
    }
  }
  return sum;
}

inline std::int64_t LineBuffer::BatchWriter::checked_integer(const Item& item, std::size_t row) {
  const auto value = value_at<std::int64_t>(item.values, row);
  if (value == ilp::kSmallest) [[unlikely]] {
    refuse(ErrorCode::invalid_value, row, ilp::explain_smallest(item.column->name.encoded()));
  }
  return value;
}

inline char* LineBuffer::BatchWriter::write_end(char* out, std::size_t row) {
  if (batch_.is_stamped_) {
    const auto value = value_at<std::int64_t>(batch_.timestamps_, row);
    const ProtocolVersion version = buffer_.options_.version;
    if (!ilp::is_good_designated(value, batch_.unit_, version)) [[unlikely]] {
      refuse(ErrorCode::invalid_value, row, ilp::explain_designated(value, batch_.unit_));
    }
    out = ilp::write_designated(out, value, batch_.unit_, version);
  }
  *out = '\n';
  return out + 1;
}

// --- refusals -------------------------------------------------------------------------------------------

void LineBuffer::BatchWriter::refuse(ErrorCode code, std::size_t row, const std::string& why) {
  throw Error(code, Disposition::fix_and_resend,
              "Row " + std::to_string(row) + " of the batch (the first is 0): " + why +
                  " No row of the batch is added.");
}

void LineBuffer::BatchWriter::refuse_full(std::size_t row) {
  refuse(ErrorCode::buffer_full, row,
         "the buffer is at max_buf_size (" + std::to_string(buffer_.options_.max_size) +
             " bytes), or the row is longer than " + std::to_string(ilp::kMaxRowBytes) +
             " bytes; flush the buffer, or add smaller batches.");
}

void LineBuffer::BatchWriter::refuse_not_utf8(const Item& item, std::size_t row, std::string_view text) {
  refuse(ErrorCode::invalid_value, row, ilp::explain_not_utf8(item.column->name.encoded(), text));
}

}  // namespace questclient
