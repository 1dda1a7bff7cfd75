#include "front/http_server.hpp"

#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "front/listener.hpp"
#include "front/message.hpp"

namespace questnode::front {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

/// What the connections share. Kept alive by every session and every reply that is outstanding.
struct Core {
  Core(const HttpServerOptions& server_options, Handler& request_handler)
      : options(server_options), handler(request_handler) {}

  const HttpServerOptions options;
  Handler& handler;
};

constexpr std::size_t kBytesPerSecond = 64 << 10;
constexpr std::size_t kBodyReadBytes = 64 << 10;
/// Answers up to this length always go out: without them nobody would learn why.
constexpr std::size_t kSmallAnswer = 64 << 10;

/// Everything but the reply and its construction happens on the connection's strand.
class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(std::shared_ptr<Core> core, std::unique_ptr<Stream> stream)
      : core_(std::move(core)),
        stream_(std::move(stream)),
        buffer_(core_->options.max_header_bytes + kBodyReadBytes),
        held_(core_->options.memory) {}

  void start(bool refuse) override;

 private:
  using Parser = http::request_parser<http::string_body>;
  enum class Phase : std::uint8_t { idle, header, body };

  void wait_for_request();
  void read();
  void begin_header();
  void advance();
  bool on_header();
  void hand_on();
  void on_reply(Response response);
  void write(Response response);
  void on_written(bool ok);
  void refuse(int status, const std::string& why) { write(core_->handler.refusal(status, why)); }
  void refuse(error_code error);
  std::chrono::nanoseconds transfer_time(std::size_t bytes) const;

  std::shared_ptr<Core> core_;
  std::unique_ptr<Stream> stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Phase phase_ = Phase::idle;
  std::chrono::steady_clock::time_point body_began_;
  base::ByteCharge held_;  ///< For the body that comes in, or the answer on its way.
  bool keep_alive_ = true;
  bool head_request_ = false;
  bool close_after_write_ = false;
  Response response_;
  AnswerFrame frame_;
};

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

void HttpSession::start(bool too_many) {
  if (!too_many) return wait_for_request();
  keep_alive_ = false;
  refuse(429, "too many connections: close some, or raise http.net.connection.limit");
}

std::chrono::nanoseconds HttpSession::transfer_time(std::size_t bytes) const {
  return core_->options.transfer_timeout + std::chrono::nanoseconds(std::chrono::seconds(1)) *
                                               static_cast<std::int64_t>(bytes / kBytesPerSecond);
}

void HttpSession::wait_for_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(core_->options.max_header_bytes));
  parser_->body_limit(core_->options.max_body_bytes);
  phase_ = Phase::idle;
  if (buffer_.size() > 0) {
    begin_header();
    return advance();
  }
  stream_->expires_after(core_->options.idle_timeout);
  read();
}

void HttpSession::begin_header() {
  phase_ = Phase::header;
  stream_->expires_after(core_->options.header_timeout);
}

void HttpSession::read() {
  const std::size_t room = std::min(kBodyReadBytes, buffer_.max_size() - buffer_.size());
  if (room == 0) return refuse(431, "the header is too large");
  const auto space = buffer_.prepare(room);
  stream_->read_some({static_cast<char*>(space.data()), space.size()},
                     [self = shared_from_this()](bool ok, std::size_t bytes) {
                       // Cut off, timed out or gone: nothing was handled, nobody listens.
                       if (!ok) return self->stream_->close();
                       self->buffer_.commit(bytes);
                       if (self->phase_ == Phase::idle) self->begin_header();
                       self->advance();
                     });
}

void HttpSession::advance() {
  while (buffer_.size() > 0 && !parser_->is_done()) {
    error_code error;
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == http::error::need_more) break;
    if (error) return refuse(error);
    if (phase_ == Phase::header && parser_->is_header_done() && !on_header()) return;
    if (!held_.set(parser_->get().body().size()))
      return refuse(503, "too many bytes of requests are being handled: try again later");
  }
  if (parser_->is_done()) return hand_on();
  if (phase_ == Phase::body) stream_->expires_at(body_began_ + transfer_time(parser_->get().body().size()));
  read();
}

/// False: the request was refused.
bool HttpSession::on_header() {
  phase_ = Phase::body;
  keep_alive_ = parser_->keep_alive();
  const http::verb method = parser_->get().method();
  head_request_ = method == http::verb::head;
  const bool has_body = method == http::verb::post || method == http::verb::put;
  if (has_body && !parser_->chunked() && !parser_->content_length()) {
    refuse(400, "Content-length not specified for POST/PUT request");
    return false;
  }
  body_began_ = std::chrono::steady_clock::now();
  return true;
}

void HttpSession::hand_on() {
  stream_->expires_never();
  if (buffer_.size() > 0) return stream_->close();  // A pipelined request: QuestDB disconnects, so do we.
  auto message = parser_->release();
  auto target = parse_target({message.target().data(), message.target().size()});
  if (!target) return refuse(400, "the request's target is malformed");
  auto reply = [weak = weak_from_this()](Response response) {
    const auto self = weak.lock();
    if (!self) return;
    // A function must be copyable, so the answer is shared rather than moved into it.
    auto held = std::make_shared<Response>(std::move(response));
    self->stream_->post([self, held] { self->on_reply(std::move(*held)); });
  };
  Request request = make_request(std::move(message), std::move(*target));
  request.held = std::move(held_);
  try {
    core_->handler.handle(std::move(request), std::move(reply));
  } catch (const std::exception& error) {
    refuse(500, std::string("internal error: ") + error.what());
  }
}

void HttpSession::on_reply(Response response) {
  const auto waiting = stream_->waiting();
  if (!waiting || *waiting > 0) return stream_->close();  // Gone, or pipelined while the first was handled.
  write(std::move(response));
}

void HttpSession::write(Response response) {
  parser_.reset();  // With what came of a body that was refused.
  held_.set(0);
  const std::size_t bytes = response.body.size();
  if (bytes > kSmallAnswer && !held_.set(bytes)) {
    response = core_->handler.refusal(503, "too many bytes of answers are on their way: try again later");
  }
  close_after_write_ = response.close || !keep_alive_;
  response_ = std::move(response);
  frame_ = frame_answer(response_, !head_request_, !close_after_write_);
  std::array<std::string_view, 3> parts{frame_.head, {}, frame_.tail};
  if (frame_.with_body) parts[1] = response_.body;
  stream_->expires_after(transfer_time(parts[0].size() + parts[1].size() + parts[2].size()));
  stream_->write(parts, [self = shared_from_this()](bool ok, std::size_t) { self->on_written(ok); });
}

void HttpSession::on_written(bool ok) {
  if (!ok) return stream_->close();
  response_ = {};
  held_.set(0);
  if (close_after_write_) return stream_->close_gracefully(kLingerTime);
  wait_for_request();
}

void HttpSession::refuse(error_code error) {
  if (error == http::error::body_limit) {
    refuse(413, "request too large: at most " + std::to_string(core_->options.max_body_bytes) +
                    " bytes (line.http.max.recv.buffer.size)");
  } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    refuse(431, "the header is too large");
  } else {
    refuse(400, "malformed HTTP: " + error.message());
  }
}

}  // namespace

Response Handler::refusal(int status, const std::string& why) {
  return plain_answer(status, why);
}

struct HttpServer::Impl {
  Impl(const HttpServerOptions& options, Handler& handler)
      : core(std::make_shared<Core>(options, handler)),
        connections(options, [held = core](std::unique_ptr<Stream> stream) {
          return std::make_shared<HttpSession>(held, std::move(stream));
        }) {}

  std::shared_ptr<Core> core;
  Listener connections;
};

HttpServer::HttpServer(const HttpServerOptions& options, Handler& handler)
    : impl_(std::make_unique<Impl>(options, handler)) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
  return impl_->connections.port();
}

}  // namespace questnode::front
