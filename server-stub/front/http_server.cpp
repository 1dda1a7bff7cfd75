#include "front/http_server.hpp"

#include <array>
#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "front/message.hpp"

namespace questnode::front {
namespace {

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

/// Connections over the limit that are being told so; beyond these they are just closed.
constexpr std::size_t kMaxRefusals = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};  // After EMFILE and the like.

constexpr std::size_t kBytesPerSecond = 64 << 10;
/// A client that was refused gets this long to read why before the connection goes.
constexpr std::chrono::seconds kLingerTime{2};

Request make_request(http::request<http::string_body>&& message, Target&& target) {
  Request request;
  request.method = std::string(message.method_string());
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  for (const auto& field : message.base()) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

Session::Session(std::shared_ptr<Core> core, asio::ip::tcp::socket socket)
    : core_(std::move(core)),
      stream_(std::move(socket)),
      buffer_(core_->options.max_header_bytes + (64 << 10)) {}

Session::~Session() {
  release_body();
}

void Session::start(bool refuse) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), refuse] {
    error_code ignored;
    self->stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    if (refuse) {
      self->write(plain_answer(429, "too many connections: close some, or raise http.net.connection.limit"));
    } else {
      self->wait_for_request();
    }
  });
}

void Session::shut() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->finish(); });
}

std::chrono::nanoseconds Session::transfer_time(std::size_t bytes) const {
  return core_->options.transfer_timeout + std::chrono::nanoseconds(std::chrono::seconds(1)) *
                                               static_cast<std::int64_t>(bytes / kBytesPerSecond);
}

void Session::wait_for_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(core_->options.max_header_bytes));
  parser_->body_limit(core_->options.max_body_bytes);
  if (buffer_.size() > 0) return read_header();
  stream_.expires_after(core_->options.idle_timeout);
  stream_.async_read_some(buffer_.prepare(16 << 10),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            if (error) return self->finish();
                            self->buffer_.commit(bytes);
                            self->read_header();
                          });
}

void Session::read_header() {
  stream_.expires_after(core_->options.header_timeout);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_header(error); });
}

void Session::on_header(error_code error) {
  if (error) return refuse(error);
  keep_alive_ = parser_->keep_alive();
  const http::verb method = parser_->get().method();
  head_request_ = method == http::verb::head;
  if (method == http::verb::post && !parser_->chunked() && !parser_->content_length()) {
    return write(plain_answer(400, "a body needs Content-Length or Transfer-Encoding: chunked"));
  }
  body_began_ = std::chrono::steady_clock::now();
  if (parser_->is_done()) return hand_on();
  read_body();
}

void Session::read_body() {
  stream_.expires_at(body_began_ + transfer_time(accounted_));
  http::async_read_some(stream_, buffer_, *parser_,
                        [self = shared_from_this()](error_code error, std::size_t) { self->on_body(error); });
}

void Session::on_body(error_code error) {
  if (error) return refuse(error);
  if (!account_body()) {
    return write(plain_answer(503, "too many bytes of requests are being handled: try again later"));
  }
  if (parser_->is_done()) return hand_on();
  read_body();
}

bool Session::account_body() {
  const std::size_t size = parser_->get().body().size();
  const std::size_t grown = size - accounted_;
  accounted_ = size;
  return core_->buffered_bytes.fetch_add(grown) + grown <= core_->options.max_buffered_bytes;
}

void Session::release_body() {
  core_->buffered_bytes -= std::exchange(accounted_, 0);
}

void Session::hand_on() {
  stream_.expires_never();
  if (buffer_.size() > 0) return finish();  // A pipelined request: QuestDB disconnects, so do we.
  auto message = parser_->release();
  auto target = parse_target({message.target().data(), message.target().size()});
  if (!target) return write(plain_answer(400, "the request's target is malformed"));
  auto reply = [weak = weak_from_this(), core = core_](Response response) {
    std::shared_lock lock(core->mutex);
    if (core->stopped) return;
    const auto self = weak.lock();
    if (!self) return;
    asio::post(self->stream_.get_executor(),
               [self, held = std::move(response)]() mutable { self->on_reply(std::move(held)); });
  };
  try {
    core_->handler.handle(make_request(std::move(message), std::move(*target)), std::move(reply));
  } catch (const std::exception& error) {
    write(plain_answer(500, std::string("internal error: ") + error.what()));
  }
}

void Session::on_reply(Response response) {
  error_code error;
  const std::size_t waiting = stream_.socket().available(error);
  if (error || waiting > 0) return finish();  // Gone, or pipelined while the first was being handled.
  write(std::move(response));
}

void Session::write(Response response) {
  release_body();
  close_after_write_ = response.close || !keep_alive_;
  response_ = std::move(response);
  frame_ = frame_answer(response_, !head_request_, !close_after_write_);
  std::array<asio::const_buffer, 3> parts{asio::buffer(frame_.head), asio::const_buffer(),
                                          asio::buffer(frame_.tail)};
  if (frame_.with_body) parts[1] = asio::buffer(response_.body);
  stream_.expires_after(transfer_time(asio::buffer_size(parts)));
  asio::async_write(stream_, parts,
                    [self = shared_from_this()](error_code error, std::size_t) { self->on_written(error); });
}

void Session::on_written(error_code error) {
  if (error) return finish();
  response_ = {};
  if (!close_after_write_) return wait_for_request();
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerTime);
  linger();
}

// Closing with unread bytes would reset the connection and take our answer with it.
void Session::linger() {
  stream_.async_read_some(asio::buffer(discard_), [self = shared_from_this()](error_code error, std::size_t) {
    if (error) return self->finish();
    self->linger();
  });
}

void Session::refuse(error_code error) {
  if (error == http::error::body_limit) {
    write(plain_answer(413, "request too large: at most " + std::to_string(core_->options.max_body_bytes) +
                                " bytes (line.http.max.recv.buffer.size)"));
  } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    write(plain_answer(431, "the header is too large"));
  } else if (error == http::error::end_of_stream || error == http::error::partial_message ||
             error.category() != make_error_code(http::error::end_of_stream).category()) {
    finish();  // Cut off, timed out or gone: nothing was handled, nobody listens.
  } else {
    write(plain_answer(400, "malformed HTTP: " + error.message()));
  }
}

void Session::finish() {
  stream_.close();
  std::unique_lock lock(core_->mutex);
  core_->sessions.erase(this);
}

}  // namespace

struct HttpServer::Impl {
  Impl(const HttpServerOptions& options, Handler& handler)
      : core(std::make_shared<Core>(options, handler)),
        acceptor(asio::make_strand(core->io)),
        pause(acceptor.get_executor()) {}

  void listen();
  void accept();
  void on_accept(error_code error, asio::ip::tcp::socket socket);

  std::shared_ptr<Core> core;
  asio::ip::tcp::acceptor acceptor;  // On a strand of its own.
  asio::steady_timer pause;
  std::uint16_t port = 0;
  std::vector<std::thread> threads;
};

void HttpServer::Impl::listen() {
  const auto& options = core->options;
  const std::string name = options.address + ":" + std::to_string(options.port);
  try {
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    port = acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot listen on " + name + ": " + error.code().message() +
                             "; choose another http.bind.to");
  }
}

void HttpServer::Impl::accept() {
  acceptor.async_accept(asio::make_strand(core->io), [this](error_code error, asio::ip::tcp::socket socket) {
    on_accept(error, std::move(socket));
  });
}

void HttpServer::Impl::on_accept(error_code error, asio::ip::tcp::socket socket) {
  if (!acceptor.is_open()) return;
  if (error) {
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](error_code cancelled) {
      if (!cancelled) accept();
    });
    return;
  }
  {
    const auto session = std::make_shared<Session>(core, std::move(socket));
    std::unique_lock lock(core->mutex);
    if (core->stopped) return;
    const std::size_t count = core->sessions.size();
    if (count < core->options.max_connections + kMaxRefusals) {
      core->sessions.emplace(session.get(), session);
      session->start(count >= core->options.max_connections);
    }
  }
  accept();
}

HttpServer::HttpServer(const HttpServerOptions& options, Handler& handler)
    : impl_(std::make_unique<Impl>(options, handler)) {
  impl_->listen();
  impl_->accept();
  for (int i = 0; i < options.threads; ++i) {
    impl_->threads.emplace_back([&io = impl_->core->io] { io.run(); });
  }
}

HttpServer::~HttpServer() {
  {
    std::unique_lock lock(impl_->core->mutex);
    impl_->core->stopped = true;
    for (const auto& [session, held] : impl_->core->sessions) held->shut();
  }
  asio::post(impl_->acceptor.get_executor(), [impl = impl_.get()] {
    impl->acceptor.close();
    impl->pause.cancel();
  });
  // Nothing is outstanding once every session is closed, so the threads come to their end.
  for (std::thread& thread : impl_->threads) thread.join();
}

std::uint16_t HttpServer::port() const {
  return impl_->port;
}

}  // namespace questnode::front
