// Rows for a server that reads only version 1 of the line protocol.
#pragma once

#include <string>
#include <string_view>

namespace questclient::ilp {

/// Rows of any version, in the forms of version 1: doubles as text, a row's own timestamp in nanoseconds
/// without a unit, nanosecond columns rounded down to microseconds. The same bytes as a LineBuffer of version
/// 1 writes for the same calls. Line ends stay where they are. What version 1 has no form for (arrays,
/// decimals) stays as it is, so that the server refuses that row and names it; so does what is not ILP.
std::string in_version_one(std::string_view rows);

}  // namespace questclient::ilp
