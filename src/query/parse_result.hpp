// QuestDB's JSON answers of /exec. Pure.
#pragma once

#include <string>
#include <string_view>

#include <questclient/query.hpp>

namespace questclient::query {

/// The rows of a successful answer; a statement without rows ({"ddl":"OK"}) has no columns either. `host` is
/// left empty. Throws Error{server} when the text is not such an answer.
QueryResult parse_result(std::string_view json);

/// What an answer of status 400 says about `sql`: "unexpected token [x] at position 7, near 'x'".
std::string describe_refusal(std::string_view json, std::string_view sql);

/// Running it twice does no harm.
bool only_reads(std::string_view sql);

/// As the value of a query parameter.
std::string percent_encode(std::string_view text);

}  // namespace questclient::query
