// The server's HTTP front: sockets, limits, malformed requests. Knows nothing of ILP or SQL, shows no Boost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_budget.hpp"
#include "front/listener_options.hpp"
#include "namespace.hpp"

namespace questnode::front {

struct Request {
  std::string method;
  std::string path;                          ///< Percent-decoded, without the query.
  std::map<std::string, std::string> query;  ///< Percent-decoded.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  base::ByteCharge held;  ///< For the body; whoever keeps more of it charges more.

  std::string_view header(std::string_view name) const;  ///< Without case; empty: absent.
};

struct Response {
  int status = 204;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool chunked = false;  ///< As QuestDB sends its errors.
  bool close = false;
};

/// Answers requests. Called on the front's threads; may reply later and from any thread, exactly once.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(Request request, std::function<void(Response)> reply) = 0;
  /// What the front answers by itself, before it knows the whole request; the connection closes afterwards.
  virtual Response refusal(int status, const std::string& why);
};

/// More than max_connections are answered 429 and closed.
struct HttpServerOptions : ListenerOptions {
  HttpServerOptions() {
    key = "http.bind.to";
    threads = 2;
  }

  std::size_t max_header_bytes = 64 << 10;
  std::size_t max_body_bytes = 128 << 20;  ///< More is answered 413.
  /// Bodies that are being received or handled and long answers on their way, all connections together;
  /// beyond: 503 and close.
  std::shared_ptr<base::ByteBudget> memory = std::make_shared<base::ByteBudget>(std::size_t{512} << 20);
  std::chrono::milliseconds idle_timeout{300'000};   ///< Between two requests of a connection.
  std::chrono::milliseconds header_timeout{10'000};  ///< From a header's first byte to its last.
  /// A body, or an answer on its way out, may take this long and a second more for each 64 KiB.
  std::chrono::milliseconds transfer_timeout{30'000};
};

class HttpServer {
 public:
  /// Binds and starts to serve. Throws std::runtime_error that names the address, or the certificate's file.
  HttpServer(const HttpServerOptions& options, Handler& handler);
  /// Closes every connection and waits for the threads; no reply is sent afterwards.
  ~HttpServer();
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace questnode::front
