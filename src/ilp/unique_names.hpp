// Names of one row must differ.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace questclient::ilp {

/// Throws Error{invalid_name} if one of the names stands twice, A to Z compared without case: the server
/// would keep the first and drop the other without a word.
void check_unique(std::vector<std::string_view> names);

/// With A to Z in lowercase.
std::string folded(std::string_view name);

}  // namespace questclient::ilp
