#pragma once

namespace questclient::buffer {

/// Name of a SQLite file layer that joins the writes of one transaction to a write-ahead log into one
/// write(2), and is the platform's own in every other respect. It stands on the layer that is SQLite's
/// default at the first call. Thread-safe.
const char* wal_vfs();

}  // namespace questclient::buffer
