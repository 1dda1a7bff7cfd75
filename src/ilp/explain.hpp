// Why a value is refused, and what to do: without what becomes of the row, which the caller adds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <questclient/line_buffer.hpp>

namespace questclient::ilp {

std::string explain_not_utf8(std::string_view name, std::string_view value);
std::string explain_smallest(std::string_view name);
/// A value that needs version 2 (an array) or 3 (a decimal).
std::string explain_version(std::string_view name, ProtocolVersion needed);
/// A designated timestamp that is_good_designated() refuses.
std::string explain_designated(std::int64_t value, char unit);

/// For a value that is wrong by itself, before it is given to any row.
[[noreturn]] void refuse_value(const std::string& message);

}  // namespace questclient::ilp
