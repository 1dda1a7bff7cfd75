// Named points of the code at which a test can kill the process, as SIGKILL would at a bad moment.
#pragma once

namespace questclient::base {

/// Kills this process with SIGKILL when the environment variable QUESTCLIENT_KILL_POINT names this point
/// ("name", or "name:3" for the third passage). Otherwise costs one predictable branch.
///
///     kill_point("wal.after_write_before_sync");
///
/// Every name is listed in docs/kill-points.md; tests/process kills at each.
void kill_point(const char* name);

}  // namespace questclient::base
