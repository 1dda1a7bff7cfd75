// JSON as the tool writes it. Bytes that are not UTF-8, which names and messages may hold, become U+FFFD.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace questclient::tool {

using Json = nlohmann::ordered_json;

/// To the standard output, indented.
void print_json(const Json& json);
/// On one line, for pipes.
std::string on_one_line(const Json& json);

}  // namespace questclient::tool
