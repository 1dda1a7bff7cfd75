#pragma once

#include <string_view>

#include "engine/sql.hpp"

namespace questnode::engine {

/// SHOW TABLES and SHOW COLUMNS FROM t, from the catalog.
SqlAnswer show(const ClusterState& state, std::string_view sql);

}  // namespace questnode::engine
