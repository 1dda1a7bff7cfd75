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
#include "net/http_message.hpp"

namespace questclient::net {

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
