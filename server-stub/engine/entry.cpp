#include "engine/entry.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/crc32c.hpp"

namespace questnode::engine {
namespace {

constexpr std::uint32_t kEntryMagic = 0x4E455751;       // "QWEN", first byte first.
constexpr std::uint32_t kEntryVersionWithoutNames = 1;  // No table is renamed.
constexpr std::uint32_t kEntryVersion = 2;
// Magic, version, length of what follows the header, CRC-32C of version, length and what follows.
constexpr std::size_t kEntryHeaderBytes = 4 + 4 + 8 + 4;
constexpr std::size_t kChecksummedHeader = 4;  // Offset of version and length in the header ...
constexpr std::size_t kChecksummedBytes = 12;  // ... and their bytes.

std::uint32_t checksum(std::string_view entry) {
  const std::uint32_t header = base::crc32c(entry.substr(kChecksummedHeader, kChecksummedBytes));
  return base::crc32c(entry.substr(kEntryHeaderBytes), header);
}

void put_columns(const std::vector<ColumnDefinition>& columns, base::ByteWriter& out) {
  out.number(static_cast<std::uint32_t>(columns.size()));
  for (const ColumnDefinition& column : columns) {
    out.text(column.name);
    out.number(static_cast<std::uint8_t>(column.type));
    out.number(column.dimensions);
    if (column.type == ColumnType::decimal) out.number(column.scale);
  }
}

std::vector<ColumnDefinition> take_columns(base::ByteReader& in) {
  std::vector<ColumnDefinition> columns;
  for (auto count = in.number<std::uint32_t>(); count > 0; --count) {
    ColumnDefinition column;
    column.name = in.text();
    const auto type = in.number<std::uint8_t>();
    if (type < static_cast<std::uint8_t>(ColumnType::boolean) ||
        type > static_cast<std::uint8_t>(kLastColumnType)) {
      throw base::MalformedBytes("entry: unknown column type " + std::to_string(type));
    }
    column.type = static_cast<ColumnType>(type);
    column.dimensions = in.number<std::uint8_t>();
    if (column.type == ColumnType::decimal) column.scale = in.number<std::uint8_t>();
    columns.push_back(std::move(column));
  }
  return columns;
}

void put_position(base::StreamPosition position, base::ByteWriter& out) {
  out.number(position.fsn);
  out.number(position.row);
}

base::StreamPosition take_position(base::ByteReader& in) {
  base::StreamPosition position;
  position.fsn = in.number<base::Fsn>();
  position.row = in.number<std::uint32_t>();
  return position;
}

bool take_flag(base::ByteReader& in) {
  const auto flag = in.number<std::uint8_t>();
  if (flag > 1) throw base::MalformedBytes("entry: a flag is neither 0 nor 1");
  return flag == 1;
}

void put_token(const TokenChange& token, base::ByteWriter& out) {
  out.raw(token.stream.raw());
  out.number(static_cast<std::uint8_t>(token.before.has_value()));
  if (token.before) put_position(*token.before, out);
  put_position(token.after, out);
}

TokenChange take_token(base::ByteReader& in) {
  TokenChange token;
  token.stream = base::Uuid::from_raw(in.raw(16));
  if (take_flag(in)) token.before = take_position(in);
  token.after = take_position(in);
  return token;
}

void put_creation(const TableCreation& creation, base::ByteWriter& out) {
  put_columns(creation.columns, out);
  out.number(creation.timestamp_column);
  out.text(creation.partition_by);
  out.number(static_cast<std::uint32_t>(creation.dedup_keys.size()));
  for (const std::string& key : creation.dedup_keys) out.text(key);
}

TableCreation take_creation(base::ByteReader& in) {
  TableCreation creation;
  creation.columns = take_columns(in);
  creation.timestamp_column = in.number<std::uint32_t>();
  if (creation.timestamp_column >= creation.columns.size())
    throw base::MalformedBytes("entry: the timestamp column is not among the columns");
  creation.partition_by = in.text();
  for (auto count = in.number<std::uint32_t>(); count > 0; --count)
    creation.dedup_keys.emplace_back(in.text());
  return creation;
}

std::uint32_t version_of(const Entry& entry) {
  const bool renames = std::ranges::any_of(
      entry.tables, [](const TableTransaction& table) { return table.new_name.has_value(); });
  return renames ? kEntryVersion : kEntryVersionWithoutNames;
}

void put_table(const TableTransaction& table, std::uint32_t version, std::string& out) {
  base::ByteWriter writer(out);
  writer.text(table.table);
  writer.number(table.transaction);
  writer.number(static_cast<std::uint8_t>(table.creation.has_value()));
  if (table.creation) put_creation(*table.creation, writer);
  put_columns(table.added_columns, writer);
  if (version >= kEntryVersion) {
    writer.number(static_cast<std::uint8_t>(table.new_name.has_value()));
    if (table.new_name) writer.text(*table.new_name);
  }
  encode_block(table.block, out);
}

TableTransaction take_table(base::ByteReader& in, std::uint32_t version) {
  TableTransaction table;
  table.table = in.text();
  table.transaction = in.number<std::uint64_t>();
  if (take_flag(in)) table.creation = take_creation(in);
  table.added_columns = take_columns(in);
  if (version >= kEntryVersion && take_flag(in)) table.new_name = in.text();
  table.block = decode_block(in);
  return table;
}

struct Header {
  std::uint32_t version = 0;
  std::size_t length = 0;  ///< Of the whole entry.
};

/// nullopt: incomplete or damaged, the checksum included.
std::optional<Header> check_header(std::string_view bytes) {
  if (bytes.size() < kEntryHeaderBytes) return std::nullopt;
  base::ByteReader in(bytes);
  const auto magic = in.number<std::uint32_t>();
  Header header;
  header.version = in.number<std::uint32_t>();
  const auto length = in.number<std::uint64_t>();
  const auto expected = in.number<std::uint32_t>();
  if (magic != kEntryMagic || length < sizeof(std::uint64_t) || length > in.rest().size())
    return std::nullopt;
  header.length = kEntryHeaderBytes + static_cast<std::size_t>(length);
  if (checksum(bytes.substr(0, header.length)) != expected) return std::nullopt;
  return header;
}

}  // namespace

std::string ColumnDefinition::type_text() const {
  if (type == ColumnType::decimal && dimensions > 0)
    return "DECIMAL(" + std::to_string(dimensions) + "," + std::to_string(scale) + ")";
  if (type == ColumnType::geohash) {
    const bool characters = dimensions % 5 == 0;
    return "GEOHASH(" + std::to_string(characters ? dimensions / 5 : dimensions) + (characters ? "c)" : "b)");
  }
  if (type != ColumnType::double_array) return std::string(type_name(type));
  std::string text = "DOUBLE";
  for (int i = 0; i < dimensions; ++i) text += "[]";
  return text;
}

std::string encode_entry(const Entry& entry) {
  std::string out;
  // At once: growing step by step would hold a long entry twice.
  std::size_t held = kEntryHeaderBytes;
  for (const TableTransaction& table : entry.tables) held += held_bytes(table.block);
  out.reserve(held);
  out.resize(kEntryHeaderBytes);
  base::ByteWriter writer(out);
  writer.number(entry.number);
  writer.number(entry.wall_nanos);
  writer.number(static_cast<std::uint8_t>(entry.token.has_value()));
  if (entry.token) put_token(*entry.token, writer);
  writer.number(static_cast<std::uint32_t>(entry.tables.size()));
  const std::uint32_t version = version_of(entry);
  for (const TableTransaction& table : entry.tables) put_table(table, version, out);
  writer.patch(0, kEntryMagic);
  writer.patch(4, version);
  writer.patch(8, static_cast<std::uint64_t>(out.size() - kEntryHeaderBytes));
  writer.patch(16, checksum(out));
  // Entries are kept for a while, and numbers in fewer bytes than a block holds them.
  if (out.capacity() - out.size() > out.size() / 4) out.shrink_to_fit();
  return out;
}

Entry decode_entry(std::string_view bytes) {
  const std::optional<Header> header = check_header(bytes);
  if (!header || header->length != bytes.size())
    throw base::MalformedBytes("log entry: damaged or incomplete (checksum or length is wrong)");
  if (header->version > kEntryVersion) {
    throw std::runtime_error("log entry: format version " + std::to_string(header->version) +
                             " is newer than this program understands (" + std::to_string(kEntryVersion) +
                             "); upgrade this node");
  }
  base::ByteReader in(bytes.substr(kEntryHeaderBytes));
  Entry entry;
  entry.number = in.number<std::uint64_t>();
  entry.wall_nanos = in.number<std::int64_t>();
  if (take_flag(in)) entry.token = take_token(in);
  for (auto count = in.number<std::uint32_t>(); count > 0; --count)
    entry.tables.push_back(take_table(in, header->version));
  if (!in.empty()) throw base::MalformedBytes("log entry: bytes behind its end");
  return entry;
}

std::optional<EntryFrame> peek_entry(std::string_view bytes) {
  const std::optional<Header> header = check_header(bytes);
  if (!header) return std::nullopt;
  base::ByteReader in(bytes.substr(kEntryHeaderBytes));
  return EntryFrame{in.number<std::uint64_t>(), header->length};
}

}  // namespace questnode::engine
