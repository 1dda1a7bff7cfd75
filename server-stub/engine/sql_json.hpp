// Values in the JSON of /exec, as QuestDB writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace questnode::engine {

/// With quotes; what is not UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// The shortest form that reads back equal, with a point or an exponent; null when it is not finite.
void append_json_double(std::string& out, double value);
void append_json_float(std::string& out, float value);
void append_json_integer(std::string& out, std::int64_t value);
/// "2022-01-01T00:00:00.000000Z": `digits` behind the point are 3, 6 or 9, and the unit of `value`.
void append_json_timestamp(std::string& out, std::int64_t value, int digits);

}  // namespace questnode::engine
