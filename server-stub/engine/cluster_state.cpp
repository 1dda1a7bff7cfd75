#include "engine/cluster_state.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "engine/names.hpp"

namespace questnode::engine {
namespace {

constexpr std::uint32_t kMagic = 0x54534E51;       // "QNST", first byte first.
constexpr std::uint32_t kVersionWithoutFiles = 1;  // Every table's file is called as the table.
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kHeaderBytes = 4 + 4 + 4;  // Magic, version, CRC-32C of the rest.

[[noreturn]] void contradiction(const std::string& what) {
  throw base::MalformedBytes("the log contradicts itself: " + what);
}

const ColumnDefinition* find_column(const std::vector<ColumnDefinition>& columns, std::string_view name,
                                    std::size_t hint) {
  if (hint < columns.size() && same_name(columns[hint].name, name)) return &columns[hint];
  for (const ColumnDefinition& column : columns) {
    if (same_name(column.name, name)) return &column;
  }
  return nullptr;
}

void check_new_column(const std::vector<ColumnDefinition>& before, const ColumnDefinition& column,
                      const std::string& table) {
  if (before.size() >= kMaxTableColumns) contradiction("table " + table + " has too many columns");
  if (find_column(before, column.name, before.size()) != nullptr)
    contradiction("column " + column.name + " of table " + table + " exists already");
}

void check_block(const TableTransaction& transaction, const std::vector<ColumnDefinition>& columns,
                 std::size_t timestamp_column) {
  std::size_t hint = 0;
  for (const BlockColumn& column : transaction.block.columns) {
    const ColumnDefinition* known = find_column(columns, column.name, hint);
    if (known == nullptr) contradiction("unknown column " + column.name + " of table " + transaction.table);
    const auto index = static_cast<std::size_t>(known - columns.data());
    if (known->type != column.type || known->dimensions != column.dimensions || index == timestamp_column)
      contradiction("column " + column.name + " of table " + transaction.table + " has another type");
    hint = index + 1;
  }
}

void put_schema(const TableSchema& schema, std::uint32_t version, base::ByteWriter& out) {
  out.text(schema.name);
  out.number(static_cast<std::uint32_t>(schema.columns.size()));
  for (const ColumnDefinition& column : schema.columns) {
    out.text(column.name);
    out.number(static_cast<std::uint8_t>(column.type));
    out.number(column.dimensions);
    if (column.type == ColumnType::decimal) out.number(column.scale);
  }
  out.number(static_cast<std::uint32_t>(schema.timestamp_column));
  out.text(schema.partition_by);
  out.number(static_cast<std::uint32_t>(schema.dedup_keys.size()));
  for (const std::string& key : schema.dedup_keys) out.text(key);
  out.number(schema.transactions);
  if (version >= kVersion) out.text(schema.file);
}

TableSchema take_schema(base::ByteReader& in, std::uint32_t version) {
  TableSchema schema;
  schema.name = in.text();
  for (auto count = in.number<std::uint32_t>(); count > 0; --count) {
    ColumnDefinition column;
    column.name = in.text();
    const auto type = in.number<std::uint8_t>();
    if (type < static_cast<std::uint8_t>(ColumnType::boolean) ||
        type > static_cast<std::uint8_t>(kLastColumnType)) {
      throw base::MalformedBytes("cluster state: unknown column type");
    }
    column.type = static_cast<ColumnType>(type);
    column.dimensions = in.number<std::uint8_t>();
    if (column.type == ColumnType::decimal) column.scale = in.number<std::uint8_t>();
    schema.columns.push_back(std::move(column));
  }
  schema.timestamp_column = in.number<std::uint32_t>();
  if (schema.timestamp_column >= schema.columns.size())
    throw base::MalformedBytes("cluster state: the timestamp column is not among the columns");
  schema.partition_by = in.text();
  for (auto count = in.number<std::uint32_t>(); count > 0; --count) schema.dedup_keys.emplace_back(in.text());
  schema.transactions = in.number<std::uint64_t>();
  schema.file = version >= kVersion ? std::string(in.text()) : fold_case(schema.name);
  return schema;
}

}  // namespace

const ColumnDefinition* TableSchema::find(std::string_view column_name) const {
  return find_column(columns, column_name, columns.size());
}

void ClusterState::check(const Entry& entry) const {
  if (entry.number != number_ + 1) {
    contradiction("entry " + std::to_string(entry.number) + " follows entry " + std::to_string(number_));
  }
  if (entry.token && token(entry.token->stream) != entry.token->before)
    contradiction("the token of stream " + entry.token->stream.to_string() + " is not the one it moves from");
  std::vector<std::string> seen;
  for (const TableTransaction& transaction : entry.tables) {
    if (transaction.new_name) return check_rename(entry);
    seen.push_back(fold_case(transaction.table));
    check_transaction(transaction, seen.back());
  }
  std::sort(seen.begin(), seen.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end())
    contradiction("a table stands twice in an entry");
}

void ClusterState::check_transaction(const TableTransaction& transaction, const std::string& key) const {
  const auto found = tables_.find(key);
  const TableSchema* schema = found == tables_.end() ? nullptr : &found->second;
  if (transaction.creation.has_value() == (schema != nullptr))
    contradiction("table " + transaction.table + (schema == nullptr ? " does not exist" : " exists already"));
  if (transaction.transaction != (schema == nullptr ? 0 : schema->transactions) + 1)
    contradiction("a transaction number of table " + transaction.table + " is missing");
  if (schema != nullptr && transaction.added_columns.empty())
    return check_block(transaction, schema->columns, schema->timestamp_column);

  std::vector<ColumnDefinition> columns;
  if (schema != nullptr) columns = schema->columns;
  const auto add = [&](const std::vector<ColumnDefinition>& added) {
    for (const ColumnDefinition& column : added) {
      check_new_column(columns, column, transaction.table);
      columns.push_back(column);
    }
  };
  if (transaction.creation) add(transaction.creation->columns);
  add(transaction.added_columns);
  const std::size_t timestamp_column =
      schema == nullptr ? transaction.creation->timestamp_column : schema->timestamp_column;
  if (timestamp_column >= columns.size())
    contradiction("table " + transaction.table + " has no timestamp column");
  check_block(transaction, columns, timestamp_column);
}

void ClusterState::check_rename(const Entry& entry) const {
  const TableTransaction& transaction = entry.tables.front();
  const TableSchema* const schema = table(transaction.table);
  const bool alone = entry.tables.size() == 1 && !transaction.creation && transaction.added_columns.empty() &&
                     transaction.block.rows == 0;
  if (!alone) contradiction("a table is renamed, and more happens in that entry");
  if (schema == nullptr) contradiction("table " + transaction.table + ", which is renamed, does not exist");
  if (transaction.transaction != schema->transactions + 1)
    contradiction("a transaction number of table " + transaction.table + " is missing");
  const TableSchema* const other = table(*transaction.new_name);
  if (!valid_table_name(*transaction.new_name) || (other != nullptr && other != schema))
    contradiction("table " + transaction.table + " cannot be renamed to " + *transaction.new_name);
}

void ClusterState::rename(const TableTransaction& transaction) {
  auto node = tables_.extract(fold_case(transaction.table));
  TableSchema& schema = node.mapped();
  schema.name = *transaction.new_name;
  schema.transactions = transaction.transaction;
  moved_files_.erase(schema.file);
  node.key() = fold_case(schema.name);
  if (schema.file != node.key()) moved_files_.insert(schema.file);
  tables_.insert(std::move(node));
}

void ClusterState::apply(const Entry& entry) {
  check(entry);
  for (const TableTransaction& transaction : entry.tables) {
    if (transaction.new_name) {
      rename(transaction);
      continue;
    }
    const std::string key = fold_case(transaction.table);
    TableSchema& schema = tables_[key];
    if (transaction.creation) {
      schema.name = transaction.table;
      schema.file = key;
      if (moved_files_.contains(key)) schema.file += "~" + std::to_string(entry.number);
      if (schema.file != key) moved_files_.insert(schema.file);
      schema.columns = transaction.creation->columns;
      column_count_ += schema.columns.size();
      schema.timestamp_column = transaction.creation->timestamp_column;
      schema.partition_by = transaction.creation->partition_by;
      schema.dedup_keys = transaction.creation->dedup_keys;
    }
    schema.columns.insert(schema.columns.end(), transaction.added_columns.begin(),
                          transaction.added_columns.end());
    column_count_ += transaction.added_columns.size();
    schema.transactions = transaction.transaction;
  }
  if (entry.token) tokens_[entry.token->stream] = {entry.token->after, entry.wall_nanos};
  number_ = entry.number;
}

const TableSchema* ClusterState::table(std::string_view name) const {
  const auto found = tables_.find(fold_case(name));
  return found == tables_.end() ? nullptr : &found->second;
}

std::optional<base::StreamPosition> ClusterState::token(const base::Uuid& stream) const {
  const auto found = tokens_.find(stream);
  if (found == tokens_.end()) return std::nullopt;
  return found->second.position;
}

std::string ClusterState::serialize() const {
  std::string out(kHeaderBytes, '\0');
  base::ByteWriter writer(out);
  writer.number(number_);
  writer.number(static_cast<std::uint32_t>(tables_.size()));
  const std::uint32_t version = moved_files_.empty() ? kVersionWithoutFiles : kVersion;
  for (const auto& [key, schema] : tables_) put_schema(schema, version, writer);
  writer.number(static_cast<std::uint32_t>(tokens_.size()));
  for (const auto& [stream, token] : tokens_) {
    writer.raw(stream.raw());
    writer.number(token.position.fsn);
    writer.number(token.position.row);
    writer.number(token.wall_nanos);
  }
  writer.patch(0, kMagic);
  writer.patch(4, version);
  writer.patch(8, base::crc32c(std::string_view(out).substr(kHeaderBytes)));
  return out;
}

ClusterState ClusterState::deserialize(std::string_view bytes) {
  base::ByteReader in(bytes);
  if (in.number<std::uint32_t>() != kMagic) throw base::MalformedBytes("cluster state: not one");
  const auto version = in.number<std::uint32_t>();
  if (in.number<std::uint32_t>() != base::crc32c(in.rest()))
    throw base::MalformedBytes("cluster state: damaged");
  if (version > kVersion) {
    throw std::runtime_error("cluster state: format version " + std::to_string(version) +
                             " is newer than this program understands (" + std::to_string(kVersion) +
                             "); upgrade this node");
  }
  ClusterState state;
  state.number_ = in.number<std::uint64_t>();
  for (auto count = in.number<std::uint32_t>(); count > 0; --count) {
    TableSchema schema = take_schema(in, version);
    std::string key = fold_case(schema.name);
    state.column_count_ += schema.columns.size();
    if (schema.file != key && !state.moved_files_.insert(schema.file).second)
      throw base::MalformedBytes("cluster state: a file stands twice");
    if (!state.tables_.emplace(std::move(key), std::move(schema)).second)
      throw base::MalformedBytes("cluster state: a table stands twice");
  }
  for (const auto& [key, schema] : state.tables_) {
    if (schema.file == key && state.moved_files_.contains(key))
      throw base::MalformedBytes("cluster state: a file stands twice");
  }
  for (auto count = in.number<std::uint32_t>(); count > 0; --count) {
    const base::Uuid stream = base::Uuid::from_raw(in.raw(16));
    StreamToken token;
    token.position.fsn = in.number<base::Fsn>();
    token.position.row = in.number<std::uint32_t>();
    token.wall_nanos = in.number<std::int64_t>();
    if (!state.tokens_.emplace(stream, token).second)
      throw base::MalformedBytes("cluster state: a stream stands twice");
  }
  if (!in.empty()) throw base::MalformedBytes("cluster state: bytes behind its end");
  return state;
}

}  // namespace questnode::engine
