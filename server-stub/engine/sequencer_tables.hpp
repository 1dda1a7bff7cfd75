// One table of a request against the catalog: new columns, casts, the unit of its timestamps. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "engine/cluster_state.hpp"
#include "engine/sequencer.hpp"

namespace questnode::engine {

/// What the rows do to the table; `schema` is null where the table does not exist yet.
/// Throws EntryTooLong. REQUIRES: parsed.block.rows > 0.
std::variant<TableTransaction, LineFailure> resolve_table(ParsedTable parsed, const TableSchema* schema,
                                                          CreationPolicy policy = {});

}  // namespace questnode::engine
