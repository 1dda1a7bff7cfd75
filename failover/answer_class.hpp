// What an HTTP status means to a client that writes.
#pragma once

#include <cstdint>
#include <string_view>

#include "failover/host_tracker.hpp"

namespace questclient::failover {

enum class AnswerClass : std::uint8_t {
  ok,               ///< 200 or 204.
  bad_rows,         ///< 400: nothing was committed; the body may name the row.
  too_large,        ///< 413.
  unauthorised,     ///< 401, 403: terminal for the whole cluster.
  gap,              ///< 409: the rows do not follow the stream's token.
  not_writable,     ///< 421.
  busy,             ///< 429 and 5xx: this host, later.
  no_such_route,    ///< 404.
  incomprehensible  ///< Anything else: whoever answers is not an ILP server in good order.
};

AnswerClass classify_status(int status);

/// The state of a host that answered 421, or that accepts no writes by its own account.
HostState rejected_state(std::string_view role);

}  // namespace questclient::failover
