// SQL as users type it: which statement it is, CREATE TABLE, RENAME TABLE, and the answers of /exec that both
// share. Queries: run_select in table_store.hpp. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "engine/sequencer.hpp"
#include "engine/table_store.hpp"

namespace questnode::engine {

/// What is wrong with a statement, and at which byte of it (from 0).
struct SqlError {
  std::string message;
  std::size_t position = 0;
};

enum class StatementKind : std::uint8_t {
  select,        ///< SELECT, WITH, VALUES: run_select.
  show,          ///< SHOW TABLES, SHOW COLUMNS FROM t: run_select too.
  create_table,  ///< parse_create_table.
  rename_table,  ///< parse_rename_table.
  other,         ///< unsupported_statement says what there is instead.
};
/// By its first words; tells nothing about the rest.
StatementKind classify(std::string_view sql);
SqlError unsupported_statement(std::string_view sql);

/// CREATE TABLE [IF NOT EXISTS] t (c TYPE, ...) TIMESTAMP(ts) PARTITION BY DAY [WAL] [DEDUP UPSERT KEYS(ts,
/// c)]. CAPACITY, CACHE, INDEX, TTL and WITH are taken and have no effect. Refused: BYPASS WAL, no designated
/// timestamp, no partitions, bad names, unknown types.
std::variant<TableRequest, SqlError> parse_create_table(std::string_view sql);

/// RENAME TABLE a TO b. Whether there is such a table is the sequencer's to say.
std::variant<RenameRequest, SqlError> parse_rename_table(std::string_view sql);

/// {"query":...,"error":...,"position":...} with status 400.
SqlAnswer error_answer(std::string_view sql, const SqlError& error);

}  // namespace questnode::engine
