#include "front/session.hpp"

#include <array>
#include <exception>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace questnode::front {
namespace {

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

}  // namespace

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
  const bool has_body = method == http::verb::post || method == http::verb::put;
  if (has_body && !parser_->chunked() && !parser_->content_length()) {
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

}  // namespace questnode::front
