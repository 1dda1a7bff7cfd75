#pragma once

#include <filesystem>

#include "buffer/sqlite.hpp"

namespace questclient::buffer {

/// A connection that only reads, also where SQLite alone cannot. Where the disk has no room for the index
/// that connections share, this one keeps others out (Database::Mode::read_alone). Where nothing may be
/// written and there is no index, it looks at a copy below TMPDIR, made while others may append to the log or
/// fold it in, and gone with the connection. Throws SqliteError, std::system_error, Error{slot_io}.
Database open_readable(const std::filesystem::path& path);

}  // namespace questclient::buffer
