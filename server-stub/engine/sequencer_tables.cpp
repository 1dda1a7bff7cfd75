#include "engine/sequencer_tables.hpp"

#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/cast.hpp"
#include "engine/names.hpp"

namespace questnode::engine {
namespace {

constexpr std::string_view kDefaultTimestamp = "timestamp";
constexpr std::string_view kDefaultPartition = "DAY";
/// From here on a map of the names costs less than looking through them.
constexpr std::size_t kManyColumns = 64;

/// Finds columns by name, without case; asked in the table's own order it never has to search.
class ColumnFinder {
 public:
  explicit ColumnFinder(const std::vector<ColumnDefinition>& columns) : columns_(columns) {
    if (columns.size() < kManyColumns) return;
    for (std::size_t i = 0; i < columns.size(); ++i) by_name_.emplace(fold_case(columns[i].name), i);
  }

  std::optional<std::size_t> find(std::string_view name) {
    std::optional<std::size_t> found;
    if (next_ < columns_.size() && same_name(columns_[next_].name, name)) {
      found = next_;
    } else if (by_name_.empty()) {
      for (std::size_t i = 0; i < columns_.size() && !found; ++i) {
        if (same_name(columns_[i].name, name)) found = i;
      }
    } else if (const auto at = by_name_.find(fold_case(name)); at != by_name_.end()) {
      found = at->second;
    }
    if (found) next_ = *found + 1;
    return found;
  }

 private:
  const std::vector<ColumnDefinition>& columns_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::size_t next_ = 0;
};

/// The columns of one name: more than one where it was written with several types.
struct Group {
  ColumnDefinition target;
  bool known = false;      ///< The table has it.
  bool timestamp = false;  ///< It is the designated timestamp, written as a field.
  std::vector<BlockColumn> columns;
};

class Resolution {
 public:
  Resolution(ParsedTable parsed, const TableSchema* schema, CreationPolicy policy)
      : parsed_(std::move(parsed)), schema_(schema), policy_(policy) {
    timestamp_ = schema != nullptr ? schema->columns[schema->timestamp_column]
                                   : ColumnDefinition{std::string(kDefaultTimestamp),
                                                      parsed_.nanosecond_column ? ColumnType::timestamp_ns
                                                                                : ColumnType::timestamp};
  }

  std::variant<TableTransaction, LineFailure> run() {
    if (schema_ == nullptr && !policy_.tables) {
      return LineFailure{
          parsed_.rows.front() + 1,
          "table: " + parsed_.name + "; table does not exist, creating new tables is disabled"};
    }
    group_columns();
    convert_timestamps();
    for (Group& group : groups_) {
      if (may_create(group)) resolve(group);
    }
    if (failure_) return std::move(*failure_);
    if (!define()) return std::move(*failure_);
    transaction_.table = schema_ != nullptr ? schema_->name : parsed_.name;
    transaction_.transaction = (schema_ != nullptr ? schema_->transactions : 0) + 1;
    transaction_.block.rows = parsed_.block.rows;
    transaction_.block.timestamps = std::move(parsed_.block.timestamps);
    return std::move(transaction_);
  }

 private:
  /// Keeps the failure of the first bad line.
  void fail(std::uint32_t row, std::string what) {
    const std::uint32_t line = parsed_.rows[row] + 1;
    if (!failure_ || line < failure_->line) failure_ = LineFailure{line, std::move(what)};
  }

  void group_columns() {
    static const std::vector<ColumnDefinition> kNone;
    ColumnFinder known(schema_ != nullptr ? schema_->columns : kNone);
    std::unordered_map<std::string, std::size_t> repeated;
    groups_.reserve(parsed_.block.columns.size());
    for (BlockColumn& column : parsed_.block.columns) {
      const std::optional<std::size_t> index = known.find(column.name);
      // A name stands twice only if it was written with several types, and then not everywhere.
      if (!column.everywhere) {
        const auto [at, fresh] = repeated.emplace(fold_case(column.name), groups_.size());
        if (!fresh) {
          groups_[at->second].columns.push_back(std::move(column));
          continue;
        }
      }
      Group& group = groups_.emplace_back();
      group.known = index.has_value();
      group.target =
          index ? schema_->columns[*index] : ColumnDefinition{column.name, column.type, column.dimensions};
      group.timestamp = same_name(column.name, timestamp_.name);
      group.columns.push_back(std::move(column));
    }
  }

  void convert_timestamps() {
    std::vector<std::int64_t>& timestamps = parsed_.block.timestamps;
    const bool to_micros = timestamp_.type == ColumnType::timestamp;
    if (to_micros == parsed_.timestamps_in_micros) return;
    if (to_micros) {
      for (std::int64_t& value : timestamps) value /= 1000;
      return;
    }
    for (std::uint32_t row = 0; row < parsed_.block.rows; ++row) {
      std::int64_t nanos = 0;
      if (__builtin_mul_overflow(timestamps[row], std::int64_t{1000}, &nanos)) {
        return fail(row, "table: " + parsed_.name + ", timestamp: " + std::to_string(timestamps[row]) +
                             "; designated timestamp overflow, max[" +
                             std::to_string(std::numeric_limits<std::int64_t>::max()) + "]");
      }
      timestamps[row] = nanos;
    }
  }

  /// Whether the group's column is there or may be added; else the first row that names it is bad.
  bool may_create(const Group& group) {
    if (group.known || group.timestamp) return true;
    const BlockColumn& first = group.columns.front();
    const std::uint32_t row = first.values() > 0 ? first.row_of(0) : 0;
    if (schema_ != nullptr && !policy_.columns) {
      fail(row, "table: " + parsed_.name + ", column: " + group.target.name +
                    " does not exist, creating new columns is disabled");
      return false;
    }
    if (first.type == ColumnType::decimal) {
      fail(row,
           "table: " + parsed_.name + "; decimal columns must be created manually: " + group.target.name);
      return false;
    }
    return true;
  }

  void resolve(Group& group) {
    for (BlockColumn& column : group.columns) {
      const ColumnDefinition& target = group.timestamp ? timestamp_ : group.target;
      const bool allowed = !group.timestamp || column.type == ColumnType::timestamp ||
                           column.type == ColumnType::timestamp_ns || column.values() == 0;
      std::optional<CastFailure> failure;
      if (allowed) {
        failure = cast_column(column, target);
      } else {
        failure = CastFailure{0, "the designated timestamp takes a timestamp only"};
      }
      if (failure)
        fail(column.row_of(failure->value),
             "table: " + parsed_.name + ", column: " + target.name + "; " + failure->what);
    }
    if (failure_) return;
    if (group.columns.size() > 1) {
      BlockColumn merged = merge_columns(std::move(group.columns), parsed_.block.rows);
      group.columns.clear();
      group.columns.push_back(std::move(merged));
    }
    if (group.timestamp) designate(group.columns.front());
  }

  /// A field with the name of the designated timestamp takes its place.
  void designate(const BlockColumn& column) {
    for (std::size_t value = 0; value < column.values(); ++value) {
      const std::uint32_t row = column.row_of(value);
      if (column.integers[value] < 0) {
        return fail(row, "table: " + parsed_.name + ", timestamp: " + std::to_string(column.integers[value]) +
                             "; designated timestamp before 1970-01-01 is not allowed");
      }
      parsed_.block.timestamps[row] = column.integers[value];
    }
  }

  /// Fills creation or added columns, and the block's columns. False: too many.
  bool define() {
    std::vector<ColumnDefinition> fresh;
    for (Group& group : groups_) {
      if (group.timestamp) continue;
      BlockColumn& column = group.columns.front();
      if (!group.known) fresh.push_back(group.target);
      // Nothing but NULL says nothing about the rows.
      if (column.values() > 0) transaction_.block.columns.push_back(std::move(column));
    }
    const std::size_t before = schema_ != nullptr ? schema_->columns.size() : 1;
    if (before + fresh.size() > kMaxTableColumns) {
      failure_ = LineFailure{0, "table: " + parsed_.name +
                                    "; too many columns: " + std::to_string(before + fresh.size()) +
                                    ", at most " + std::to_string(kMaxTableColumns)};
      return false;
    }
    if (schema_ != nullptr) {
      transaction_.added_columns = std::move(fresh);
      return true;
    }
    TableCreation& creation = transaction_.creation.emplace();
    creation.columns = std::move(fresh);
    creation.columns.push_back(timestamp_);
    creation.timestamp_column = static_cast<std::uint32_t>(creation.columns.size() - 1);
    creation.partition_by = kDefaultPartition;
    return true;
  }

  ParsedTable parsed_;
  const TableSchema* schema_;
  const CreationPolicy policy_;
  ColumnDefinition timestamp_;
  std::vector<Group> groups_;
  std::optional<LineFailure> failure_;
  TableTransaction transaction_;
};

}  // namespace

std::variant<TableTransaction, LineFailure> resolve_table(ParsedTable parsed, const TableSchema* schema,
                                                          CreationPolicy policy) {
  return Resolution(std::move(parsed), schema, policy).run();
}

}  // namespace questnode::engine
