#include "engine/sequencer.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <variant>

#include "engine/names.hpp"
#include "engine/sequencer_tables.hpp"

namespace questnode::engine {
namespace {

using Outcome = Admission::Outcome;

Admission refused(std::string message, std::uint32_t line = 0) {
  Admission admission;
  admission.outcome = Outcome::refused;
  admission.message = std::move(message);
  admission.line = line;
  return admission;
}

/// What the delivery headers mean at the stream's present token.
struct Placement {
  Outcome outcome = Outcome::committed;
  std::optional<base::StreamPosition> before;
  base::StreamPosition after;
  std::uint32_t duplicates = 0;  ///< So many rows at the front are there already.
  std::string message;
};

Placement refused_placement(std::string message) {
  Placement placement;
  placement.outcome = Outcome::refused;
  placement.message = std::move(message);
  return placement;
}

/// The parts must be possible, follow each other, and add up to the request's rows. Empty: they do.
std::string check_parts(const std::vector<base::FramePart>& parts, std::uint32_t rows) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const base::FramePart& part = parts[i];
    const std::uint64_t end = std::uint64_t{part.first_row} + part.rows;
    if (part.rows == 0 || end > std::numeric_limits<std::uint32_t>::max() ||
        part.fsn == std::numeric_limits<base::Fsn>::max()) {
      return "an impossible part: " + base::format_parts({part});
    }
    if (i > 0 && part.begin() != parts[i - 1].end())
      return "part " + base::format_parts({part}) + " does not follow the part before it";
    sum += part.rows;
  }
  if (sum == rows && !parts.empty()) return {};
  return "the parts have " + std::to_string(sum) + " rows, the body has " + std::to_string(rows);
}

/// Rule numbers: DESIGN.md, "Exactly once rests on these rules".
Placement place(const Delivery& delivery, std::uint32_t rows, std::optional<base::StreamPosition> token) {
  if (std::string wrong = check_parts(delivery.parts, rows); !wrong.empty())
    return refused_placement(std::string(base::header::kFrames) + ": " + wrong);

  const base::StreamPosition start = delivery.parts.front().begin();
  const bool gap_accepted = delivery.gap && delivery.gap->seen == token &&
                            delivery.gap->start == start;  // Rule 2: compare and set.
  Placement placement;
  placement.before = token;
  if (!token && start != base::StreamPosition{delivery.stream.first, 0} && !gap_accepted) {
    placement.outcome = Outcome::unknown_stream;
    return placement;
  }
  base::StreamPosition at = token.value_or(start);
  if (start > at) {
    if (!gap_accepted) {
      placement.outcome = Outcome::gap;
      return placement;
    }
    at = start;
  }
  for (const base::FramePart& part : delivery.parts) {
    if (part.end() <= at) {
      placement.duplicates += part.rows;
      continue;
    }
    // The parts follow each other, so this one begins at `at` or is cut by it.
    const std::uint32_t there = part.fsn == at.fsn ? at.row - part.first_row : 0;
    if (there > part.rows) {
      return refused_placement(std::string(base::header::kFrames) + ": frame " + std::to_string(part.fsn) +
                               " is said to end before row " + std::to_string(at.row) +
                               ", up to which it was committed");
    }
    placement.duplicates += there;
    at = part.end();
  }
  placement.after = at;
  if (token && at <= *token) placement.outcome = Outcome::duplicate;
  return placement;
}

/// Rule 4: cut away here, where it is committed.
void cut_duplicates(std::vector<ParsedTable>& tables, std::uint32_t duplicates) {
  if (duplicates == 0) return;
  for (ParsedTable& table : tables) {
    const auto kept = std::lower_bound(table.rows.begin(), table.rows.end(), duplicates);
    drop_first_rows(table.block, static_cast<std::uint32_t>(kept - table.rows.begin()));
    table.rows.erase(table.rows.begin(), kept);
    std::erase_if(table.block.columns, [](const BlockColumn& column) { return column.values() == 0; });
  }
  std::erase_if(tables, [](const ParsedTable& table) { return table.rows.empty(); });
}

bool is_partition(std::string_view unit) {
  constexpr std::array<std::string_view, 5> kUnits = {"HOUR", "DAY", "WEEK", "MONTH", "YEAR"};
  return std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end();
}

std::optional<std::uint32_t> find_column(const std::vector<ColumnDefinition>& columns,
                                         std::string_view name) {
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    if (same_name(columns[i].name, name)) return i;
  }
  return std::nullopt;
}

std::string check_columns(const std::vector<ColumnDefinition>& columns) {
  if (columns.size() > kMaxTableColumns)
    return "too many columns: at most " + std::to_string(kMaxTableColumns);
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    const ColumnDefinition& column = columns[i];
    if (!valid_column_name(column.name)) return "invalid column name: " + column.name;
    if (find_column(columns, column.name) != i) return "Duplicate column [name=" + column.name + "]";
    const bool has_dimensions = column.type == ColumnType::double_array ||
                                column.type == ColumnType::decimal || column.type == ColumnType::geohash;
    if (has_dimensions != (column.dimensions > 0)) return "impossible dimensions of column " + column.name;
  }
  return {};
}

/// Turns the request into what the log says, or says why not.
std::string define_table(const TableRequest& request, TableCreation& creation) {
  if (!valid_table_name(request.name)) return "invalid table name: " + request.name;
  if (std::string wrong = check_columns(request.columns); !wrong.empty()) return wrong;
  if (!request.timestamp_column)
    return "only tables with a designated timestamp are replicated: add TIMESTAMP(column) PARTITION BY DAY";
  const auto timestamp = find_column(request.columns, *request.timestamp_column);
  if (!timestamp) return "Invalid designated timestamp column [name=" + *request.timestamp_column + "]";
  const ColumnType type = request.columns[*timestamp].type;
  if (type != ColumnType::timestamp && type != ColumnType::timestamp_ns) {
    return "TIMESTAMP column expected [actual=" + request.columns[*timestamp].type_text() +
           ", columnName=" + request.columns[*timestamp].name + "]";
  }
  if (!is_partition(request.partition_by)) {
    return "only partitioned tables are replicated: PARTITION BY HOUR, DAY, WEEK, MONTH or YEAR, not " +
           request.partition_by;
  }
  bool timestamp_is_key = request.dedup_keys.empty();
  for (const std::string& key : request.dedup_keys) {
    const auto column = find_column(request.columns, key);
    if (!column) return "deduplicate key column not found [column=" + key + "]";
    timestamp_is_key |= *column == *timestamp;
    creation.dedup_keys.push_back(request.columns[*column].name);
  }
  if (!timestamp_is_key)
    return "deduplicate key list must include dedicated timestamp column [column=" +
           *request.timestamp_column + "]";
  creation.columns = request.columns;
  creation.timestamp_column = *timestamp;
  creation.partition_by = request.partition_by;
  return {};
}

}  // namespace

/// All tables or the failure of the first bad line.
std::optional<LineFailure> Sequencer::resolve_tables(std::vector<ParsedTable> tables, Entry& entry) const {
  std::optional<LineFailure> first;
  std::size_t bytes = 0;
  entry.tables.reserve(tables.size());
  for (ParsedTable& table : tables) {
    const TableSchema* schema = state_.table(table.name);
    auto resolved = resolve_table(std::move(table), schema, policy_);
    if (auto* failure = std::get_if<LineFailure>(&resolved)) {
      if (!first || failure->line < first->line) first = std::move(*failure);
      continue;
    }
    entry.tables.push_back(std::get<TableTransaction>(std::move(resolved)));
    for (const BlockColumn& column : entry.tables.back().block.columns) bytes += column.text.size();
    if (bytes > limits_.entry_bytes) throw EntryTooLong(limits_.entry_bytes);
  }
  return first;
}

/// What the entry would make too many; empty: nothing.
std::string Sequencer::beyond_catalog(const Entry& entry) const {
  std::size_t tables = state_.tables().size();
  std::size_t columns = state_.column_count();
  for (const TableTransaction& table : entry.tables) {
    if (table.creation) ++tables;
    columns += table.added_columns.size() + (table.creation ? table.creation->columns.size() : 0);
    if (table.creation && tables > limits_.tables)
      return "table: " + table.table + "; too many tables: at most " + std::to_string(limits_.tables);
    if (columns > limits_.columns && columns > state_.column_count())
      return "table: " + table.table + "; too many columns: at most " + std::to_string(limits_.columns) +
             " in all tables together";
  }
  return {};
}

Admission Sequencer::commit(Entry entry) {
  if (std::string wrong = beyond_catalog(entry); !wrong.empty()) return refused(std::move(wrong));
  Admission admission;
  admission.entry = encode_entry(entry);
  if (admission.entry.size() > limits_.entry_bytes) throw EntryTooLong(limits_.entry_bytes);
  state_.apply(entry);
  admission.outcome = Outcome::committed;
  admission.number = entry.number;
  if (entry.token) admission.token = entry.token->after;
  return admission;
}

Admission Sequencer::write(WriteRequest request, std::int64_t wall_nanos) try {
  Entry entry;
  entry.number = state_.number() + 1;
  entry.wall_nanos = wall_nanos;
  Admission admission;
  if (request.delivery) {
    const Delivery& delivery = *request.delivery;
    const auto token = state_.token(delivery.stream.stream);
    Placement placement = place(delivery, request.rows, token);
    if (placement.outcome == Outcome::refused) return refused(std::move(placement.message));
    if (placement.outcome != Outcome::committed) {
      admission.outcome = placement.outcome;
      admission.number = state_.number();
      admission.token = token;
      return admission;
    }
    cut_duplicates(request.tables, placement.duplicates);
    entry.token = TokenChange{delivery.stream.stream, placement.before, placement.after};
  } else if (request.rows == 0) {
    admission.outcome = Outcome::duplicate;  // An empty body changes nothing.
    admission.number = state_.number();
    return admission;
  }
  if (auto failure = resolve_tables(std::move(request.tables), entry)) {
    if (failure->line == 0) return refused(std::move(failure->what));
    return refused(line_error(failure->line, failure->what), failure->line);
  }
  return commit(std::move(entry));
} catch (const EntryTooLong& error) {
  Admission admission = refused(error.what());
  admission.outcome = Outcome::too_large;
  return admission;
}

Admission Sequencer::create_table(const TableRequest& request, std::int64_t wall_nanos) {
  if (state_.table(request.name) != nullptr) {
    if (!request.if_not_exists) return refused("table already exists: " + request.name);
    Admission admission;
    admission.outcome = Outcome::duplicate;
    admission.number = state_.number();
    return admission;
  }
  TableTransaction transaction;
  transaction.table = request.name;
  transaction.transaction = 1;
  if (std::string wrong = define_table(request, transaction.creation.emplace()); !wrong.empty())
    return refused(std::move(wrong));
  Entry entry;
  entry.number = state_.number() + 1;
  entry.wall_nanos = wall_nanos;
  entry.tables.push_back(std::move(transaction));
  return commit(std::move(entry));
}

Admission Sequencer::rename_table(const RenameRequest& request, std::int64_t wall_nanos) {
  const TableSchema* const schema = state_.table(request.from);
  if (schema == nullptr) return refused("table does not exist [table=" + request.from + "]");
  if (!valid_table_name(request.to)) return refused("invalid table name [table=" + request.to + "]");
  const TableSchema* const other = state_.table(request.to);
  if (other != nullptr && other != schema)
    return refused("cannot rename table, new name is already in use [table=" + schema->name +
                   ", toTableName=" + request.to + "]");
  TableTransaction transaction;
  transaction.table = schema->name;
  transaction.transaction = schema->transactions + 1;
  transaction.new_name = request.to;
  Entry entry;
  entry.number = state_.number() + 1;
  entry.wall_nanos = wall_nanos;
  entry.tables.push_back(std::move(transaction));
  return commit(std::move(entry));
}

}  // namespace questnode::engine
