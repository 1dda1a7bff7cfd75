#include "net/authorization.hpp"

#include "base/es256.hpp"

namespace questclient::net {

std::string authorization_header(std::string_view username, std::string_view password,
                                 std::string_view token) {
  if (!token.empty()) return "Bearer " + std::string(token);
  if (username.empty()) return {};
  return "Basic " + base::base64_encode(std::string(username) + ":" + std::string(password));
}

}  // namespace questclient::net
