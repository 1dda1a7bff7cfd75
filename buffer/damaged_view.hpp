// Copies of a damaged database in which damage hides less than SQLite lets it hide.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace questclient::buffer {

/// Ways to look at a damaged database. Each shows rows that another one may not: where a page was damaged, an
/// older version of it may be good, and the other way round.
enum class Way {
  restamped,  ///< Every page of the log counts. The .db matters where it holds pages that the log has not.
  restamped_log,      ///< The same on fresh tables: the .db may be anything.
  as_sqlite_sees_it,  ///< Nothing behind the first bad checksum counts.
  without_log,        ///< As it was when the log was last folded in.
};

/// Makes the copy `view` of `database` and its log, of which nothing is changed; either may be missing.
/// `first_page`: what page 1 is to be where the log counts as a whole; empty: what the view has there without
/// the log. REQUIRES: `view` is a database with the right tables and no log. Throws SqliteError,
/// std::system_error.
void make_view(const std::filesystem::path& database, const std::filesystem::path& view, Way way,
               std::size_t page_bytes, std::string first_page = {});

}  // namespace questclient::buffer
