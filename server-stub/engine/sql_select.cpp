// Runs a query on a connection of its own, to which the tables' files are attached as it names them.
#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include <sqlite3.h>

#include "base/clock.hpp"
#include "engine/names.hpp"
#include "engine/sql.hpp"
#include "engine/sql_answer.hpp"
#include "engine/sql_lexer.hpp"
#include "engine/sql_show.hpp"
#include "engine/sql_timestamps.hpp"
#include "engine/sqlite.hpp"
#include "engine/table_file.hpp"

namespace questnode::engine {
namespace {

constexpr int kStepsBetweenChecks = 1000;
constexpr std::size_t kLongestValue = 64U << 20;
constexpr int kLongestPattern = 1000;
constexpr std::string_view kNoSuchTable = "no such table: ";
/// Functions of SQLite that reach beyond the tables.
constexpr std::array<std::string_view, 2> kForbiddenFunctions = {"load_extension", "fts3_tokenizer"};
/// Beginnings of the names of SQLite's own tables, and of ours.
constexpr std::array<std::string_view, 4> kForbiddenTables = {"sqlite_", "pragma_", "questnode/", "dbstat"};

struct SelectFailure {
  SqlError error;
};

class Query {
 public:
  Query(const std::filesystem::path& directory, const ClusterState& state, std::string_view sql,
        std::chrono::milliseconds timeout)
      : directory_(std::filesystem::absolute(directory)),
        state_(state),
        asked_(sql),
        sql_(sql),
        timeout_(timeout),
        deadline_(base::SystemClock().now() + timeout) {}

  std::string run(std::size_t max_bytes) {
    open(max_bytes);
    SqliteStatement statement = prepare_query();  // Attaches the tables, so that their columns are known.
    if (use_numbers_for_times()) statement = prepare_query();
    AnswerBuilder answer(state_, statement.get());
    int code = sqlite3_step(statement.get());
    for (; code == SQLITE_ROW; code = sqlite3_step(statement.get())) {
      answer.add_row();
      if (answer.bytes() > max_bytes)
        throw SelectFailure{{"the answer is larger than " + std::to_string(max_bytes) +
                                 " bytes: add a LIMIT, or ask for fewer columns",
                             0}};
    }
    if (code != SQLITE_DONE) throw SelectFailure{explain(code)};
    return answer.finish(asked_);
  }

 private:
  void open(std::size_t max_bytes) {
    sqlite3* handle = nullptr;
    // Read-only: what is attached inherits it.
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(":memory:", &handle, flags, nullptr);
    database_.reset(handle);
    if (code != SQLITE_OK) throw_sqlite(handle, "cannot open a connection for a query");
    sqlite3_busy_timeout(handle, static_cast<int>(std::clamp<std::int64_t>(timeout_.count(), 1, 5000)));
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH,
                  static_cast<int>(std::clamp<std::size_t>(max_bytes, kLongestValue, 1'000'000'000)));
    sqlite3_limit(handle, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, kLongestPattern);
    sqlite3_limit(handle, SQLITE_LIMIT_WORKER_THREADS, 0);
    int ignored = 0;
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, &ignored);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &ignored);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, &ignored);
    // "x" is a name, as in QuestDB; SQLite would take an unknown one for a text.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, &ignored);
    std::array<const char*, 3> modules = {"json_each", "json_tree", nullptr};
    sqlite3_drop_modules(handle, modules.data());
    sqlite3_set_authorizer(handle, authorize, this);
    sqlite3_progress_handler(handle, kStepsBetweenChecks, check_time, this);
  }

  static int check_time(void* self) {
    const auto* query = static_cast<const Query*>(self);
    return base::SystemClock().now() > query->deadline_ ? 1 : 0;
  }

  static int authorize(void* self, int action, const char* first, const char* second, const char*,
                       const char*) {
    const auto* query = static_cast<const Query*>(self);
    if (query->attaching_) return SQLITE_OK;
    if (action == SQLITE_SELECT || action == SQLITE_RECURSIVE) return SQLITE_OK;
    if (action == SQLITE_READ) {
      const std::string table = fold_case(first == nullptr ? "" : first);
      const bool forbidden = std::ranges::any_of(
          kForbiddenTables, [&](std::string_view prefix) { return table.starts_with(prefix); });
      return forbidden && !query->attached_.contains(table) ? SQLITE_DENY : SQLITE_OK;
    }
    if (action == SQLITE_FUNCTION) {
      const std::string function = fold_case(second == nullptr ? "" : second);
      return std::ranges::find(kForbiddenFunctions, function) == kForbiddenFunctions.end() ? SQLITE_OK
                                                                                           : SQLITE_DENY;
    }
    return SQLITE_DENY;
  }

  SqliteStatement prepare_query() {
    for (;;) {
      sqlite3_stmt* handle = nullptr;
      const char* tail = nullptr;
      const int code =
          sqlite3_prepare_v2(database_.get(), sql_.data(), static_cast<int>(sql_.size()), &handle, &tail);
      SqliteStatement statement(handle);
      if (code == SQLITE_OK) {
        check(handle, tail);
        return statement;
      }
      const std::string_view message = sqlite3_errmsg(database_.get());
      if (!message.starts_with(kNoSuchTable)) throw SelectFailure{explain(code)};
      attach(std::string(message.substr(kNoSuchTable.size())));
    }
  }

  /// False: the query compares no timestamp with a text.
  bool use_numbers_for_times() {
    auto replaced = replace_timestamps(sql_, [this](std::string_view column) -> std::optional<ColumnType> {
      for (const std::string& table : attached_) {
        const TableSchema* schema = state_.table(table);
        const ColumnDefinition* found = schema == nullptr ? nullptr : schema->find(column);
        if (found != nullptr && (found->type == ColumnType::timestamp || found->type == ColumnType::date ||
                                 found->type == ColumnType::timestamp_ns))
          return found->type;
      }
      return std::nullopt;
    });
    if (auto* const error = std::get_if<SqlError>(&replaced)) throw SelectFailure{std::move(*error)};
    rewritten_ = std::get<std::string>(std::move(replaced));
    if (rewritten_ == sql_) return false;
    sql_ = rewritten_;
    return true;
  }

  void check(sqlite3_stmt* statement, const char* tail) const {
    const auto position = static_cast<std::size_t>(tail - sql_.data());
    SqlLexer rest(sql_.substr(position));
    while (rest.accept_sign(';')) {
    }
    if (rest.peek().kind != SqlToken::Kind::end)
      throw SelectFailure{{"only one statement at a time is supported", position + rest.peek().position}};
    if (statement == nullptr || sqlite3_stmt_readonly(statement) == 0 || sqlite3_column_count(statement) == 0)
      throw SelectFailure{unsupported_statement(sql_)};
    if (sqlite3_bind_parameter_count(statement) > 0)
      throw SelectFailure{{"bind variables are not supported", 0}};
  }

  void attach(const std::string& name) {
    const std::size_t found = sql_.find(name);
    const std::size_t position = found == std::string_view::npos ? 0 : found;
    const TableSchema* schema = state_.table(name);
    if (schema != nullptr && fold_case(name).starts_with(kReservedPrefix))
      throw SelectFailure{
          {"SQL cannot reach tables whose names begin with sqlite_ [table=" + name + "]", position}};
    const std::filesystem::path file =
        schema == nullptr ? std::filesystem::path() : directory_ / table_file_name(schema->file);
    if (schema == nullptr || !std::filesystem::exists(file) || !attached_.insert(fold_case(name)).second)
      throw SelectFailure{{"table does not exist [table=" + name + "]", position}};
    const int limit = sqlite3_limit(database_.get(), SQLITE_LIMIT_ATTACHED, -1);
    if (attached_.size() > static_cast<std::size_t>(limit))
      throw SelectFailure{{"a query can read at most " + std::to_string(limit) + " tables", position}};
    attaching_ = true;
    const std::string sql = "ATTACH ?1 AS " + quoted_name("table" + std::to_string(attached_.size()));
    const SqliteStatement statement = prepare(database_.get(), sql);
    sqlite3_bind_text(statement.get(), 1, file.c_str(), -1, SQLITE_TRANSIENT);
    const int code = sqlite3_step(statement.get());
    attaching_ = false;
    if (code != SQLITE_DONE) throw SelectFailure{explain(code)};
  }

  SqlError explain(int code) const {
    if ((code & 0xFF) == SQLITE_INTERRUPT)
      return {"timeout, query aborted: it ran for more than " + std::to_string(timeout_.count()) + " ms", 0};
    if ((code & 0xFF) == SQLITE_AUTH)
      return {
          "queries may read tables and nothing else (" + std::string(sqlite3_errmsg(database_.get())) + ")",
          0};
    const int offset = sqlite3_error_offset(database_.get());
    return {sqlite3_errmsg(database_.get()), offset < 0 ? 0 : static_cast<std::size_t>(offset)};
  }

  std::filesystem::path directory_;
  const ClusterState& state_;
  std::string_view asked_;
  std::string_view sql_;  ///< What runs.
  std::string rewritten_;
  std::chrono::milliseconds timeout_;
  base::Time deadline_;
  SqliteHandle database_;
  std::set<std::string> attached_;
  bool attaching_ = false;
};

}  // namespace

SqlAnswer run_select(const std::filesystem::path& directory, const ClusterState& state, std::string_view sql,
                     std::chrono::milliseconds timeout, std::size_t max_bytes) {
  const StatementKind kind = classify(sql);
  if (kind == StatementKind::show) return show(state, sql);
  if (kind != StatementKind::select) return error_answer(sql, unsupported_statement(sql));
  try {
    return {200, Query(directory, state, sql, timeout).run(max_bytes)};
  } catch (const SelectFailure& failure) {
    return error_answer(sql, failure.error);
  } catch (const SqliteError& error) {
    return error_answer(sql, {error.what(), 0});
  }
}

}  // namespace questnode::engine
