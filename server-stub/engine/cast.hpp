// From the types that ILP can write to the types that columns have. The table: docs/ilp.md, "Casts".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/block.hpp"
#include "engine/entry.hpp"

namespace questnode::engine {

/// Why a value cannot stand in a column.
struct CastFailure {
  std::size_t value = 0;  ///< Which of the column's values.
  std::string what;       ///< As QuestDB says it: without table and column.
};

/// Gives every value of `column` the target's type, and the column its name. On failure the column is spoilt.
/// Throws EntryTooLong.
std::optional<CastFailure> cast_column(BlockColumn& column, const ColumnDefinition& target);

/// One column out of several of the same type that have values in different rows.
BlockColumn merge_columns(std::vector<BlockColumn> columns, std::uint32_t block_rows);

}  // namespace questnode::engine
