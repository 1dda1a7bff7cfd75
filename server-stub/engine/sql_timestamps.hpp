// Text literals that stand beside a timestamp column, as numbers in the column's unit: SQLite, which holds
// timestamps as integers, would find every text larger than any of them. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "engine/block.hpp"
#include "engine/sql.hpp"

namespace questnode::engine {

/// The type of a column that holds points in time; nullopt: there is none of that name, or it holds others.
using TimestampColumn = std::function<std::optional<ColumnType>(std::string_view column)>;

/// Replaces the literals of `column op 'text'` and `'text' op column` (= != <> < <= > >=), `column [NOT]
/// BETWEEN 'text' AND 'text'` and `column [NOT] IN ('text', ...)`. A text that is no point in time is an
/// error.
std::variant<std::string, SqlError> replace_timestamps(std::string_view sql, const TimestampColumn& type_of);

}  // namespace questnode::engine
