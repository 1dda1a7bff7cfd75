// Names of tables and columns: what QuestDB allows, and how they compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "namespace.hpp"

namespace questnode::engine {

/// Longest name in UTF-16 units (cairo.max.file.name.length).
inline constexpr std::size_t kMaxNameUnits = 127;
/// Columns of one table, its timestamp included. SQLite, which holds the tables, takes 2000.
inline constexpr std::size_t kMaxTableColumns = 1800;

/// Lowercase in ASCII; other letters stay as they are, as in SQLite's identifiers.
std::string fold_case(std::string_view name);
/// Equal without case.
bool same_name(std::string_view left, std::string_view right);

bool valid_table_name(std::string_view name);
bool valid_column_name(std::string_view name);
/// Well-formed UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool valid_utf8(std::string_view text);

/// The message with which QuestDB refuses a request because of one line.
std::string line_error(std::uint32_t line, std::string_view what);

}  // namespace questnode::engine
