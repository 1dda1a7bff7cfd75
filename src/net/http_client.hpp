// One HTTP/1.1 connection to one host: keep-alive, one request at a time (QuestDB refuses pipelining).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "net/connection.hpp"

namespace questclient::net {

class Stream;

class HttpConnection final : public Connection {
 public:
  /// In clear.
  explicit HttpConnection(EventLoop& loop, std::size_t max_response_bytes = 1 << 20);
  /// Over TLS.
  HttpConnection(EventLoop& loop, std::shared_ptr<Stream> tls, std::size_t max_response_bytes);
  ~HttpConnection() override;

  void connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
               Connected done) override;
  void request(HttpRequest request, std::chrono::milliseconds timeout, Answered done) override;
  std::size_t compressed_bytes() const override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// blocking_request over http in clear.
HttpResponse blocking_request(const std::string& host, std::uint16_t port, const HttpRequest& request,
                              std::chrono::milliseconds timeout,
                              std::size_t max_response_bytes = std::size_t{256} << 20);

}  // namespace questclient::net
