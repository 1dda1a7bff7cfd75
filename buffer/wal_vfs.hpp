#pragma once

#include <cstdint>

struct sqlite3;

namespace questclient::buffer {

/// Name of a SQLite file layer that joins the writes of one transaction to a write-ahead log into one
/// write(2), and is the platform's own in every other respect. It stands on the layer that is SQLite's
/// default at the first call. Thread-safe.
const char* wal_vfs();

/// The size of the write-ahead log of a connection that was opened with this layer; asks no disk. 0: it has
/// not been opened yet.
std::uint64_t log_bytes(sqlite3* connection);

}  // namespace questclient::buffer
