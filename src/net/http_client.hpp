// One HTTP/1.1 connection to one host: keep-alive, one request at a time (QuestDB refuses pipelining).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/event_loop.hpp"

namespace questclient::net {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< At most max_response_bytes; a longer answer is an error.

  /// The value of a header, names compared without case; empty when absent.
  std::string_view header(std::string_view name) const;
};

/// Why a connection attempt or a request came to nothing.
struct NetError {
  enum class Kind { resolve, connect, tls, timeout, reset, malformed, too_large, closed };
  Kind kind = Kind::connect;
  bool request_may_have_arrived = false;  ///< In doubt: bytes had been sent.
  std::string message;                    ///< "connect to a:9000: connection refused".
};

/// On the loop's thread only. After an error the connection is closed; make a new one.
class HttpConnection {
 public:
  explicit HttpConnection(EventLoop& loop, std::size_t max_response_bytes = 1 << 20);
  ~HttpConnection();  ///< Closes; no callback comes afterwards.

  void connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
               std::function<void(const NetError*)> done);
  /// REQUIRES: connected, no request under way.
  void request(HttpRequest request, std::chrono::milliseconds timeout,
               std::function<void(const NetError*, HttpResponse)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A whole exchange that blocks the caller: connect, request, answer. For tools and queries.
/// Throws Error{connect} or Error{timeout}.
HttpResponse blocking_request(const std::string& host, std::uint16_t port, const HttpRequest& request,
                              std::chrono::milliseconds timeout,
                              std::size_t max_response_bytes = std::size_t{256} << 20);

}  // namespace questclient::net
