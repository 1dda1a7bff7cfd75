// Requests, answers, and why there is none.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/shared_bytes.hpp"

namespace questclient::net {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  base::SharedBytes body;
  bool gzip = false;  ///< The connection compresses the body and says so.
};

struct HttpResponse {
  int status = 0;
  /// "Connection: close" is always there when the connection carries no other request.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< At most max_response_bytes; a longer answer is an error.

  /// The value of a header, names compared without case; empty when absent.
  std::string_view header(std::string_view name) const;
};

/// Why a connection attempt or a request came to nothing.
struct NetError {
  enum class Kind { resolve, connect, tls, timeout, reset, malformed, too_large, closed, unauthorised };
  Kind kind = Kind::connect;
  bool request_may_have_arrived = false;  ///< In doubt: bytes had been sent.
  std::string message;                    ///< "connect to a:9000: connection refused".
};

}  // namespace questclient::net
