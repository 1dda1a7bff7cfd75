#pragma once

#include <cstdint>

struct sqlite3;

namespace questclient::buffer {

/// Name of a SQLite file layer that joins the writes of one transaction to a write-ahead log into one
/// write(2), and is the platform's own in every other respect. It stands on the layer that is SQLite's
/// default at the first call. Thread-safe.
const char* wal_vfs();

/// How far a connection that was opened with this layer has written its log; asks no disk.
std::uint64_t log_bytes(sqlite3* connection);

}  // namespace questclient::buffer
