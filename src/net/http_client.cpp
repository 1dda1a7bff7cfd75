#include "net/http_client.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/gzip.hpp"
#include "net/authority.hpp"
#include "net/deadline.hpp"
#include "net/response_reader.hpp"
#include "net/stream.hpp"

namespace questclient::net {

namespace {

bool same_letters(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

std::string header_of(const HttpRequest& request, const std::string& host) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + host + "\r\n";
  for (const auto& [name, value] : request.headers)
    head.append(name).append(": ").append(value).append("\r\n");
  if (request.gzip) head += "Content-Encoding: gzip\r\n";
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return head + "\r\n";
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_letters(key, name)) return value;
  }
  return {};
}

struct HttpConnection::Impl : std::enable_shared_from_this<Impl> {
  enum class State { fresh, connecting, idle, busy, closed };

  Impl(EventLoop& event_loop, std::shared_ptr<Stream> below, std::size_t limit, bool is_clear)
      : loop(event_loop),
        deadline(event_loop),
        stream(std::move(below)),
        max_response_bytes(limit),
        in_clear(is_clear) {}

  void connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout);
  void start(HttpRequest next, std::chrono::milliseconds timeout);
  void refuse(const IoResult& found);
  void read();
  void broken(const IoResult& result);
  void on_read(const IoResult& result);
  void on_written(const IoResult& result);
  void answered();

  void timed_out(const std::string& reason);
  void connect_failed(NetError::Kind kind, const std::string& reason);
  void request_failed(NetError::Kind kind, const std::string& reason);
  void close();

  EventLoop& loop;
  Deadline deadline;
  std::shared_ptr<Stream> stream;
  const std::size_t max_response_bytes;
  const bool in_clear;
  State state = State::fresh;
  std::string where;  // "a:9000"
  Connection::Connected connected;

  // The exchange under way.
  Connection::Answered done;
  HttpRequest request;
  std::size_t compressed_bytes = 0;
  std::string header;
  std::optional<ResponseReader> reader;
  std::array<char, (std::size_t{64} << 10)> input;
  bool written = false;          // the whole request
  bool nothing_written = false;  // known: not one byte was taken
  bool heard_it = false;         // some bytes came, now or in an earlier exchange
};

void HttpConnection::Impl::timed_out(const std::string& reason) {
  if (state == State::connecting) connect_failed(NetError::Kind::timeout, reason);
  if (state == State::busy) request_failed(NetError::Kind::timeout, reason);
}

void HttpConnection::Impl::close() {
  state = State::closed;
  deadline.cancel();
  stream->close();
}

void HttpConnection::Impl::connect_failed(NetError::Kind kind, const std::string& reason) {
  close();
  const NetError error{kind, false, "connect to " + where + ": " + reason};
  if (const auto callback = std::exchange(connected, nullptr)) callback(&error);
}

void HttpConnection::Impl::request_failed(NetError::Kind kind, const std::string& reason) {
  close();
  const NetError error{kind, !nothing_written, "request to " + where + ": " + reason};
  if (const auto callback = std::exchange(done, nullptr)) callback(&error, {});
}

void HttpConnection::Impl::connect(const std::string& host, std::uint16_t port,
                                   std::chrono::milliseconds timeout) {
  where = authority(host, port);
  state = State::connecting;
  deadline.set(timeout, "no connection", *this);
  stream->connect(host, port, [self = shared_from_this()](const IoResult& result) {
    if (self->state != State::connecting) return;
    if (!result.ok()) {
      self->connect_failed(result.kind, result.error);
      return;
    }
    self->deadline.cancel();
    self->state = State::idle;
    if (const auto callback = std::exchange(self->connected, nullptr)) callback(nullptr);
  });
}

void HttpConnection::Impl::start(HttpRequest next, std::chrono::milliseconds timeout) {
  if (state != State::idle) {
    loop.post([self = shared_from_this()] { self->refuse({}); });
    return;
  }
  // A request on a connection that the server has closed meanwhile would be in doubt; looking first is cheap.
  if (!stream->is_idle()) {
    stream->read_some(input, [self = shared_from_this()](const IoResult& found) { self->refuse(found); });
    return;
  }
  state = State::busy;
  request = std::move(next);
  request.gzip = request.gzip && !request.body.empty();
  if (request.gzip) {
    request.body = base::gzip(request.body);
    compressed_bytes = request.body.size();
  }
  header = header_of(request, where);
  reader.emplace(max_response_bytes);
  written = nothing_written = false;
  deadline.set(timeout, "no complete answer", *this);
  stream->write(header, request.body,
                [self = shared_from_this()](const IoResult& result) { self->on_written(result); });
  // Reading at once: a server may refuse a long body before it has read it all.
  read();
}

/// The connection is not fit for a request; TLS tells why.
void HttpConnection::Impl::refuse(const IoResult& found) {
  nothing_written = true;
  if (!found.ok() && found.kind == NetError::Kind::tls) return request_failed(found.kind, found.error);
  request_failed(NetError::Kind::closed, "the server has closed the connection");
}

void HttpConnection::Impl::on_written(const IoResult& result) {
  if (state != State::busy) return;
  written = result.ok();
  // When the write fails the server may still have said why: what the read ends with decides.
  nothing_written = !result.ok() && result.bytes == 0;
}

void HttpConnection::Impl::read() {
  stream->read_some(input, [self = shared_from_this()](const IoResult& result) { self->on_read(result); });
}

void HttpConnection::Impl::on_read(const IoResult& result) {
  if (state != State::busy) return;
  if (result.ok()) heard_it = true;
  if (!result.ok() && (!result.end_of_stream || !heard_it)) {
    broken(result);
    return;
  }
  const auto progress = result.ok() ? reader->feed({input.data(), result.bytes}) : reader->end_of_stream();
  if (progress == ResponseReader::State::incomplete) {
    read();
  } else if (progress == ResponseReader::State::failed) {
    request_failed(reader->error_kind(), reader->error());
  } else {
    answered();
  }
}

/// That is also how a port looks that waits for TLS.
void HttpConnection::Impl::broken(const IoResult& result) {
  const bool may_be_tls = in_clear && !heard_it;
  request_failed(result.kind,
                 result.error + (may_be_tls ? " before it answered anything. If it speaks TLS, use "
                                              "https::."
                                            : ""));
}

void HttpConnection::Impl::answered() {
  const bool reusable = reader->keep_alive() && written;
  HttpResponse response = reader->take();
  reader.reset();
  // A refusal may come early. A success cannot: nobody has taken what was not sent.
  if (!written && is_success(response.status)) {
    request_failed(NetError::Kind::malformed, "the server answered " + std::to_string(response.status) +
                                                  " before it had the whole request.");
    return;
  }
  if (reusable) {
    deadline.cancel();
    state = State::idle;
  } else {
    close();
    // HTTP/1.0 does not say it, nor a server that did not read to the end, or wrote beyond it.
    response.headers.insert(response.headers.begin(), {"Connection", "close"});
  }
  if (const auto callback = std::exchange(done, nullptr)) callback(nullptr, std::move(response));
}

HttpConnection::HttpConnection(EventLoop& loop, std::size_t max_response_bytes)
    : impl_(std::make_shared<Impl>(loop, make_tcp_stream(loop), max_response_bytes, true)) {}

HttpConnection::HttpConnection(EventLoop& loop, std::shared_ptr<Stream> tls, std::size_t max_response_bytes)
    : impl_(std::make_shared<Impl>(loop, std::move(tls), max_response_bytes, false)) {}

HttpConnection::~HttpConnection() {
  impl_->connected = nullptr;
  impl_->done = nullptr;
  impl_->close();
}

void HttpConnection::connect(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
                             Connected done) {
  impl_->connected = std::move(done);
  impl_->connect(host, port, timeout);
}

std::size_t HttpConnection::compressed_bytes() const {
  return impl_->compressed_bytes;
}

void HttpConnection::request(HttpRequest request, std::chrono::milliseconds timeout, Answered done) {
  impl_->done = std::move(done);
  impl_->start(std::move(request), timeout);
}

}  // namespace questclient::net
