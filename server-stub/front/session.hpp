// One connection of the front: reads a request, hands it on, writes the answer, again.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "front/http_server.hpp"
#include "front/message.hpp"

namespace questnode::front {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

class Session;

/// What the connections share. Kept alive by every session and every reply that is outstanding.
struct Core {
  Core(const HttpServerOptions& server_options, Handler& request_handler)
      : options(server_options), handler(request_handler), io(server_options.threads) {}

  const HttpServerOptions options;
  Handler& handler;
  asio::io_context io;
  std::atomic<std::size_t> buffered_bytes = 0;

  /// Guards what follows. A reply holds it shared, so that none is posted once `stopped` is set.
  std::shared_mutex mutex;
  bool stopped = false;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions;
};

/// Everything but reply() and its construction happens on the socket's strand.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Core> core, asio::ip::tcp::socket socket);
  ~Session();

  /// Serves the connection, or only says that there are too many.
  void start(bool refuse);
  /// Thread-safe: closes the connection at the next opportunity.
  void shut();

 private:
  using Parser = http::request_parser<http::string_body>;

  void wait_for_request();
  void read_header();
  void on_header(error_code error);
  void read_body();
  void on_body(error_code error);
  bool account_body();
  void release_body();
  void hand_on();
  void on_reply(Response response);
  void write(Response response);
  void on_written(error_code error);
  void linger();
  void refuse(error_code error);
  void finish();
  std::chrono::nanoseconds transfer_time(std::size_t bytes) const;

  std::shared_ptr<Core> core_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::chrono::steady_clock::time_point body_began_;
  std::size_t accounted_ = 0;  ///< Of core_->buffered_bytes.
  bool keep_alive_ = true;
  bool head_request_ = false;
  bool close_after_write_ = false;
  Response response_;
  AnswerFrame frame_;
  char discard_[4096];
};

}  // namespace questnode::front
