// The Authorization header of a connect string's credentials.
#pragma once

#include <string>
#include <string_view>

namespace questclient::net {

/// "Bearer <token>", else "Basic ..." of user and password; empty when there are no credentials.
std::string authorization_header(std::string_view username, std::string_view password,
                                 std::string_view token);

}  // namespace questclient::net
