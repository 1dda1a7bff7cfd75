// ILP over TCP behind the interface of an HTTP connection: connection.hpp says what its answers mean.
#pragma once

#include <memory>
#include <string>

#include "net/connection.hpp"

namespace questclient::net {

class Stream;

class LineConnection final : public Connection {
 public:
  LineConnection(EventLoop& loop, std::shared_ptr<Stream> stream, const Endpoint& endpoint);
  ~LineConnection() override;

  /// With a key: the challenge and its answer too, which endpoint.auth_timeout bounds. A server says nothing
  /// when it takes a signature and closes when it does not; so this waits a moment for that (HostTrust says
  /// how long). A refusal that comes later is not told from any other end.
  void connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
               Connected done) override;
  void request(HttpRequest request, std::chrono::milliseconds timeout, Answered done) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace questclient::net
