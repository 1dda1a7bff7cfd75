#include "net/response_reader.hpp"

#include <functional>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace questclient::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeaderBytes = 64 * 1024;

std::string to_string(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

struct ResponseReader::Impl {
  explicit Impl(std::size_t limit) : max_body_bytes(limit) { begin(); }

  void begin() {
    parser.emplace();
    // Step by step: an eager parser of Boost 1.74 forgets that the announced length is past the limit.
    parser->eager(false);
    parser->body_limit(max_body_bytes);
    parser->header_limit(kMaxHeaderBytes);
    parser->on_chunk_header(count_extension);
  }

  State fail(NetError::Kind why, std::string message) {
    kind = why;
    error = std::move(message);
    return state = State::failed;
  }

  State fail(const error_code& code) {
    if (code == http::error::body_limit || code == http::error::buffer_overflow) {
      return fail(NetError::Kind::too_large,
                  "the answer is longer than " + std::to_string(max_body_bytes) + " bytes");
    }
    if (code == http::error::header_limit) return too_much("header is");
    if (code == http::error::bad_chunk_extension && extension_bytes > kMaxHeaderBytes)
      return too_much("chunk extensions are");
    return fail(NetError::Kind::malformed, "the answer is not HTTP: " + code.message());
  }

  State too_much(const std::string& what) {
    return fail(NetError::Kind::too_large,
                "the answer's " + what + " longer than " + std::to_string(kMaxHeaderBytes) + " bytes");
  }

  /// The answer is whole; an interim one gives way to the next.
  bool finish() {
    const unsigned status = parser->get().result_int();
    if (status >= 100 && status < 200 && status != 101) {
      begin();
      return false;
    }
    state = State::complete;
    return true;
  }

  /// What a server that waits for TLS says to HTTP: an alert of any version.
  bool is_tls_alert() const { return !parser->got_some() && pending.starts_with("\x15\x03"); }

  /// Boost 1.74 asserts that it sees the last chunk whole when it sees its line; what must still follow of a
  /// chunked body is never shorter than that.
  bool too_short_a_piece(std::size_t bytes) const {
    constexpr std::size_t kLastChunk = 5;  // 0 CRLF CRLF
    return parser->is_header_done() && parser->chunked() && bytes < kLastChunk;
  }

  std::size_t max_body_bytes;
  std::optional<http::response_parser<http::string_body>> parser;
  std::string pending;  // what the parser wants to see again together with what comes next
  std::size_t extension_bytes = 0;
  // They carry nothing that we read, and nobody else bounds them. The parser refers to this.
  std::function<void(std::uint64_t, boost::beast::string_view, error_code&)> count_extension =
      [this](std::uint64_t, boost::beast::string_view extension, error_code& code) {
        extension_bytes += extension.size();
        if (extension_bytes > kMaxHeaderBytes) code = http::error::bad_chunk_extension;
      };
  State state = State::incomplete;
  NetError::Kind kind = NetError::Kind::malformed;
  std::string error;
};

ResponseReader::ResponseReader(std::size_t max_body_bytes) : impl_(std::make_unique<Impl>(max_body_bytes)) {}
ResponseReader::~ResponseReader() = default;

ResponseReader::State ResponseReader::feed(std::string_view bytes) {
  Impl& impl = *impl_;
  if (impl.state != State::incomplete) return impl.state;
  impl.pending.append(bytes);
  if (impl.is_tls_alert())
    return impl.fail(NetError::Kind::malformed, "the server speaks TLS: use https:: for it.");
  std::size_t used = 0;
  while (used < impl.pending.size() && !impl.too_short_a_piece(impl.pending.size() - used)) {
    error_code code;
    used += impl.parser->put(asio::buffer(impl.pending.data() + used, impl.pending.size() - used), code);
    if (code && code != http::error::need_more) return impl.fail(code);
    if (impl.parser->is_done()) {
      if (impl.finish()) break;
    } else if (code) {
      break;
    }
  }
  impl.pending.erase(0, used);
  // The parser sees an extension, or the trailers, only when they are whole.
  if (impl.pending.size() > kMaxHeaderBytes && impl.state == State::incomplete)
    return impl.too_much("chunk extensions or trailers are");
  return impl.state;
}

ResponseReader::State ResponseReader::end_of_stream() {
  Impl& impl = *impl_;
  if (impl.state != State::incomplete) return impl.state;
  if (!impl.parser->got_some()) return impl.fail(NetError::Kind::reset, "the server closed the connection");
  error_code code;
  impl.parser->put_eof(code);
  if (code)
    return impl.fail(NetError::Kind::reset, "the server closed the connection in the middle of its answer");
  impl.state = State::complete;
  return impl.state;
}

HttpResponse ResponseReader::take() {
  auto message = impl_->parser->release();
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message.base()) {
    response.headers.emplace_back(to_string(field.name_string()), to_string(field.value()));
  }
  response.body = std::move(message.body());
  return response;
}

bool ResponseReader::keep_alive() const {
  return impl_->parser->keep_alive() && impl_->pending.empty();
}
NetError::Kind ResponseReader::error_kind() const {
  return impl_->kind;
}
const std::string& ResponseReader::error() const {
  return impl_->error;
}

}  // namespace questclient::net
