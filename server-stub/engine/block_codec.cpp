// The bytes of a block: integers as offsets from the smallest one, in as few bytes as the largest offset
// needs.
#include <limits>

#include "engine/block.hpp"

namespace questnode::engine {
namespace {

enum ColumnFlag : std::uint8_t { kEverywhere = 1, kCoded = 2 };

template <class Narrow, class T>
void put_offsets(const std::vector<T>& values, T base, std::string& out) {
  const std::size_t at = out.size();
  out.resize(at + values.size() * sizeof(Narrow));
  char* to = out.data() + at;
  for (const T value : values) {
    const auto offset =
        static_cast<Narrow>(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(base));
    std::memcpy(to, &offset, sizeof offset);
    to += sizeof offset;
  }
}

/// base, bytes an offset, offsets. The reader knows how many there are.
template <class T>
void put_numbers(const std::vector<T>& values, std::string& out) {
  T low = values.empty() ? T{0} : std::numeric_limits<T>::max();
  T high = values.empty() ? T{0} : std::numeric_limits<T>::min();
  for (const T value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  base::ByteWriter writer(out);
  writer.number(static_cast<std::int64_t>(low));
  if (range <= std::numeric_limits<std::uint8_t>::max()) {
    writer.number(std::uint8_t{1});
    put_offsets<std::uint8_t>(values, low, out);
  } else if (range <= std::numeric_limits<std::uint16_t>::max()) {
    writer.number(std::uint8_t{2});
    put_offsets<std::uint16_t>(values, low, out);
  } else if (range <= std::numeric_limits<std::uint32_t>::max()) {
    writer.number(std::uint8_t{4});
    put_offsets<std::uint32_t>(values, low, out);
  } else {
    writer.number(std::uint8_t{8});
    put_offsets<std::uint64_t>(values, low, out);
  }
}

template <class Narrow, class T>
std::vector<T> take_offsets(std::string_view bytes, std::int64_t low) {
  std::vector<T> values(bytes.size() / sizeof(Narrow));
  const char* from = bytes.data();
  for (T& value : values) {
    Narrow offset;
    std::memcpy(&offset, from, sizeof offset);
    from += sizeof offset;
    value = static_cast<T>(static_cast<std::uint64_t>(low) + offset);
  }
  return values;
}

/// An offset takes at least a byte: so memory is at most eight times what really is there.
template <class T>
std::vector<T> take_numbers(base::ByteReader& in, std::size_t count) {
  const auto low = in.number<std::int64_t>();
  const auto width = in.number<std::uint8_t>();
  if (width != 1 && width != 2 && width != 4 && width != 8)
    throw base::MalformedBytes("block: numbers of an impossible width");
  const std::string_view bytes = in.raw(count * width);
  switch (width) {
    case 1:
      return take_offsets<std::uint8_t, T>(bytes, low);
    case 2:
      return take_offsets<std::uint16_t, T>(bytes, low);
    case 4:
      return take_offsets<std::uint32_t, T>(bytes, low);
    default:
      return take_offsets<std::uint64_t, T>(bytes, low);
  }
}

void put_texts(const BlockColumn& column, std::string& out) {
  base::ByteWriter writer(out);
  writer.number(static_cast<std::uint32_t>(column.text_ends.size()));
  std::vector<std::uint32_t> lengths(column.text_ends);
  for (std::size_t i = lengths.size(); i-- > 1;) lengths[i] -= lengths[i - 1];
  put_numbers(lengths, out);
  writer.text(column.text);
  if (column.coded) put_numbers(column.codes, out);
}

void take_texts(base::ByteReader& in, std::size_t values, BlockColumn& column) {
  const auto texts = in.number<std::uint32_t>();
  column.text_ends = take_numbers<std::uint32_t>(in, texts);
  column.text = in.text();
  std::uint64_t end = 0;
  for (std::uint32_t& length : column.text_ends) {
    end += length;
    if (end > column.text.size()) throw base::MalformedBytes("block: a text ends beyond its column");
    length = static_cast<std::uint32_t>(end);
  }
  if (end != column.text.size()) throw base::MalformedBytes("block: bytes that belong to no text");
  if (!column.coded) {
    if (texts != values) throw base::MalformedBytes("block: texts and values differ in number");
    return;
  }
  column.codes = take_numbers<std::uint32_t>(in, values);
  for (const std::uint32_t code : column.codes) {
    if (code >= texts) throw base::MalformedBytes("block: a code without a text");
  }
}

void put_column(const BlockColumn& column, std::string& out) {
  base::ByteWriter writer(out);
  writer.text(column.name);
  writer.number(static_cast<std::uint8_t>(column.type));
  writer.number(column.dimensions);
  writer.number(
      static_cast<std::uint8_t>((column.everywhere ? kEverywhere : 0) | (column.coded ? kCoded : 0)));
  if (!column.everywhere) {
    writer.number(static_cast<std::uint32_t>(column.rows.size()));
    put_numbers(column.rows, out);
  }
  switch (storage_of(column.type)) {
    case Storage::integer:
      return put_numbers(column.integers, out);
    case Storage::real:
      return writer.raw(
          {reinterpret_cast<const char*>(column.reals.data()), column.reals.size() * sizeof(double)});
    case Storage::text:
      return put_texts(column, out);
  }
}

ColumnType column_type(std::uint8_t byte) {
  if (byte < static_cast<std::uint8_t>(ColumnType::boolean) ||
      byte > static_cast<std::uint8_t>(kLastColumnType)) {
    throw base::MalformedBytes("block: unknown column type " + std::to_string(byte));
  }
  return static_cast<ColumnType>(byte);
}

void take_rows(base::ByteReader& in, std::uint32_t block_rows, BlockColumn& column) {
  const auto count = in.number<std::uint32_t>();
  column.rows = take_numbers<std::uint32_t>(in, count);
  std::uint64_t next = 0;
  for (const std::uint32_t row : column.rows) {
    if (row < next || row >= block_rows) throw base::MalformedBytes("block: a column's rows do not ascend");
    next = std::uint64_t{row} + 1;
  }
}

BlockColumn take_column(base::ByteReader& in, std::uint32_t block_rows) {
  BlockColumn column;
  column.name = in.text();
  column.type = column_type(in.number<std::uint8_t>());
  column.dimensions = in.number<std::uint8_t>();
  const auto flags = in.number<std::uint8_t>();
  const Storage storage = storage_of(column.type);
  column.everywhere = (flags & kEverywhere) != 0;
  column.coded = (flags & kCoded) != 0;
  if (flags > (kEverywhere | kCoded) || (column.coded && storage != Storage::text))
    throw base::MalformedBytes("block: impossible column flags");
  if (!column.everywhere) take_rows(in, block_rows, column);
  const std::size_t values = column.everywhere ? block_rows : column.rows.size();
  switch (storage) {
    case Storage::integer:
      column.integers = take_numbers<std::int64_t>(in, values);
      break;
    case Storage::real: {
      const std::string_view bytes = in.raw(values * sizeof(double));
      column.reals.resize(values);
      if (values > 0) std::memcpy(column.reals.data(), bytes.data(), bytes.size());
      break;
    }
    case Storage::text:
      take_texts(in, values, column);
      break;
  }
  return column;
}

}  // namespace

void encode_block(const Block& block, std::string& out) {
  base::ByteWriter writer(out);
  writer.number(block.rows);
  put_numbers(block.timestamps, out);
  writer.number(static_cast<std::uint32_t>(block.columns.size()));
  for (const BlockColumn& column : block.columns) put_column(column, out);
}

Block decode_block(base::ByteReader& in) {
  Block block;
  block.rows = in.number<std::uint32_t>();
  block.timestamps = take_numbers<std::int64_t>(in, block.rows);
  // A column takes more than a byte: a count that cannot be true ends at the reader's bounds.
  for (auto columns = in.number<std::uint32_t>(); columns > 0; --columns)
    block.columns.push_back(take_column(in, block.rows));
  return block;
}

}  // namespace questnode::engine
